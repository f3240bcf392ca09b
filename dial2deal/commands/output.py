"""How commands print: tables for people, JSON for programs, errors on stderr."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from dial2deal.spreadsheets import neutral

stdout = Console(highlight=False)
stderr = Console(stderr=True, highlight=False)


def fail(message: str, *, code: int = 1) -> NoReturn:
    """Print ``message`` on stderr and leave with exit code ``code``."""
    stderr.print(f"Error: {message}", style="red", markup=False, soft_wrap=True)
    raise SystemExit(code)


def as_json(value: Any) -> None:
    """Print ``value`` as JSON; dates and decimals as text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """Print rows as an aligned table; NULL is an empty cell."""
    grid = Table(*[str(name) for name in header], title=title, title_justify="left")
    for row in rows:
        grid.add_row(*["" if cell is None else str(cell) for cell in row])
    stdout.print(grid, markup=False)


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as CSV with a header line; text that a spreadsheet would run as a formula is neutralised."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    typer.echo(buffer.getvalue(), nl=False)
