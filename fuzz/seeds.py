"""The undamaged files that mutations start from: vendor fixtures, demo exports and past regressions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dial2deal import loading, policy, warehouse
from dial2deal.demo.exports import MIN_CALLS_PER_DAY, MIN_DAYS, write_exports
from dial2deal.feeds.catalogue import feeds
from dial2deal.feeds.profiles import Profiles
from dial2deal.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
_FIXTURES = ROOT / "tests" / "fixtures"
_LINES = 12
_DEMO_FILES = 5
_LARGEST = 64 << 10


@dataclass(frozen=True)
class Seed:
    """A file as a vendor makes it and the folder below landing where it belongs."""

    folder: str
    name: str
    content: bytes


def collect() -> list[Seed]:
    """Every seed, each at a folder where the loader takes it; the same list on every machine."""
    with tempfile.TemporaryDirectory(prefix="fuzz-seeds-") as work:
        settings = Settings(home=Path(work) / "demo").ensure()
        write_exports(settings, days=MIN_DAYS, calls_per_day=MIN_CALLS_PER_DAY)
        demo: dict[str, list[Seed]] = {}
        for path in sorted(p for p in settings.landing.rglob("*") if p.is_file()):
            seed = Seed(path.relative_to(settings.landing).parent.as_posix(), path.name, _short(path.read_bytes()))
            if len(seed.content) < _LARGEST:
                demo.setdefault(seed.folder, []).append(seed)
        return [
            *_loadable([*_fixtures()], Path(work) / "home"),
            *(seed for seeds in demo.values() for seed in seeds[:_DEMO_FILES]),
        ]


def _fixtures() -> Iterator[Seed]:
    """Each fixture at every feed it may be meant for."""
    profiles = Profiles(Settings(home=ROOT).profile_dirs)
    for path in sorted((_FIXTURES / "vendors").glob("*/*")):
        source = path.parent.name
        folders = [feed for of, feed in profiles.names() if of == source]
        named = [feed for feed in feeds() if path.name.startswith(feed) and feed in folders]
        for feed in [max(named, key=len)] if named else folders:
            yield Seed(f"{source}/{feed}", path.name, path.read_bytes())
    for path in sorted((_FIXTURES / "regressions").glob("*/*/*")):
        yield Seed(path.relative_to(_FIXTURES / "regressions").parent.as_posix(), path.name, path.read_bytes())


def _loadable(candidates: list[Seed], home: Path) -> list[Seed]:
    """Those that load; of a fixture that loads nowhere all that may be meant."""
    settings = Settings(home=home).ensure()
    for number, seed in enumerate(candidates):
        path = settings.landing / seed.folder / f"{number}_{seed.name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(seed.content)
    rules = policy.load(settings)
    with warehouse.session(settings) as con:
        policy.sync(con, rules)
        results = loading.load_landing(con, settings, rules)
    good = {int(Path(r.path).name.split("_")[0]) for r in results if r.status == "loaded" and r.rows_accepted}
    whole = {candidates[number].content for number in good}
    return [seed for number, seed in enumerate(candidates) if number in good or seed.content not in whole]


def _short(content: bytes) -> bytes:
    if content.startswith((b"PK", b"\xff\xfe", b"\xfe\xff")):
        return content
    return b"".join(content.splitlines(keepends=True)[:_LINES])
