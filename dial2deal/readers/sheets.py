"""Rows of sheets and tables, whatever they came in, become one delimited text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

from dial2deal.readers.problems import FileProblem
from dial2deal.readers.rows import RowFiles
from dial2deal.readers.table import HEADER_SEARCH_ROWS, Header, Table, find_header, note_row_limit, require_columns
from dial2deal.readers.text import scan
from dial2deal.readers.wanted import Wanted


class Sheet(Protocol):
    """``what`` names it in messages: sheet 'Calls'. ``head`` are its first rows as (row number from 1, cells)."""

    what: str
    head: list[tuple[int, list[str]]]

    def copy(self, target: RowFiles, after: int, width: int, offset: int) -> int:
        """Add the rows behind row ``after`` with ``width`` cells, as lines from ``offset`` on; number of the last."""


class RowSheet:
    """A sheet of rows (row number from 1, cells as text) that are read once."""

    def __init__(self, what: str, rows: Iterable[tuple[int, list[str]]]) -> None:
        self.what = what
        self._rows = iter(rows)
        self.head = list(islice(self._rows, HEADER_SEARCH_ROWS))

    def copy(self, target: RowFiles, after: int, width: int, offset: int) -> int:
        last = 0
        for last, cells in chain(self.head, self._rows):
            if last > after:
                target.add(
                    offset + last, cells if len(cells) == width else [*cells[:width], *[""] * (width - len(cells))]
                )
        return last


def read_sheets(sheets: Iterable[Sheet], wanted: Wanted, work: Path, encoding: str) -> Table:
    """All sheets that carry the header of the first one that has one, in order, as one Table.

    Lines are sheet rows; those of a further sheet continue after the last row of the one before. Raises FileProblem.
    """
    table: Table | None = None
    first_cells: list[str] = []
    best: Header | None = None
    offset = 0
    with RowFiles(work) as target:
        for sheet in sheets:
            first_cells = first_cells or next((cells for _, cells in sheet.head if any(cells)), [])
            header = find_header(wanted, sheet.head)
            best = best or header
            if header is None or header.match.missing:
                continue
            if table is None:
                table = Table(
                    path=target.clean,
                    header=header.cells,
                    match=header.match,
                    delimiter=",",
                    width=len(header.cells),
                    skip=0,
                    lines=0,
                    encoding=encoding,
                    has_quotes=True,
                    has_line_column=True,
                    ragged=target.aside,
                )
            elif header.cells != table.header:
                table.notes.append(f"{sheet.what} has other headers and was not read")
                continue
            elif offset:
                table.notes.append(f"{sheet.what} read as continuation, lines from {offset + 1}")
            last = sheet.copy(target, header.line, table.width, offset)
            note_row_limit(table, sheet.what, last)
            offset += last
    if table is None:
        require_columns(wanted, best, first_cells)
        raise FileProblem("The file holds no table with data.")
    table.lines = target.written
    # Reading the text once more is a fiftieth of what looking for oddities in every cell costs.
    seen = scan(target.clean, hashed=False)
    table.may_be_lossy, table.may_be_padded = seen.has_exponent, seen.has_padding
    table.may_be_bracketed = seen.has_bracket
    return table
