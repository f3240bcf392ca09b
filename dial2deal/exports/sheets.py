"""Rows of sheets and tables, whatever they came in, become one delimited text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from dial2deal.exports.problems import FileProblem
from dial2deal.exports.profiles import Profile
from dial2deal.exports.rows import RowFiles
from dial2deal.exports.table import HEADER_SEARCH_ROWS, Header, Table, find_header, note_row_limit, require_columns
from dial2deal.exports.text import scan


@dataclass(frozen=True)
class Sheet:
    """``rows`` are (row number from 1, cells as text), read once; ``what`` names it in messages: sheet 'Calls'."""

    what: str
    rows: Iterable[tuple[int, list[str]]]


def read_sheets(sheets: Iterable[Sheet], profile: Profile, work: Path, encoding: str) -> Table:
    """All sheets that carry the header of the first one that has one, in order, as one Table.

    Lines are sheet rows; those of a further sheet continue after the last row of the one before. Raises FileProblem.
    """
    table: Table | None = None
    first_cells: list[str] = []
    best: Header | None = None
    offset = 0
    with RowFiles(work) as target:
        for sheet in sheets:
            rows = iter(sheet.rows)
            head = list(islice(rows, HEADER_SEARCH_ROWS))
            first_cells = first_cells or next((cells for _, cells in head if any(cells)), [])
            header = find_header(profile, head)
            best = best or header
            if header is None or header.match.missing:
                continue
            if table is None:
                table = Table(path=target.clean, header=header.cells, match=header.match, delimiter=",",
                              width=len(header.cells), skip=0, lines=0, encoding=encoding, has_quotes=True,
                              has_line_column=True, ragged=target.aside)
            elif header.cells != table.header:
                table.notes.append(f"{sheet.what} has other headers and was not read")
                continue
            elif offset:
                table.notes.append(f"{sheet.what} read as continuation, lines from {offset + 1}")
            last, width = 0, table.width
            for last, cells in chain(head, rows):
                if last > header.line:
                    target.add(offset + last, cells if len(cells) == width else
                               [*cells[:width], *[""] * (width - len(cells))])
            note_row_limit(table, sheet.what, last)
            offset += last
    if table is None:
        require_columns(profile, best, first_cells)
        raise FileProblem("The file holds no table with data.")
    table.lines = target.written
    # Reading the text once more is a fiftieth of what looking for oddities in every cell costs.
    seen = scan(target.clean, hashed=False)
    table.may_be_lossy, table.may_be_padded = seen.has_exponent, seen.has_padding
    table.may_be_bracketed = seen.has_bracket
    return table
