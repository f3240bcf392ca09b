"""Read-only connections to the published snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import duckdb

from dial2deal.settings import Settings

SEMANTIC_MANIFEST = "semantic_manifest.json"


class MetricError(ValueError):
    """A question that cannot be answered as asked; the message says what to ask instead."""


class SnapshotMissingError(RuntimeError):
    """Nothing has been published yet."""


@dataclass(frozen=True)
class SqlResult:
    """``columns`` and ``rows`` of one statement."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def connect(snapshot: Path) -> duckdb.DuckDBPyConnection:
    """In-memory connection with ``snapshot`` attached read-only as ``warehouse``, and nothing else reachable.

    Attaching instead of opening the file: DuckDB's instance cache would hand back an earlier snapshot.
    Raises SnapshotMissingError.
    """
    if not snapshot.exists():
        raise SnapshotMissingError(
            f"Nothing is published yet: {snapshot.name} is missing. Run `dial2deal build` (or `make demo`) first."
        )
    con = duckdb.connect()
    quoted = str(snapshot).replace("'", "''")
    con.execute(f"attach '{quoted}' as warehouse (read_only)")
    con.execute("use warehouse.marts")
    con.execute("set enable_progress_bar = false")
    con.execute("set TimeZone = 'UTC'")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def generation(snapshot: Path) -> tuple[int, int, int] | None:
    """What changes when another snapshot is published: inode, size, modification time; None when there is none."""
    try:
        stat = snapshot.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def sql(settings: Settings, text: str, *, limit: int | None = None) -> SqlResult:
    """Run ``text`` on the published snapshot (search path ``marts``), at most ``limit`` rows.

    The connection can neither write nor reach files or the network. Raises MetricError with DuckDB's message for
    wrong SQL, SnapshotMissingError.
    """
    if not text.strip().strip(";"):
        raise MetricError('Give one SQL statement, such as "select * from channel_roi".')
    con = connect(settings.snapshot)
    try:
        cursor = cast("duckdb.DuckDBPyConnection | None", con.execute(text))
        if cursor is None or cursor.description is None:  # None: there was only a comment
            return SqlResult([], [])
        rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit)
        return SqlResult([column[0] for column in cursor.description], rows)
    except duckdb.Error as error:
        raise MetricError(str(error)) from error
    finally:
        con.close()
