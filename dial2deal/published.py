"""The one way in for readers: what is published, opened so that nothing else can be reached."""

from __future__ import annotations

import json
from typing import Any

import duckdb

from dial2deal.settings import Settings
from dial2deal.sql import literal

# Beside the snapshot: what its tables can be asked.
SEMANTIC_MANIFEST = "semantic_manifest.json"


class NothingPublishedError(RuntimeError):
    """There is no published snapshot yet."""


def connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    """In-memory connection with the snapshot attached read-only as ``warehouse``, and nothing else reachable.

    Attaching instead of opening the file: DuckDB's instance cache would hand back an earlier snapshot. The search path
    is ``marts``. Raises NothingPublishedError.
    """
    if not settings.snapshot.exists():
        raise NothingPublishedError(
            f"{settings.snapshot} does not exist yet. Put exports into {settings.landing}/<source>/<feed>/ and run "
            "'dial2deal build', or try 'dial2deal demo'."
        )
    con = duckdb.connect()
    con.execute(f"attach {literal(str(settings.snapshot))} as warehouse (read_only)")
    con.execute("use warehouse.marts")
    con.execute("set enable_progress_bar = false")
    con.execute("set TimeZone = 'UTC'")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def generation(settings: Settings) -> tuple[int, int, int] | None:
    """What changes when another snapshot is published: inode, size, modification time; None when there is none."""
    try:
        stat = settings.snapshot.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def build_info(settings: Settings) -> dict[str, Any] | None:
    """The row of ops.build_info by column name (``incomplete_files`` as a list), None when nothing is published."""
    if not settings.snapshot.exists():
        return None
    with connect(settings) as con:
        cursor = con.execute("select * from ops.build_info")
        row = cursor.fetchone()
        if row is None:
            return None
        info = dict(zip([column[0] for column in cursor.description], row, strict=True))
    info["incomplete_files"] = json.loads(info["incomplete_files"] or "[]")
    return info
