"""Which files of the landing folder are new and completely written; pure but for reading the folder."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dial2deal import storage
from dial2deal.landing.deliveries import Delivery, deliveries, done_file
from dial2deal.settings import Settings

# [bytes, modification time in ns, that of its .done file if there is one] by path relative to landing.
Listing = dict[str, list[int]]


@dataclass(frozen=True)
class Tick:
    """Result of one look: files to build for, and the cursor for the next look."""

    ready: tuple[str, ...]
    waiting: tuple[str, ...]
    cursor: str

    @property
    def batch_key(self) -> str:
        """Identifies the batch by names, sizes and times, so that the same batch is requested once."""
        handled = json.loads(self.cursor)["handled"]
        text = json.dumps([[name, handled[name]] for name in self.ready])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def look(landing: Path, cursor: str | None, stable_seconds: float = 0, known: Listing | None = None) -> Tick:
    """Compare the folder with the cursor and with ``known``, what a build has looked at already.

    A file is ready when two looks in a row saw the same size and time and it is not younger than ``stable_seconds``,
    as long as the loader would leave it waiting. A .done file that appears makes its file a changed one.
    """
    state = json.loads(cursor) if cursor else {"handled": {}, "seen": {}}
    found = listing(landing)
    # Whoever built, the command line or another run: its files need no further build.
    built = {name: facts for name, facts in (known or {}).items() if found.get(name) == facts}
    changed = {name: facts for name, facts in found.items() if {**state["handled"], **built}.get(name) != facts}
    youngest = (time.time() - stable_seconds) * 1e9
    ready = {
        name: facts
        for name, facts in changed.items()
        if state["seen"].get(name) == facts and (not stable_seconds or facts[1] <= youngest)
    }
    handled = {name: facts for name, facts in state["handled"].items() if name in found} | built | ready
    seen = {name: facts for name, facts in changed.items() if name not in ready}
    return Tick(
        tuple(sorted(ready)), tuple(sorted(seen)), json.dumps({"handled": handled, "seen": seen}, sort_keys=True)
    )


def note_built(settings: Settings, files: Listing, waiting: Iterable[str]) -> None:
    """Keep what a load found in the folder, but for files that it left ``waiting`` (paths relative to landing)."""
    left = set(waiting)
    target = _note(settings)
    storage.write(target, json.dumps({name: facts for name, facts in files.items() if name not in left}))


def built(settings: Settings) -> Listing:
    """What `note_built` kept; empty before the first load."""
    try:
        return dict(json.loads(_note(settings).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _note(settings: Settings) -> Path:
    return settings.dagster_home / "landing_built.json"


def listing(landing: Path) -> Listing:
    """All files of the folder as they are now."""
    # The loader's own view of the folder, so that both ignore the same unfinished and hidden files.
    return {file.relative: [file.bytes, file.modified_ns, *_done(file)] for file in deliveries(landing, zone="UTC")}


def _done(file: Delivery) -> list[int]:
    try:
        return [done_file(file).stat().st_mtime_ns]
    except OSError:
        return []
