"""SpreadsheetML of 2003: XML with <Workbook><Worksheet><Table><Row><Cell><Data>, usually named .xls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from xml.parsers import expat

from dial2deal.readers.decoded import decoded, encoding_of
from dial2deal.readers.problems import FileProblem
from dial2deal.readers.rows import MAX_RECORD
from dial2deal.readers.sheets import RowSheet, read_sheets
from dial2deal.readers.table import Table
from dial2deal.readers.wanted import Wanted

_PIECE = 64 << 10
_MAX_CELLS = 16_384
_DECLARATION = re.compile(r"^\s*<\?xml.*?\?>", re.DOTALL)


def read_spreadsheet_xml(path: Path, wanted: Wanted, work: Path) -> Table:
    """The worksheets that carry the header of the first one found, as one Table. Raises FileProblem."""
    encoding = encoding_of(path)
    rows = groupby(_Worksheets().rows_of(decoded(path, encoding)), key=lambda row: row[0])
    sheets = (RowSheet(f"sheet {name!r}", ((line, cells) for _, line, cells in group)) for (_, name), group in rows)
    try:
        table = read_sheets(sheets, wanted, work, encoding.removesuffix("-sig"))
    except expat.ExpatError as error:
        raise FileProblem(f"The XML is damaged or cut ({error}). Export it again, or as .xlsx or CSV.") from error
    table.repairs["read from SpreadsheetML"] = 1
    return table


class _Worksheets:
    """Collects finished rows in ``done`` as ((number, name of the sheet), row number, cells)."""

    def __init__(self) -> None:
        self.done: list[tuple[tuple[int, str], int, list[str]]] = []
        self.sheet = (0, "")
        self.line = 0
        self.cells: list[str] = []
        self.kind = ""
        self.parts: list[str] | None = None
        self.size = 0
        self.skipped = 0
        self.parser = expat.ParserCreate(encoding="utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = _refuse

    def rows_of(self, pieces: Iterator[str]) -> Iterator[tuple[tuple[int, str], int, list[str]]]:
        """Rows of all worksheets in order."""
        first = True
        for piece in pieces:
            # The text is decoded already, whatever its declaration says.
            piece = _DECLARATION.sub("", piece.removeprefix("\ufeff")) if first else piece
            first = False
            for start in range(0, len(piece), _PIECE):
                self.parser.Parse(piece[start : start + _PIECE].encode("utf-8", "replace"))
                yield from self.done
                self.done = []
        self.parser.Parse(b"", True)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        given = {name.rpartition(":")[2]: value for name, value in attributes.items()}
        if tag == "Worksheet":
            self.sheet, self.line = (self.sheet[0] + 1, given.get("Name", "")), 0
        elif tag == "Row":
            self.line, self.cells = max(_number(given.get("Index")), self.line + 1), []
        elif tag == "Cell":
            at = max(_number(given.get("Index")) - 1, len(self.cells) + self.skipped)
            self.skipped = 0
            if at >= _MAX_CELLS:
                raise FileProblem(f"A row has more than {_MAX_CELLS} cells; this is no export of records.")
            self.cells += [""] * (at - len(self.cells) + 1)
            self.skipped = min(_number(given.get("MergeAcross")), _MAX_CELLS)
        elif tag == "Data":
            self.kind, self.parts, self.size = given.get("Type", "String"), [], 0

    def _end(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "Row":
            self.done.append((self.sheet, self.line, self.cells))
            self.skipped = 0
        elif tag == "Data" and self.parts is not None:
            if self.cells:
                self.cells[-1] = _value(self.kind, "".join(self.parts))
            self.parts = None

    def _text(self, data: str) -> None:
        # What is longer than any record is cut, the row is quarantined for its length.
        if self.parts is not None and self.size <= 2 * MAX_RECORD:
            self.parts.append(data)
            self.size += len(data)


def _refuse(*_: object) -> None:
    raise FileProblem("The XML declares entities, which no export needs. Export it as .xlsx or CSV.")


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 8 else 0


def _value(kind: str, text: str) -> str:
    if kind == "DateTime":
        day, _, clock = text.partition("T")
        clock = clock.partition(".")[0]
        return clock if day in ("1899-12-30", "1899-12-31") else f"{day} {clock}".strip()
    if kind == "Boolean":
        return {"1": "是", "0": "否"}.get(text.strip(), text)
    if kind == "Number" and ("e" in text or "E" in text or text.endswith(".0")):
        try:
            number = float(text)
        except ValueError:
            return text
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else text
    return text
