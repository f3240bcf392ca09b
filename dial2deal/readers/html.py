"""Tables of HTML pages, as many platforms export them under the name .xls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path

from dial2deal.readers.decoded import decoded, encoding_of
from dial2deal.readers.problems import FileProblem
from dial2deal.readers.rows import MAX_RECORD
from dial2deal.readers.sheets import RowSheet, read_sheets
from dial2deal.readers.table import Table
from dial2deal.readers.wanted import Wanted

_PIECE = 64 << 10
# A tag or comment that is not closed after this much is none; the parser would search it again and again.
_MAX_PENDING = 4 << 20
_MAX_CELLS = 16_384
_MAX_DEPTH = 100
_SILENT = ("script", "style")
_BLANKS = re.compile(r"[ \t\n\r\f]+")


def read_html(path: Path, wanted: Wanted, work: Path) -> Table:
    """The tables that carry the header of the first one found, as one Table; lines are table rows.

    Cells that span columns stand in the first of them, cells that span rows are repeated. Raises FileProblem.
    """
    encoding = encoding_of(path)
    parser = _Tables()
    numbers: dict[int, int] = {}

    def rows() -> Iterator[tuple[int, int, list[str]]]:
        for number, cells in parser.rows_of(decoded(path, encoding)):
            numbers[number] = numbers.get(number, 0) + 1
            yield number, numbers[number], cells

    sheets = (
        RowSheet(f"table {number}", ((line, cells) for _, line, cells in group))
        for number, group in groupby(rows(), key=lambda row: row[0])
    )
    table = read_sheets(sheets, wanted, work, encoding.removesuffix("-sig"))
    if parser.ends_inside:
        table.notes.append("the page ends inside a table: the file seems cut")
    table.repairs["read from HTML"] = 1
    return table


class _Cell:
    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.parts: list[str] = []
        self.size = 0

    def add(self, text: str) -> None:
        """Text of the cell; what is longer than any record is cut, the row is quarantined for its length."""
        if self.size <= 2 * MAX_RECORD:
            self.parts.append(text)
            self.size += len(text)

    @property
    def text(self) -> str:
        """What a browser shows: runs of blanks as one, \\v (a <br>) as a line break."""
        return "\n".join(_BLANKS.sub(" ", line).strip() for line in "".join(self.parts).split("\v")).strip("\n")


class _Grid:
    """One open table: the row being read and the cells that reach down into further rows."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.row: list[_Cell] | None = None
        self.cell: _Cell | None = None
        self.hanging: dict[int, tuple[str, int]] = {}


class _Tables(HTMLParser):
    """Collects finished rows in ``done`` as (number of the table, cells)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.done: list[tuple[int, list[str]]] = []
        self.open: list[_Grid] = []
        self.count = self.silent = 0
        self.ends_inside = False

    def rows_of(self, pieces: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
        """Rows of all tables in the order of their ends."""
        for piece in pieces:
            for start in range(0, len(piece), _PIECE):
                self.feed(piece[start : start + _PIECE])
                if len(self.rawdata) > _MAX_PENDING:
                    raise FileProblem(
                        "The page holds a tag or comment that never ends. Open it in Excel and save it as .xlsx or CSV."
                    )
                yield from self.done
                self.done = []
        self.close()
        self.ends_inside = bool(self.open)
        while self.open:
            self._end_table()
        yield from self.done

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Excel writes <![if …]>, where the parser raises for what it does not know; browsers skip it."""
        return self.parse_bogus_comment(i, report)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += 1
        elif tag == "table":
            if len(self.open) >= _MAX_DEPTH:
                raise FileProblem("The page nests tables too deeply. Open it in Excel and save it as .xlsx or CSV.")
            self.count += 1
            self.open.append(_Grid(self.count))
        elif tag == "br":
            self.handle_data("\v")
        elif self.open and tag == "tr":
            self._end_row()
            self.open[-1].row = []
        elif self.open and tag in ("td", "th"):
            grid = self.open[-1]
            grid.row = grid.row if grid.row is not None else []
            grid.cell = _Cell(_span(attrs, "colspan", 1000), _span(attrs, "rowspan", 65_534))
            grid.row.append(grid.cell)
            if len(grid.row) > _MAX_CELLS:
                raise FileProblem(f"A table row has more than {_MAX_CELLS} cells; this is no export of records.")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        elif self.open and tag in ("td", "th"):
            self.open[-1].cell = None
        elif self.open and tag == "tr":
            self._end_row()
        elif self.open and tag == "table":
            self._end_table()

    def handle_data(self, data: str) -> None:
        if self.open and not self.silent and self.open[-1].cell is not None:
            self.open[-1].cell.add(data.replace("\v", " ") if data != "\v" else data)

    def _end_table(self) -> None:
        self._end_row()
        self.open.pop()

    def _end_row(self) -> None:
        grid = self.open[-1]
        if grid.row is None:
            return
        cells: list[str] = []
        hanging = dict(grid.hanging)
        grid.hanging = {at: (text, rows - 1) for at, (text, rows) in hanging.items() if rows > 1}
        for cell in grid.row:
            while len(cells) in hanging:
                cells.append(hanging.pop(len(cells))[0])
            text = cell.text
            for at in range(cell.columns):
                if cell.rows > 1:
                    grid.hanging[len(cells)] = (text if at == 0 else "", cell.rows - 1)
                cells.append(text if at == 0 else "")
            if len(cells) > _MAX_CELLS:
                raise FileProblem(f"A table row has more than {_MAX_CELLS} cells; this is no export of records.")
        for at in sorted(hanging):
            cells += [""] * (at - len(cells))
            cells.append(hanging[at][0])
        self.done.append((grid.number, cells))
        grid.row = grid.cell = None


def _span(attrs: list[tuple[str, str | None]], name: str, most: int) -> int:
    text = (dict(attrs).get(name) or "1").strip()
    return min(max(int(text), 1), most) if text.isascii() and text.isdigit() and len(text) < 10 else 1
