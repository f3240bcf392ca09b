"""What the published snapshot and the installation say of themselves; opens only files that readers may open."""

from __future__ import annotations

import json
from typing import Any

import duckdb

from dial2deal.settings import Settings


class NothingPublishedError(RuntimeError):
    """There is no published snapshot yet."""


def open_snapshot(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Read-only connection to the published snapshot; NothingPublishedError when there is none."""
    if not settings.snapshot.exists():
        raise NothingPublishedError(
            f"{settings.snapshot} does not exist yet. Put exports into {settings.landing}/<source>/<feed>/ and run "
            "'dial2deal build', or try 'dial2deal demo'."
        )
    con = duckdb.connect()
    con.execute("set enable_progress_bar = false")
    # Attached, not opened: DuckDB's instance cache would hand back an earlier snapshot.
    quoted = str(settings.snapshot).replace("'", "''")
    con.execute(f"attach '{quoted}' as warehouse (read_only)")
    con.execute("use warehouse")
    return con


def build_info(settings: Settings) -> dict[str, Any] | None:
    """The row of ops.build_info by column name (``incomplete_files`` as a list), None when nothing is published."""
    if not settings.snapshot.exists():
        return None
    with open_snapshot(settings) as con:
        cursor = con.execute("select * from ops.build_info")
        row = cursor.fetchone()
        if row is None:
            return None
        info = dict(zip([column[0] for column in cursor.description], row, strict=True))
    info["incomplete_files"] = json.loads(info["incomplete_files"] or "[]")
    return info
