"""Excel workbooks (xls, xlsx, xlsb, ods) become delimited text with the vendor's values in canonical spelling."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from dial2deal.exports.problems import FileProblem
from dial2deal.exports.profiles import Profile
from dial2deal.exports.sheets import Sheet, read_sheets
from dial2deal.exports.table import Table
from dial2deal.exports.workbook_guard import check_workbook

_SECONDS_PER_DAY = 86_400


def read_workbook(path: Path, profile: Profile, work: Path) -> Table:
    """All sheets that carry the header of the first one found, in order, as one Table. Raises FileProblem."""
    check_workbook(path)
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            sheets = (Sheet(f"sheet {name!r}", _rows(workbook, name)) for name in workbook.sheet_names)
            return read_sheets(sheets, profile, work, "excel")
    except (CalamineError, OSError, ValueError) as error:
        raise FileProblem(
            f"The workbook is damaged, cut or encrypted and cannot be opened ({error}). Export it again.") from error


def _rows(workbook: CalamineWorkbook, name: str) -> Iterator[tuple[int, list[str]]]:
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
