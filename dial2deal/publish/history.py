"""What became of each build, in ops.builds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb


def record(
    con: duckdb.DuckDBPyConnection,
    build_id: str,
    status: str,
    *,
    message: str | None = None,
    dates: Sequence[dt.date] = (),
    as_of_date: dt.date | None = None,
) -> None:
    """Replace the row of ``build_id``; ``status`` is published, unchanged or red."""
    con.execute("delete from ops.builds where build_id = ?", [build_id])
    con.execute(
        "insert into ops.builds values (?, now() at time zone 'UTC', ?, ?, ?, ?)",
        [build_id, status, message, len(dates), as_of_date],
    )
