"""Small helpers around DuckDB that every room may use."""

from __future__ import annotations

from typing import Any

import duckdb


def only_row(result: duckdb.DuckDBPyConnection) -> tuple[Any, ...]:
    """The row of a query that always has one, such as a count. Raises LookupError when it has none."""
    row = result.fetchone()
    if row is None:
        raise LookupError("A query that always has a row returned none.")
    return row


def literal(value: str) -> str:
    """SQL literal of ``value``."""
    return "'" + value.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
