"""What every reader hands to the loader: UTF-8 text that DuckDB can read, and how it came to be."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from dial2deal.readers.headers import normalise_header
from dial2deal.readers.problems import FileProblem
from dial2deal.readers.sense import Sense
from dial2deal.readers.wanted import Match, Wanted

HEADER_SEARCH_ROWS = 10
# Exporters stop without a word at the limits of xls and xlsx.
_ROW_LIMITS = (65_536, 1_048_576)
_DELIMITERS = (",", "\t", ";", "|")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True)
class Layout:
    """How lines behind ``after`` with as many cells as ``places`` are laid out: each cell's column in the header."""

    after: int
    places: tuple[int, ...]


@dataclass
class Table:
    """One delimited text. ``lines`` counts its physical lines after the header (blank ones at the end aside)."""

    path: Path
    header: list[str]
    match: Match
    delimiter: str
    width: int  # cells per record, more than headers when records end with a delimiter
    skip: int  # physical lines before the first record
    lines: int
    encoding: str
    has_quotes: bool = False
    has_line_column: bool = False  # cell 0 is the line in the file as delivered
    pad: bool = False  # records may have fewer cells than the header
    # What a scan of the bytes has ruled out need not be looked for in every cell.
    may_be_lossy: bool = True  # scientific notation
    may_be_padded: bool = True  # blanks around a cell, Excel's ="…" and apostrophes
    may_be_bracketed: bool = True
    layouts: tuple[Layout, ...] = ()  # of a file whose layout changes on the way, in the order of their lines
    ragged: Path | None = None  # records set aside by the reader: line, reason (empty: their width), text
    cut_line: int | None = None  # number of the last line when it has no line end
    sense: Sense | None = None  # how the file's own columns say its dates and numbers are meant
    repairs: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def placed(self, line: int, cells: list[str]) -> list[str]:
        """The cells of a record in the columns of the header, empty where the record has none."""
        if not self.layouts:
            return [*cells, *[""] * (self.width - len(cells))]
        layout = next(one for one in reversed(self.layouts) if len(one.places) == len(cells) and one.after <= line)
        row = [""] * self.width
        for place, cell in zip(layout.places, cells, strict=True):
            row[place] = cell
        return row

    def fits(self, cells: list[str], line: int | None = None) -> bool:
        """Whether a record has as many cells as a layout of the file, one that holds on its line where known."""
        if self.layouts:
            return any(
                len(layout.places) == len(cells) and (line is None or layout.after <= line) for layout in self.layouts
            )
        return len(cells) == self.width or (self.pad and 1 < len(cells) < self.width)


@dataclass(frozen=True)
class Header:
    """A header line found: ``line`` is its last physical line (1-based), 0 for a file without one."""

    cells: list[str]
    match: Match
    line: int
    delimiter: str


def find_header(wanted: Wanted, rows: list[tuple[int, list[str]]], delimiter: str = ",") -> Header | None:
    """The row (line number, cells) that names most columns of the wanted, or None when none names two.

    For a profile without header: the dialect of the rows' width, unless a row names the columns after all.
    """
    best: Header | None = None
    above: list[str] = []
    for line, cells in rows[:HEADER_SEARCH_ROWS]:
        # Merged header cells: what stands above an empty cell is its header.
        over = above[: len(cells)]
        merged = [cell if cell.strip() else upper for cell, upper in zip_longest(cells, over, fillvalue="")]
        for names in (cells, merged) if merged != cells else (cells,):
            if wanted.names_used(names) < 2:
                continue
            match = wanted.match(names)
            if best and _grew(best, names, line):
                continue
            if match.score[1] >= 2 and (best is None or match.score > best.match.score):
                best = Header(names, match, line, delimiter)
        above = cells
    if wanted.file.header == "none" and (best is None or best.match.missing):
        return _dialect(wanted, rows[:HEADER_SEARCH_ROWS], delimiter)
    return best


def _grew(header: Header, names: list[str], line: int) -> bool:
    """Whether a row is the same header with more columns, for the lines after it: see layouts.py."""
    known = {normalise_header(cell) for cell in header.cells}
    return not header.match.missing and line > header.line + 1 and known <= set(map(normalise_header, names))


def note_row_limit(table: Table, what: str, rows: int) -> None:
    """Warn of exactly as many rows as a format of Excel can hold."""
    if rows in _ROW_LIMITS:
        table.notes.append(f"{what} has exactly {rows} rows, Excel's limit: probably cut")


def _dialect(wanted: Wanted, rows: list[tuple[int, list[str]]], delimiter: str) -> Header | None:
    """The cell names for the commonest width of the rows, or None when no dialect has it."""
    dialects = wanted.file.dialects
    widths = Counter(len(cells) for _, cells in rows if any(map(str.strip, cells)))
    if not widths:
        return None
    width = max(widths, key=lambda w: (widths[w], w))
    if wanted.file.short_rows:
        fitting = sum(count for w, count in widths.items() if 1 < w <= max(dialects))
        width = max(dialects) if fitting * 2 > widths.total() else 0
    elif width not in dialects and all(cells[-1] == "" for _, cells in rows if len(cells) == width):
        width -= 1  # every record ends with a delimiter
    names = dialects.get(width)
    return Header(names, wanted.match(names), 0, delimiter) if names else None


def find_text_header(wanted: Wanted, head: str) -> Header | None:
    """Like `find_header` for delimited text, over all delimiters the profile allows."""
    best: Header | None = None
    for delimiter in [wanted.file.delimiter] if wanted.file.delimiter else _DELIMITERS:
        found = find_header(wanted, text_rows(head, delimiter), delimiter)
        if found and (best is None or found.match.score > best.match.score):
            best = found
    return best


def text_rows(head: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """The first rows of a text with their last physical line; tolerant of any quoting."""
    reader = csv.reader((line[0] for line in _LINE.finditer(head)), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            rows.append((reader.line_num, cells))
            if len(rows) >= HEADER_SEARCH_ROWS:
                break
    except csv.Error:
        pass
    return rows


def require_columns(wanted: Wanted, header: Header | None, first_cells: list[str]) -> Header:
    """The header when it has all that the feed requires, else FileProblem saying what is missing."""
    where = wanted.place
    if header is None and wanted.file.dialects:
        known = ", ".join(map(str, sorted(wanted.file.dialects)))
        raise FileProblem(
            f"{where} has no header line, so its columns are told by their number: known are {known}, the first row "
            f"has {len(first_cells)}. Check that the file belongs in this folder, or add its columns in their order "
            f"to `dialects` of {wanted.path}."
        )
    if header is None:
        seen = ", ".join(c.strip() for c in first_cells if c.strip())[:200] or "nothing readable"
        raise FileProblem(
            f"No header of {where} in the first {HEADER_SEARCH_ROWS} rows; the first row reads: {seen}. "
            f"Expected for example {'; '.join(f'{c} ({wanted.expected(c)})' for c in wanted.needed[:3])}. "
            "Check that the file belongs in this folder and opens as text or Excel, "
            f"or add its headers to {wanted.path}.{wanted.advice(first_cells)}"
        )
    if header.match.missing:
        lacking = "; ".join(f"{c} (accepted: {wanted.expected(c)})" for c in header.match.missing)
        found = ", ".join(cell.strip() for cell in header.cells)[:300]
        where = f"line {header.line}" if header.line else "the names of its cells"
        raise FileProblem(
            f"Required column missing in {where}: {lacking}. Found: {found}. "
            f"Export the column, or add the vendor's header to {wanted.path}."
            f"{wanted.advice(header.cells)}"
        )
    return header
