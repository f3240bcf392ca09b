"""Cells of a workbook as text. Run as a script, it reads one file for the loader in a process of its own.

A damaged workbook of a binary format can make calamine end the process that reads it. So that only this one ends,
the module imports nothing of the project.
"""

from __future__ import annotations

import csv
import datetime as dt
import resource
import sys
from collections.abc import Iterator
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

_SECONDS_PER_DAY = 86_400
# An .xls of 65,536 rows and 256 columns needs half a GB.
_MEMORY = 3 << 30


def sheet_rows(workbook: CalamineWorkbook, name: str) -> Iterator[tuple[int, list[str]]]:
    """(row number from 1, cells as text) of one sheet."""
    sheet = workbook.get_sheet_by_name(name)
    first = (sheet.start or (0, 0))[0] + 1
    return enumerate(([cell_text(value) for value in row] for row in sheet.iter_rows()), first)


def cell_text(value: Any) -> str:
    """Text of one cell: ISO dates and times, clock durations, whole numbers without a decimal point."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        moment = value + dt.timedelta(microseconds=500_000)
        if value.year <= 1900:
            return moment.strftime("%H:%M:%S")
        return moment.replace(microsecond=0).isoformat(sep=" ")
    if isinstance(value, dt.timedelta):
        seconds = round(value.total_seconds())
        sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
        return f"{sign}{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    if isinstance(value, dt.time):
        exact = value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
        seconds = round(exact) % _SECONDS_PER_DAY
        return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    return "" if value is None else str(value)


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
