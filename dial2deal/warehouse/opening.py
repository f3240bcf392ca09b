"""The one helper that opens the warehouse."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dial2deal.settings import Settings
from dial2deal.sql import literal
from dial2deal.warehouse import key, schema

_LOCK_WAIT_SECONDS = 120
# A new file has its header after some milliseconds; until then another process's open calls it no database.
_NEW_FILE_SECONDS = 10
_log = logging.getLogger(__name__)


class WarehouseBusyError(RuntimeError):
    """Another process holds the warehouse file."""


class WarehouseDamagedError(RuntimeError):
    """The warehouse file cannot be opened because of what is in it; the message says what to do."""


def connect(settings: Settings, *, wait_seconds: float = _LOCK_WAIT_SECONDS) -> duckdb.DuckDBPyConnection:
    """Open the warehouse read-write, brought to the schema of this version.

    Waits up to ``wait_seconds`` (seconds) for another process to finish, then raises WarehouseBusyError;
    raises WarehouseNewerError for one that a later version has built. The caller closes the connection before
    handing the file to dbt or Great Expectations: DuckDB refuses two connections of different configuration.
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
    con.execute(f"set temp_directory = {literal(str(settings.tmp / 'duckdb'))}")
    try:
        schema.upgrade(con)
        key.settle(con, settings)
    except (schema.WarehouseNewerError, key.SecretKeyError):
        con.close()
        raise
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
        con.execute(schema.parse_macros())
        yield con
    finally:
        con.close()


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
