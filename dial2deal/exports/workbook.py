"""Excel workbooks (xls, xlsx, xlsb, ods) become delimited text with the vendor's values in canonical spelling."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from dial2deal.exports import workbook_cells
from dial2deal.exports.problems import FileProblem
from dial2deal.exports.profiles import Profile
from dial2deal.exports.sheets import Sheet, read_sheets
from dial2deal.exports.table import Table
from dial2deal.exports.workbook_guard import check_workbook

_SECONDS = 600


def read_workbook(path: Path, profile: Profile, work: Path) -> Table:
    """All sheets that carry the header of the first one found, in order, as one Table. Raises FileProblem.

    An .xlsx is checked and read here, other formats in a process of their own, which a damaged file may end.
    """
    try:
        if not check_workbook(path):
            return read_sheets(_read_apart(path, work), profile, work, "excel")
        with CalamineWorkbook.from_path(str(path)) as workbook:
            sheets = (Sheet(f"sheet {name!r}", workbook_cells.sheet_rows(workbook, name))
                      for name in workbook.sheet_names)
            return read_sheets(sheets, profile, work, "excel")
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged(error) from error
    except BaseException as error:
        # A panic of calamine is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged(error) from error


def _read_apart(path: Path, work: Path) -> Iterator[Sheet]:
    work.mkdir(exist_ok=True)
    cells = work / "cells.csv"
    try:
        done = subprocess.run([sys.executable, "-I", workbook_cells.__file__, str(path), str(cells)], check=False,
                              capture_output=True, text=True, errors="replace", timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise _damaged(f"reading it takes more than {_SECONDS} seconds") from error
    if done.returncode:
        raise _damaged(done.stderr.strip() if done.returncode == 3 else "its content makes no sense")
    with cells.open(encoding="utf-8", newline="") as handle:
        for name, rows in groupby(csv.reader(handle), key=lambda row: row[0]):
            yield Sheet(f"sheet {name!r}", ((int(row[1]), row[2:]) for row in rows))


def _damaged(why: object) -> FileProblem:
    return FileProblem(f"The workbook is damaged, cut or encrypted and cannot be opened ({why}). Export it again.")
