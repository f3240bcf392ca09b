"""Excel workbooks become delimited text with the vendor's values in canonical spelling."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from dial2deal.exports.problems import FileProblem
from dial2deal.exports.profiles import Profile
from dial2deal.exports.table import HEADER_SEARCH_ROWS, Header, Table, find_header, require_columns

# Exporters stop without a word at the limits of xls and xlsx.
_ROW_LIMITS = (65_536, 1_048_576)
_SECONDS_PER_DAY = 86_400


def read_workbook(path: Path, profile: Profile, work: Path) -> Table:
    """All sheets that carry the header of the first one found, in order, as one Table.

    Lines are sheet rows; those of a further sheet continue after the last row of the one before. Raises FileProblem.
    """
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        sheets = [(name, workbook.get_sheet_by_name(name)) for name in workbook.sheet_names]
    except (CalamineError, OSError, ValueError) as error:
        raise FileProblem(f"The workbook is damaged and cannot be opened ({error}). Export it again.") from error
    work.mkdir(exist_ok=True)
    target = work / "sheet.csv"
    table: Table | None = None
    first_cells: list[str] = []
    best: Header | None = None
    offset = written = 0
    with target.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        for name, sheet in sheets:
            first_row = (sheet.start or (0, 0))[0]
            head = []
            for index, row in enumerate(sheet.iter_rows()):
                if index >= HEADER_SEARCH_ROWS:
                    break
                head.append((first_row + index + 1, [cell_text(value) for value in row]))
            first_cells = first_cells or next((cells for _, cells in head if any(cells)), [])
            header = find_header(profile, head)
            best = best or header
            if header is None or header.match.missing:
                continue
            if table is None:
                table = Table(path=target, header=header.cells, match=header.match, delimiter=",",
                              width=len(header.cells), skip=0, lines=0, encoding="excel", has_quotes=True,
                              has_line_column=True)
            elif header.cells != table.header:
                table.notes.append(f"sheet {name!r} has other headers and was not read")
                continue
            elif offset:
                table.notes.append(f"sheet {name!r} read as continuation, lines from {offset + 1}")
            last = first_row
            for index, row in enumerate(sheet.iter_rows()):
                last = first_row + index + 1
                if last <= header.line:
                    continue
                cells = [cell_text(value) for value in row[: table.width]]
                writer.writerow([offset + last, *cells, *[""] * (table.width - len(cells))])
                written += 1
            if last in _ROW_LIMITS:
                table.notes.append(f"sheet {name!r} has exactly {last} rows, Excel's limit: probably cut")
            offset += last
    if table is None:
        require_columns(profile, best, first_cells)
        raise FileProblem("No sheet of the workbook holds data.")
    table.lines = written
    return table


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
