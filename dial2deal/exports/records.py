"""Record by record reading for what DuckDB's parser cannot be trusted with: stray quotes and line breaks in cells."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dial2deal.exports.table import Table

# A cell with more line breaks than this is a quote that was never closed.
_MAX_LINES_PER_RECORD = 200


def reread(table: Table, work: Path) -> Table:
    """A clean copy of ``table`` whose records each say on which line they began.

    Well-formed quoting is honoured, line breaks in cells included. A line whose quotes make no sense is split
    at its delimiters with the quotes kept as text, so a stray quote costs nothing but itself. Records of another
    width go to ``ragged`` with their text.
    """
    work.mkdir(exist_ok=True)
    clean, ragged = work / "records.csv", work / "ragged.csv"
    literal = multi_line = written = 0
    with clean.open("w", encoding="utf-8", newline="") as good, ragged.open("w", encoding="utf-8", newline="") as bad:
        to_good = csv.writer(good, lineterminator="\n")
        to_bad = csv.writer(bad, lineterminator="\n")
        for line, text, cells, kind in _records(table):
            literal += kind == "literal"
            multi_line += kind == "multi_line"
            if _fits(cells, table):
                to_good.writerow([line, *cells, *[""] * (table.width - len(cells))])
                written += 1
            else:
                to_bad.writerow([line, text])
    repairs = dict(table.repairs)
    if literal:
        repairs["stray quotes kept as text"] = literal
    if multi_line:
        repairs["line breaks inside a cell"] = multi_line
    return replace(table, path=clean, delimiter=",", skip=0, lines=written, has_quotes=True, has_line_column=True,
                   ragged=ragged, repairs=repairs)


def blank_lines(table: Table) -> list[int]:
    """Numbers of the blank lines between the records."""
    with table.path.open("rb") as handle:
        return [number for number, line in enumerate(handle, 1)
                if number > table.skip and number <= table.skip + table.lines and not line.strip(b"\r\n")]


def _records(table: Table) -> Iterator[tuple[int, str, list[str], str]]:
    """(first line, text, cells, kind) of every non-blank record; kind is plain, multi_line or literal."""
    with table.path.open(encoding="utf-8", newline="\n") as handle:
        for _ in range(table.skip):
            handle.readline()
        lines = enumerate((line.rstrip("\r\n") for line in handle), table.skip + 1)
        ahead: deque[tuple[int, str]] = deque()
        while True:
            item = ahead.popleft() if ahead else next(lines, None)
            if item is None:
                return
            number, text = item
            if not text.strip():
                continue
            if '"' not in text:
                yield number, text, text.split(table.delimiter), "plain"
                continue
            cells = _strict(text, table.delimiter)
            if cells is not None:
                yield number, text, cells, "plain"
                continue
            joined = _joined(text, table, ahead, lines)
            if joined is not None:
                yield number, joined[0], joined[1], "multi_line"
            else:
                yield number, text, _literal(text, table.delimiter), "literal"


def _joined(text: str, table: Table, ahead: deque, lines: Iterator) -> tuple[str, list[str]] | None:
    """The record that begins with ``text`` and goes on over the next lines, when that is what the quotes mean.

    A following line that is a complete record by itself shows that the open quote is a stray one.
    """
    parts = [text]
    for taken in range(_MAX_LINES_PER_RECORD):
        if taken == len(ahead):
            item = next(lines, None)
            if item is None:
                return None
            ahead.append(item)
        part = ahead[taken][1]
        alone = _strict(part, table.delimiter)
        if alone is not None and _fits(alone, table):
            return None
        parts.append(part)
        whole = "\n".join(parts)
        if '"' not in part:
            continue
        cells = _strict(whole, table.delimiter)
        if cells is not None and _fits(cells, table):
            for _ in range(taken + 1):
                ahead.popleft()
            return whole, cells
    return None


def _fits(cells: list[str], table: Table) -> bool:
    return len(cells) == table.width or (table.pad and 1 < len(cells) < table.width)


def _strict(text: str, delimiter: str) -> list[str] | None:
    """Cells of exactly one well-quoted record, else None."""
    try:
        rows = list(csv.reader(_lines(text), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _lines(text: str) -> list[str]:
    """Lines with their ends; not splitlines, which also splits at form feeds and Unicode separators."""
    return [f"{line}\n" for line in text.split("\n")]


def _literal(text: str, delimiter: str) -> list[str]:
    """Cells between delimiters, quotes being text; a pair of quotes around a whole cell is taken off."""
    cells = text.split(delimiter)
    return [cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell for cell in cells]
