"""Where readers that go record by record put what they read: good records and those set aside with a reason."""

from __future__ import annotations

import csv
from pathlib import Path
from types import TracebackType
from typing import Self

# DuckDB takes lines of 2 MiB; a character has up to four bytes.
MAX_RECORD = 500_000
_TOO_LONG = (
    f"the row has more than {MAX_RECORD} characters, which is no call record; look for a file or picture "
    "pasted into a cell"
)
_SHOWN = 5000
# Python's own limit is lower than a record may be long.
csv.field_size_limit(2**31 - 1)


class RowFiles:
    """Two files under ``work``: ``clean`` with line and cells, ``aside`` with line, reason and text of the others.

    An empty reason means another number of cells. Used as a context manager.
    """

    def __init__(self, work: Path) -> None:
        work.mkdir(exist_ok=True)
        self.clean, self.aside = work / "records.csv", work / "aside.csv"
        self.written = 0
        # Half a surrogate pair, as JSON may hold, cannot be written as UTF-8.
        self._good = self.clean.open("w", encoding="utf-8", newline="", errors="replace")
        self._bad = self.aside.open("w", encoding="utf-8", newline="", errors="replace")
        self._to_good = csv.writer(self._good, lineterminator="\n")
        self._to_bad = csv.writer(self._bad, lineterminator="\n")

    def add(self, line: int, cells: list[str]) -> None:
        """A good record, unless it is longer than any record is."""
        content = "".join(cells)
        if len(content) > MAX_RECORD:
            self.add_too_long(line, cells)
            return
        if "\r" in content or "\0" in content:  # the writer does not quote the one, DuckDB ends at the other
            cells = [_unified(cell) for cell in cells]
        self._to_good.writerow([line, *cells])
        self.written += 1

    def add_too_long(self, line: int, cells: list[str]) -> None:
        """A record of more than `MAX_RECORD` characters, quarantined with the beginning of its cells."""
        self.set_aside(line, _TOO_LONG, ",".join(cell[:_SHOWN] for cell in cells))

    def set_aside(self, line: int, reason: str, text: str) -> None:
        """A record to be quarantined."""
        if len(text) > MAX_RECORD and not reason:
            reason = _TOO_LONG
        self._to_bad.writerow([line, reason, _unified(text[:_SHOWN])])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._good.close()
        self._bad.close()


def _unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
