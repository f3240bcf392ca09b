"""Cells of a workbook as text. Run as a script, it reads one file for the loader in a process of its own.

A damaged workbook of a binary format can make calamine end the process that reads it. So that only this one ends,
the module imports nothing of the project.
"""

from __future__ import annotations

import csv
import datetime as dt
import resource
import sys
from collections.abc import Callable, Iterator
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

_SECONDS_PER_DAY = 86_400
# An .xls of 65,536 rows and 256 columns needs half a GB.
_MEMORY = 3 << 30


def sheet_rows(workbook: CalamineWorkbook, name: str) -> Iterator[tuple[int, list[str]]]:
    """(row number from 1, cells as text) of one sheet."""
    sheet = workbook.get_sheet_by_name(name)
    first = (sheet.start or (0, 0))[0] + 1
    # Text is most of it and needs no call.
    return enumerate(([value if type(value) is str else cell_text(value) for value in row]
                      for row in sheet.iter_rows()), first)


def cell_text(value: Any) -> str:
    """Text of one cell: ISO dates and times, clock durations, whole numbers without a decimal point."""
    write = _WRITERS.get(type(value))
    return write(value) if write else "" if value is None else str(value)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _moment(value: dt.datetime) -> str:
    if value.microsecond:  # the binary fraction of a day is never exact
        value = (value + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
    return value.strftime("%H:%M:%S") if value.year <= 1900 else str(value)


def _duration(value: dt.timedelta) -> str:
    seconds = round(value.total_seconds())
    return f"-{_clock(-seconds)}" if seconds < 0 else _clock(seconds)


def _time(value: dt.time) -> str:
    exact = value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    return _clock(round(exact) % _SECONDS_PER_DAY)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


_WRITERS: dict[type, Callable[[Any], str]] = {
    float: _number, bool: lambda value: "是" if value else "否", dt.datetime: _moment, dt.time: _time,
    dt.timedelta: _duration,
}


def main(source: str, target: str) -> None:
    """Write all sheets of ``source`` as CSV: sheet, row number, cells. Exit code 3 when it is no readable workbook."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        with (CalamineWorkbook.from_path(source) as workbook,
              open(target, "w", encoding="utf-8", newline="", errors="replace") as sink):
            writer = csv.writer(sink)
            for name in workbook.sheet_names:
                writer.writerows([name, number, *cells] for number, cells in sheet_rows(workbook, name))
    except (CalamineError, OSError, ValueError) as error:
        sys.stderr.write(str(error)[:500])
        sys.exit(3)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
