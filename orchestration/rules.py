"""The policy, read once for the steps of a run that follow each other in one process."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from dial2deal import policy
from dial2deal.settings import Settings


def current_policy(settings: Settings) -> policy.Policy:
    """The policy as its files are now; read again only when a file changed. Raises PolicyError."""
    stamps = tuple(
        (str(path), path.stat().st_mtime_ns, path.stat().st_size)
        for folder in settings.policy_dirs
        if folder.exists()
        for path in sorted(folder.iterdir())
    )
    return _read(settings, stamps)


@lru_cache(maxsize=1)
def _read(settings: Settings, stamps: tuple[Any, ...]) -> policy.Policy:
    return policy.load(settings)
