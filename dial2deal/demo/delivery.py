"""Putting files into landing with fixed times, and writing down what each of them holds."""

from __future__ import annotations

import datetime as dt
import io
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import xlsxwriter

_CHINA = dt.timezone(dt.timedelta(hours=8))
_CREATED = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass
class FileTruth:
    """What the loader and the audit must say of one file.

    ``rows_duplicate`` counts repeated rows and, when files are loaded in order of delivery, rows equal to rows of
    an earlier file; ``rows_either_way`` may be repaired (then a second delivery of a known row) or quarantined.
    """

    source: str
    feed: str
    name: str
    encoding: str | None
    rows_read: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    rows_duplicate: int = 0
    rows_total_line: int = 0
    rows_either_way: int = 0
    status: str = "accepted"
    first_event_date: dt.date | None = None
    last_event_date: dt.date | None = None
    delivered_at: dt.datetime | None = None
    copy_of: str | None = None

    def saw(self, date: dt.date) -> None:
        """Widen the range of event dates."""
        if self.first_event_date is None or date < self.first_event_date:
            self.first_event_date = date
        if self.last_event_date is None or date > self.last_event_date:
            self.last_event_date = date

    def as_json(self) -> dict[str, Any]:
        """Plain values, dates as ISO text, with the path as the manifest has it."""
        values = asdict(self)
        values["path"] = f"{self.source}/{self.feed}/{self.name}"
        values["rows_quarantined"] = sum(self.quarantined.values())
        return {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in values.items()}


class Landing:
    """The landing folder: paths in it, and the truth of every file delivered."""

    def __init__(self, folder: Path):
        self._folder = folder
        self.files: list[FileTruth] = []

    def path(self, source: str, feed: str, name: str) -> Path:
        path = self._folder / source / feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def delivered(self, path: Path, at: dt.datetime, truth: FileTruth) -> FileTruth:
        """Set the file's time to ``at`` (local time of China) and remember what it holds."""
        seconds = int(at.replace(tzinfo=_CHINA).timestamp())
        os.utime(path, (seconds, seconds))
        truth.delivered_at = at
        self.files.append(truth)
        return truth


def workbook(sheet: str, header: list[str], rows: list[list[Any]], *, above: str = "") -> bytes:
    """An xlsx with one sheet, the same bytes every time; ``above`` is a title line over the header."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_numbers": False})
    book.set_properties({"created": _CREATED.replace(tzinfo=None)})
    page = book.add_worksheet(sheet)
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    top = 0
    if above:
        page.write_string(0, 0, above)
        top = 1
    for r, cells in enumerate([header, *rows], top):
        for c, value in enumerate(cells):
            if isinstance(value, str):
                if value:
                    page.write_string(r, c, value)
            elif isinstance(value, dt.datetime):
                page.write_datetime(r, c, value, moment)
            elif value is not None:
                page.write_number(r, c, value)
    book.close()
    return target.getvalue()
