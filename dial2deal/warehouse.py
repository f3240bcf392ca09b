"""The one helper that opens the warehouse. Readers never use it: they open the published snapshot."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dial2deal import parsing
from dial2deal.settings import Settings

_DDL = Path(__file__).with_name("warehouse.sql")
_LOCK_WAIT_SECONDS = 120


class WarehouseBusyError(RuntimeError):
    """Another process holds the warehouse file."""


def connect(settings: Settings, *, wait_seconds: float = _LOCK_WAIT_SECONDS) -> duckdb.DuckDBPyConnection:
    """Open the warehouse read-write, creating its bookkeeping tables and parse macros.

    Waits up to ``wait_seconds`` (seconds) for another process to finish, then raises WarehouseBusyError.
    The caller closes the connection before handing the file to dbt or Great Expectations: DuckDB refuses
    two connections of different configuration to one file.
    """
    settings.ensure()
    con = _open(settings, wait_seconds)
    con.execute("set enable_progress_bar = false")
    con.execute("set TimeZone = 'UTC'")
    con.execute(f"set temp_directory = '{_quoted(settings.tmp / 'duckdb')}'")
    con.execute(_DDL.read_text(encoding="utf-8"))
    con.execute(parsing.statements())
    if not con.execute("select 1 from ops.secrets").fetchone():
        con.execute("insert into ops.secrets values (?)", [_customer_hash_key(settings)])
    return con


@contextmanager
def session(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """`connect` as a context manager that always closes."""
    con = connect(settings)
    try:
        yield con
    finally:
        con.close()


@contextmanager
def scratch() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database in memory that knows the parse macros, for looking at files without loading them."""
    con = duckdb.connect()
    try:
        con.execute("set enable_progress_bar = false")
        con.execute("set TimeZone = 'UTC'")
        con.execute(parsing.statements())
        yield con
    finally:
        con.close()


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


def mark_dirty(con: duckdb.DuckDBPyConnection, feed: str, dates: list, reason: str) -> None:
    """Queue ``dates`` (date objects) of ``feed`` for rebuilding."""
    if dates:
        con.execute(
            "insert into ops.dirty_dates select ?, unnest(?::date[]), ?, now() at time zone 'UTC'",
            [feed, dates, reason],
        )


def _open(settings: Settings, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + wait_seconds
    pause = 0.1
    while True:
        try:
            if not settings.warehouse.exists():
                # Of 2 million calls texts are packed in 5.0 instead of 6.6 CPU seconds, into 93 instead of 100 MB.
                duckdb.connect(str(settings.warehouse), config={"storage_compatibility_version": "latest"}).close()
            return duckdb.connect(str(settings.warehouse))
        except duckdb.IOException as error:
            if "lock" not in str(error).lower():
                raise
            if time.monotonic() > deadline:
                raise WarehouseBusyError(
                    f"{settings.warehouse.name} is in use by another process and did not become free within "
                    f"{wait_seconds:.0f} s. Wait for the running build, or close the program that opened the "
                    "warehouse; BI tools open published/dial2deal.duckdb instead."
                ) from error
            time.sleep(pause)
            pause = min(pause * 2, 2.0)


def _customer_hash_key(settings: Settings) -> str:
    path = settings.secret_key
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
