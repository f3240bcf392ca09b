"""Which files of the landing folder are new and completely written; pure but for reading the folder."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

from dial2deal.exports.landing import Delivery, deliveries, done_file

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


def look(landing: Path, cursor: str | None, stable_seconds: float = 0) -> Tick:
    """Compare the folder with the cursor.

    A file is ready when two looks in a row saw the same size and time and it is not younger than ``stable_seconds``,
    as long as the loader would leave it waiting. A .done file that appears makes its file a changed one.
    """
    state = json.loads(cursor) if cursor else {"handled": {}, "seen": {}}
    found = _listing(landing)
    changed = {name: facts for name, facts in found.items() if state["handled"].get(name) != facts}
    youngest = (time.time() - stable_seconds) * 1e9
    ready = {name: facts for name, facts in changed.items()
             if state["seen"].get(name) == facts and (not stable_seconds or facts[1] <= youngest)}
    handled = {name: facts for name, facts in state["handled"].items() if name in found} | ready
    seen = {name: facts for name, facts in changed.items() if name not in ready}
    return Tick(tuple(sorted(ready)), tuple(sorted(seen)),
                json.dumps({"handled": handled, "seen": seen}, sort_keys=True))


def _listing(landing: Path) -> Listing:
    # The loader's own view of the folder, so that both ignore the same unfinished and hidden files.
    return {file.relative: [file.bytes, file.modified_ns, *_done(file)] for file in deliveries(landing, zone="UTC")}


def _done(file: Delivery) -> list[int]:
    try:
        return [done_file(file).stat().st_mtime_ns]
    except OSError:
        return []
