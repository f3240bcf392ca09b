"""Take back a delivery that was a mistake: its file in landing and what the books say of it."""

from __future__ import annotations

from pathlib import Path

import duckdb

from dial2deal import warehouse
from dial2deal.landing.deliveries import deliveries
from dial2deal.settings import Settings


class ForgetError(ValueError):
    """The file cannot be forgotten; the message says why and what to do."""


def forget(con: duckdb.DuckDBPyConnection, settings: Settings, file: str) -> list[str]:
    """Remove the failed or held file with id or landing path ``file``; lines that say what was removed.

    Files whose rows count are never touched. Raises ForgetError.
    """
    rows = con.execute(
        "select file_id, feed, path, status, rows_read from ops.export_files "
        "where file_id = ? or path = ? order by path",
        [file, file],
    ).fetchall()
    if not rows:
        raise ForgetError(f"{file}: no such file was delivered; 'dial2deal files' lists all.")
    open_ = [row for row in rows if row[3] in ("failed", "held")]
    if not open_:
        raise ForgetError(
            f"{file} is {rows[0][3]}, and only failed and held files are forgotten: rows that count are "
            "corrected by a newer delivery."
        )
    removed = []
    for file_id, feed, path, status, read in open_:
        there = _in_landing(settings, path)
        with warehouse.transaction(con):
            for table in ("export_files", "landing_paths", "quarantine", "file_totals"):
                con.execute(f"delete from ops.{table} where file_id = ?", [file_id])
            con.execute("delete from ops.file_overlaps where file_id = $1 or earlier_file_id = $1", [file_id])
            if status == "held":
                con.execute(f'delete from raw."{feed}" where _file_id = ?', [file_id])
        if there is not None:
            there.unlink(missing_ok=True)
        removed.append(
            f"{path} ({status}, {read:,} rows) is forgotten" + (" and removed from landing." if there else _stays(path))
        )
    return removed


def _in_landing(settings: Settings, path: str) -> Path | None:
    """The file that is called ``path``; None when it is gone or lies in an archive."""
    return next(
        (
            delivery.path
            for delivery in deliveries(settings.landing, "UTC")
            if delivery.relative == path and delivery.path.is_file()
        ),
        None,
    )


def _stays(path: str) -> str:
    return (
        f"; it comes again unless {path.partition('!')[0]} is removed or packed without it."
        if "!" in path
        else "; it had left landing already."
    )
