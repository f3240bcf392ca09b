"""One small demo installation, built once per test process through the real job."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dial2deal.settings import Settings

if TYPE_CHECKING:
    from orchestration.run import BuildOutcome

DAYS = 28
CALLS_PER_DAY = 60


@lru_cache(maxsize=1)
def built_home() -> tuple[Settings, BuildOutcome]:
    """The installation and what its first build said. Tests may add runs to it, but no files."""
    from dial2deal.demo import write_exports
    from orchestration import run

    folder = Path(tempfile.mkdtemp(prefix="dial2deal-built-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    settings = Settings(home=folder).ensure()
    write_exports(settings, days=DAYS, calls_per_day=CALLS_PER_DAY)
    return settings, run.build(settings)
