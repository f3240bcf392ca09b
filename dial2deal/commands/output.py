"""How commands print: tables for people, JSON for programs, errors on stderr."""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NoReturn

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from dial2deal.presentation.spreadsheets import neutral
from dial2deal.privacy import visible

stdout = Console(highlight=False)
stderr = Console(stderr=True, highlight=False)
_BORDERS = 3


def fail(message: str, *, code: int = 1) -> NoReturn:
    """Print ``message`` on stderr and leave with exit code ``code``."""
    stderr.print(f"Error: {visible(message)}", style="red", markup=False, soft_wrap=True)
    raise SystemExit(code)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`` Did you mean …?`` for a misspelt ``word``, else the known words."""
    words = sorted(set(known))
    near = difflib.get_close_matches(word, words, 3)
    return f" Did you mean {' or '.join(near)}?" if near else f" Known: {', '.join(words)}." if words else ""


def as_json(value: Any) -> None:
    """Print ``value`` as JSON; decimals as numbers, dates as text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """Print rows as an aligned table where it fits the terminal, else as one block of ``column: value`` per row.

    NULL is an empty cell.
    """
    cells = [["" if cell is None else visible(str(cell)) for cell in row] for row in rows]
    widths = [
        max(map(cell_len, (name, *(part for row in cells for part in row[index].split("\n")))))
        for index, name in enumerate(header)
    ]
    if cells and sum(widths) + _BORDERS * len(widths) + 1 > stdout.width:
        _blocks(header, cells, title)
        return
    grid = Table(*header, title=title, title_justify="left")
    for row in cells:
        grid.add_row(*row)
    stdout.print(grid, markup=False)


def _blocks(header: Sequence[str], rows: Sequence[Sequence[str]], title: str | None) -> None:
    if title:
        stdout.print(title, style="bold", markup=False)
    margin = max(map(cell_len, header))
    for number, row in enumerate(rows, 1):
        stdout.print(f"— {number} of {len(rows)} —", style="dim", markup=False)
        for name, cell in zip(header, row, strict=True):
            if cell:
                stdout.print(f"{name}{' ' * (margin - cell_len(name))}  {cell}", markup=False, soft_wrap=True)


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as CSV with a header line; text that a spreadsheet would run as a formula is neutralised."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([visible(cell) if isinstance(cell, str) else cell for cell in map(neutral, row)] for row in rows)
    typer.echo(buffer.getvalue(), nl=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)
