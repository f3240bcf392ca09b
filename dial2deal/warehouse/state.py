"""Facts that builds compare, and the dates that they are to rebuild."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Commit on success, roll back on any exception."""
    con.execute("begin transaction")
    try:
        yield con
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


def get_state(con: duckdb.DuckDBPyConnection, name: str) -> str | None:
    """Value of one fact in ops.state, None when never set."""
    row = con.execute("select value from ops.state where name = ?", [name]).fetchone()
    return row[0] if row else None


def set_state(con: duckdb.DuckDBPyConnection, name: str, value: str | None) -> None:
    """Replace one fact in ops.state; call inside a transaction when it must agree with other writes."""
    con.execute("delete from ops.state where name = ?", [name])
    con.execute("insert into ops.state values (?, ?, now() at time zone 'UTC')", [name, value])


def mark_dirty(con: duckdb.DuckDBPyConnection, feed: str, dates: Sequence[dt.date], reason: str) -> None:
    """Queue ``dates`` (date objects) of ``feed`` for rebuilding."""
    if dates:
        con.execute(
            "insert into ops.dirty_dates select ?, unnest(?::date[]), ?, now() at time zone 'UTC'",
            [feed, dates, reason],
        )
