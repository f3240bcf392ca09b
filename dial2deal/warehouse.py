"""The one helper that opens the warehouse. Readers never use it: they open the published snapshot."""

from __future__ import annotations

import logging
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dial2deal import parsing, privacy
from dial2deal.settings import Settings

_DDL = Path(__file__).with_name("warehouse.sql")
_LOCK_WAIT_SECONDS = 120
# A new file has its header after some milliseconds; until then another process's open calls it no database.
_NEW_FILE_SECONDS = 10
_KEY = re.compile("[0-9a-f]{64}")
_log = logging.getLogger(__name__)


class WarehouseBusyError(RuntimeError):
    """Another process holds the warehouse file."""


class WarehouseDamagedError(RuntimeError):
    """The warehouse file cannot be opened because of what is in it; the message says what to do."""


class SecretKeyError(RuntimeError):
    """The key of the customer hash is not one; the message says what to do."""


def connect(settings: Settings, *, wait_seconds: float = _LOCK_WAIT_SECONDS) -> duckdb.DuckDBPyConnection:
    """Open the warehouse read-write, creating its bookkeeping tables and parse parsing.

    Waits up to ``wait_seconds`` (seconds) for another process to finish, then raises WarehouseBusyError.
    The caller closes the connection before handing the file to dbt or Great Expectations: DuckDB refuses
    two connections of different configuration to one file.
    """
    if "?" in str(settings.warehouse):
        raise WarehouseDamagedError(
            f"The path {settings.warehouse} holds a question mark, with which DuckDB cannot "
            "write: choose another folder for DIAL2DEAL_HOME."
        )
    settings.ensure()
    con = _open(settings, wait_seconds)
    con.execute("set enable_progress_bar = false")
    con.execute("set TimeZone = 'UTC'")
    con.execute(f"set temp_directory = '{_quoted(settings.tmp / 'duckdb')}'")
    con.execute(_DDL.read_text(encoding="utf-8"))
    con.execute(parse_macros())
    try:
        _settle_key(con, settings)
    except SecretKeyError:
        con.close()
        raise
    return con


def parse_macros() -> str:
    """SQL that creates the schema ``parse``: how vendors' text is read and numbers are masked."""
    return parsing.statements() + privacy.macros()


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
        con.execute(parse_macros())
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
                if settings.snapshot.exists():
                    _log.warning(
                        f"{settings.warehouse} is gone although a snapshot is published: a new one begins, "
                        "and the next publication shows only what landing still holds. Put the file back from "
                        "a backup first if landing is not complete."
                    )
                # Of 2 million calls texts are packed in 5.0 instead of 6.6 CPU seconds, into 93 instead of 100 MB.
                duckdb.connect(str(settings.warehouse), config={"storage_compatibility_version": "latest"}).close()
            settings.warehouse.chmod(0o600)
            return duckdb.connect(str(settings.warehouse))
        except duckdb.Error as error:
            if not is_locked(error) and not _is_being_created(settings.warehouse):
                raise WarehouseDamagedError(
                    f"{settings.warehouse} cannot be opened ({str(error).splitlines()[0][:300]}). The published "
                    "snapshot stays readable. Put the file back from a backup, or move it away and run "
                    "'dial2deal build': it is built again from landing."
                ) from error
            if time.monotonic() > deadline:
                raise WarehouseBusyError(
                    f"{settings.warehouse.name} is in use by another process and did not become free within "
                    f"{wait_seconds:.0f} s. Wait for the running build, or close the program that opened the "
                    "warehouse; BI tools open published/dial2deal.duckdb instead."
                ) from error
            time.sleep(pause)
            pause = min(pause * 2, 2.0)


def is_locked(error: Exception) -> bool:
    """Whether another process has the file open; "lock" alone also stands in "stored checksum in block"."""
    return "set lock on file" in str(error)


def _is_being_created(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_ctime < _NEW_FILE_SECONDS and path.stat().st_size < 1 << 14
    except FileNotFoundError:
        return True


def _settle_key(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """One key in the warehouse and in its file. The warehouse's counts: its customers were keyed with it."""
    row = con.execute("select customer_hash_key from ops.secrets").fetchone()
    if row is None:
        if not settings.secret_key.exists():
            _write_key(settings.secret_key, secrets.token_hex(32))
        con.execute("insert into ops.secrets values (?)", [_read_key(settings.secret_key)])
    elif not _KEY.fullmatch(row[0]):
        raise SecretKeyError(
            "The key of the customer hash in the warehouse is not 64 hexadecimal digits, so customer "
            f"keys protect nobody. Move {settings.warehouse.name} and {settings.secret_key.name} away "
            "and run 'dial2deal build': both are made anew from landing."
        )
    elif not settings.secret_key.exists():
        _log.warning(f"{settings.secret_key} was gone and is written again from the warehouse.")
        _write_key(settings.secret_key, row[0])


def _read_key(path: Path) -> str:
    text = path.read_bytes().decode("ascii", "replace").strip()
    if not _KEY.fullmatch(text):
        raise SecretKeyError(
            f"{path} does not hold 64 hexadecimal digits: it is cut or was overwritten. Put it back "
            "from a backup, or delete it to have a new one made."
        )
    return text


def _write_key(path: Path, key: str) -> None:
    """Whole or not at all: an empty key would hash customers with nothing that others do not know."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(key + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(fresh, path)  # never over a key that another process has just made
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
