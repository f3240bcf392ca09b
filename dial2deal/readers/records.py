"""Record by record reading for what DuckDB's parser cannot be trusted with: stray quotes and line breaks in cells."""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from dial2deal.readers.rows import MAX_RECORD, RowFiles
from dial2deal.readers.table import Table

# A cell with more line breaks than this is a quote that was never closed.
_MAX_LINES_PER_RECORD = 2000
_MAX_LINE = 2 * MAX_RECORD
_RULES = {
    "literal": "stray quotes kept as text",
    "multi_line": "line breaks inside a cell",
    "backslash": "backslash escapes read",
}


def reread(table: Table, work: Path) -> Table:
    """A clean copy of ``table`` whose records each say on which line they began.

    Well-formed quoting is honoured, line breaks in cells included. A line whose quotes make no sense is split
    at its delimiters with the quotes kept as text, so a stray quote costs nothing but itself. Records of another
    width go to ``ragged`` with their text.
    """
    kinds: Counter[str] = Counter()
    with RowFiles(work) as target:
        for line, text, cells, kind in _records(table):
            kinds[kind] += 1
            if table.fits(cells, line):
                target.add(line, table.placed(line, cells))
            else:
                target.set_aside(line, "", text)
    repairs = table.repairs | {rule: kinds[kind] for kind, rule in _RULES.items() if kinds[kind]}
    return replace(
        table,
        path=target.clean,
        delimiter=",",
        skip=0,
        lines=target.written,
        has_quotes=True,
        has_line_column=True,
        pad=False,
        ragged=target.aside,
        repairs=repairs,
    )


def blank_lines(table: Table) -> list[int]:
    """Numbers of the blank lines between the records."""
    with table.path.open("rb") as handle:
        return [
            number
            for number, line in enumerate(handle, 1)
            if number > table.skip and number <= table.skip + table.lines and not line.strip(b"\r\n")
        ]


def _records(table: Table) -> Iterator[tuple[int, str, list[str], str]]:
    """(first line, text, cells, kind) of every non-blank record; kind is plain, multi_line, backslash or literal."""
    with table.path.open(encoding="utf-8", newline="\n") as handle:
        for _ in range(table.skip):
            handle.readline()
        lines = enumerate(_bounded_lines(handle), table.skip + 1)
        ahead: deque[tuple[int, str]] = deque()
        while True:
            item = ahead.popleft() if ahead else next(lines, None)
            if item is None:
                return
            number, text = item
            if not text.strip():
                continue
            if '"' not in text or len(text) > MAX_RECORD:
                yield number, text, text.split(table.delimiter), "plain"
                continue
            cells = _strict(text, table.delimiter)
            if cells is not None:
                yield number, text, cells, "plain"
                continue
            yield number, *(_joined(text, table, ahead, lines) or _tolerant(text, table))


def _bounded_lines(handle: TextIO) -> Iterator[str]:
    """Lines without their ends; one longer than any record is cut, so that it never fills memory."""
    while line := handle.readline(_MAX_LINE):
        rest = line
        while len(rest) == _MAX_LINE and not rest.endswith("\n"):
            rest = handle.readline(_MAX_LINE)
        yield line.rstrip("\r\n")


def _joined(
    text: str, table: Table, ahead: deque[tuple[int, str]], lines: Iterator[Any]
) -> tuple[str, list[str], str] | None:
    """The record that begins with ``text`` and goes on over the next lines, when that is what the quotes mean.

    A following line that is a complete record by itself shows that the open quote is a stray one. Reading goes no
    further than the quotes stay open, so a file of stray quotes is not searched again and again.
    """
    parts = [text]

    def following() -> Iterator[str]:
        yield f"{text}\n"
        for taken in range(_MAX_LINES_PER_RECORD):
            if taken == len(ahead):
                item = next(lines, None)
                if item is None:
                    return
                ahead.append(item)
            part = ahead[taken][1]
            alone = _strict(part, table.delimiter)
            if alone is not None and table.fits(alone):
                return
            parts.append(part)
            yield f"{part}\n"

    for escape in (None, "\\"):
        parts[1:] = []
        cells = _first_record(following(), table.delimiter, escape)
        if cells is not None and len(parts) > 1 and table.fits(cells):
            for _ in parts[1:]:
                ahead.popleft()
            return "\n".join(parts), cells, "multi_line"
    return None


def _tolerant(text: str, table: Table) -> tuple[str, list[str], str]:
    """The line read by itself: with backslash escapes, with inner quotes not doubled, or with quotes as text."""
    if '\\"' in text:
        cells = _strict(text, table.delimiter, "\\")
        if cells is not None and table.fits(cells):
            return text, cells, "backslash"
    if text[0] == text[-1] == '"':
        cells = text[1:-1].split(f'"{table.delimiter}"')
        if len(cells) == table.width:
            return text, [cell.replace('""', '"') for cell in cells], "literal"
    cells = text.split(table.delimiter)
    if not table.fits(cells) and table.fits(paired := _paired(cells, table.delimiter)):
        cells = paired
    cells = [cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell for cell in cells]
    return text, cells, "literal"


def _paired(pieces: list[str], delimiter: str) -> list[str]:
    """The pieces of a line with those joined between which a quote is open: ``"a" <1>`` is whole, ``"a`` is not."""
    cells: list[str] = []
    is_open = False
    for piece in pieces:
        if is_open:
            cells[-1] += delimiter + piece
        else:
            cells.append(piece)
        is_open ^= piece.count('"') % 2 == 1
    return cells


def _strict(text: str, delimiter: str, escape: str | None = None) -> list[str] | None:
    """Cells of exactly one well-quoted record, else None."""
    # Not splitlines, which also splits at form feeds and Unicode separators.
    lines = iter([f"{line}\n" for line in text.split("\n")])
    cells = _first_record(lines, delimiter, escape)
    return cells if next(lines, None) is None else None


def _first_record(lines: Iterator[str], delimiter: str, escape: str | None) -> list[str] | None:
    """Cells of the first well-quoted record, taking only the lines it needs; None when there is none."""
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=True, escapechar=escape, doublequote=escape is None))
    except (csv.Error, StopIteration):
        return None
