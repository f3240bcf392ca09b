"""The snapshot file: built beside the published one and swapped in whole.

A publication costs what changed, not what exists. The file replaced last time is kept; when nobody has it open
it receives the dates that changed since and becomes the next snapshot. Otherwise the published file is copied
first, and without a usable file everything is built anew.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dial2deal import storage
from dial2deal.publish import comments, masked
from dial2deal.publish.changes import Changes
from dial2deal.publish.tables import PublishedTable
from dial2deal.settings import Settings
from dial2deal.sql import literal, only_row

# A program that copies the file without opening it as a database holds no lock: give it time to finish.
SPARE_MIN_AGE_SECONDS = 900.0
# Names of earlier versions' files: the snapshot itself and the one it had replaced.
_FORMER_NAMES = ("marts.duckdb", ".marts.previous.duckdb", ".dial2deal.building.duckdb")
_COMPACT_FACTOR = 1.5
_COMPACT_MIN_BYTES = 64 << 20

# Half a million number prefixes that only the models need; they would be most of a small snapshot.
_UNPUBLISHED_POLICY = {"number_regions"}

_OPS_TABLES = {
    "export_files": "select * from warehouse.ops.export_files order by path, file_id",
    "quarantine": "select * from warehouse.ops.quarantine "
    "order by file_id, line, column_name nulls last, reason, raw_line nulls last",
    # The history stays in the warehouse; readers need the latest outcome of each check.
    "check_results": """
        select * from warehouse.ops.check_results
        qualify row_number() over (partition by kind, feed_or_model, check_name, file_id
                                   order by checked_at desc nulls last, build_id desc nulls last) = 1
        order by kind, feed_or_model, check_name, file_id nulls last""",
}


class SnapshotMismatchError(RuntimeError):
    """A snapshot does not hold the same rows as the warehouse."""


@dataclass(frozen=True)
class SnapshotFile:
    """A finished snapshot that nobody sees yet."""

    path: Path
    table_rows: dict[str, int]
    bytes_per_row: float  # of the last build from nothing: what growth is measured against
    base: str  # spare | copy | none


def build(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    tables: Sequence[PublishedTable],
    changes: Changes,
    *,
    bytes_per_row: float | None,
    spare_min_age: float,
) -> SnapshotFile:
    """Write the next snapshot beside the published one, from the warehouse that ``con`` has open.

    Its ops.build_info is the row of temp.new_build_info plus the row count of each table.
    Raises SnapshotMismatchError when even a snapshot built from nothing differs from the warehouse.
    """
    expected = _row_counts(con, "warehouse", tables)
    rows: dict[str, int] = {}
    for base in ("none",) if changes.everything else _bases(settings, spare_min_age):
        working = _prepare(settings, base)
        if not _attach(con, working):
            continue
        try:
            generation = _generation(con) if base != "none" else None
            if base != "none" and not changes.covers(generation):
                continue
            _fill(con, tables, changes, generation)
            comments.write(con, tables)
            rows = _row_counts(con, "snap", tables)
            con.execute(
                "create or replace table snap.ops.build_info as "
                "select * replace (? as table_rows) from temp.new_build_info",
                [json.dumps(rows, sort_keys=True)],
            )
            con.execute("checkpoint snap")
        finally:
            con.execute("detach snap")
        size = working.stat().st_size
        density = size / max(1, sum(rows.values()))
        grown = bytes_per_row is not None and size > _COMPACT_MIN_BYTES and density > _COMPACT_FACTOR * bytes_per_row
        if rows == expected and (base == "none" or not grown):
            return SnapshotFile(working, rows, density if base == "none" else bytes_per_row or density, base)
    differences = {name: (rows.get(name), count) for name, count in expected.items() if rows.get(name) != count}
    raise SnapshotMismatchError(
        f"rows of (snapshot, warehouse) differ after a full copy: {differences}; "
        "the published snapshot stays as it was. Run the build again."
    )


@contextmanager
def opened(con: duckdb.DuckDBPyConnection, built: SnapshotFile) -> Iterator[None]:
    """The finished file attached as ``snap``, to be read."""
    if not _attach(con, built.path, "read_only"):
        raise SnapshotMismatchError(f"{built.path.name} cannot be opened; run the build again.")
    try:
        yield
    finally:
        con.execute("detach snap")


def swap(settings: Settings, built: SnapshotFile) -> None:
    """Make the finished file the published snapshot; the one it replaces becomes the next spare."""
    built.path.chmod(0o444)
    if settings.snapshot.exists():
        _link(settings.snapshot, _spare(settings))
    storage.flush(built.path)
    storage.swap_in(built.path, settings.snapshot)


def remove_former_names(settings: Settings) -> None:
    """Remove what earlier versions published under other names; whoever has such a file open keeps it."""
    for name in _FORMER_NAMES:
        (settings.published / name).unlink(missing_ok=True)


def published_generation(con: duckdb.DuckDBPyConnection, settings: Settings) -> int | None:
    """Generation of the published snapshot, None when there is none that can be read."""
    if not settings.snapshot.exists() or not _attach(con, settings.snapshot, "read_only"):
        return None
    try:
        return _generation(con)
    finally:
        con.execute("detach snap")


def _link(target: Path, name: Path) -> None:
    """Make ``name`` a second name of ``target`` in one step, whatever it was before."""
    fresh = name.with_suffix(".linking")
    fresh.unlink(missing_ok=True)
    os.link(target, fresh)
    os.replace(fresh, name)


def _working(settings: Settings) -> Path:
    return settings.published / ".dial2deal.building.duckdb"


def _spare(settings: Settings) -> Path:
    return settings.published / ".dial2deal.previous.duckdb"


def _bases(settings: Settings, spare_min_age: float) -> Iterator[str]:
    if _spare_is_free(settings, spare_min_age):
        yield "spare"
    if settings.snapshot.exists():
        yield "copy"
    yield "none"


def _spare_is_free(settings: Settings, min_age: float) -> bool:
    spare = _spare(settings)
    if not spare.exists():
        return False
    found = spare.stat()
    # More than one link: it is still the published file (killed between link and swap) or someone's backup.
    return found.st_nlink == 1 and time.time() - found.st_ctime >= min_age and not storage.may_be_open(spare)


def _prepare(settings: Settings, base: str) -> Path:
    working = _working(settings)
    for leftover in (working, working.with_name(f"{working.name}.wal")):
        leftover.unlink(missing_ok=True)
    if base == "spare":
        os.replace(_spare(settings), working)
    elif base == "copy":
        storage.copy(settings.snapshot, working)
    if base != "none":
        working.chmod(0o644)
    return working


def _attach(con: duckdb.DuckDBPyConnection, path: Path, mode: str = "read_write") -> bool:
    """False when another process holds the file or it is no database of this version."""
    quoted = literal(str(path))
    try:
        con.execute(f"attach {quoted} as snap ({mode})")
    except duckdb.Error:
        return False
    return True


def _generation(con: duckdb.DuckDBPyConnection) -> int | None:
    try:
        row = con.execute("select generation from snap.ops.build_info").fetchone()
    except duckdb.CatalogException:
        return None
    return row[0] if row else None


def _fill(
    con: duckdb.DuckDBPyConnection, tables: Sequence[PublishedTable], changes: Changes, generation: int | None
) -> None:
    """Bring the attached file, which shows ``generation`` (None: it is empty), to the warehouse's state."""
    for schema in ("marts", "ops", "policy"):
        con.execute(f"create schema if not exists snap.{schema}")
    held, current = _layouts(con, "snap"), _layouts(con, "warehouse")
    for table in tables:
        same_layout = held.get(("marts", table.name)) == current.get(("marts", table.name))
        dates = changes.since(generation, table.feeds) if table.date_column and same_layout else None
        if dates is None or not _refresh(con, table, dates):
            _replace(con, "marts", table.name, masked.select(con, f'warehouse.marts."{table.name}"'))
    policies = sorted(name for schema, name in current if schema == "policy" and name not in _UNPUBLISHED_POLICY)
    if generation is None or _policy_version(con, "snap.ops.build_info") != _policy_version(con, "temp.new_build_info"):
        for name in policies:
            _replace(con, "policy", name, masked.select(con, f'warehouse.policy."{name}"'))
    for name, query in _OPS_TABLES.items():
        _replace(con, "ops", name, masked.select(con, f"({query})"))
    wanted = {("marts", t.name) for t in tables} | {("policy", n) for n in policies}
    for schema, name in held.keys() - wanted:
        if schema != "ops":
            con.execute(f'drop table snap.{schema}."{name}"')


def _refresh(con: duckdb.DuckDBPyConnection, table: PublishedTable, dates: list[Any]) -> bool:
    """Replace the rows of ``dates`` and those without a date; False when that is most of the table."""
    name, column = f'marts."{table.name}"', f'"{table.date_column}"'
    # Literals, because a list from a subquery would have every row of the history read.
    days = ", ".join(f"date '{day}'" for day in dates) or "null"
    changed = f"({column} in ({days}) or {column} is null)"
    touched, total = only_row(
        con.execute(
            f"select (select count(*) from warehouse.{name} where {changed}), (select count(*) from warehouse.{name})"
        )
    )
    if touched * 2 > total:
        return False
    con.execute(f"delete from snap.{name} where {changed}")
    con.execute(f"insert into snap.{name} {masked.select(con, f'warehouse.{name}')} where {changed}")
    return True


def _replace(con: duckdb.DuckDBPyConnection, schema: str, name: str, query: str) -> None:
    con.execute(f'create or replace table snap.{schema}."{name}" as {query}')


def _layouts(con: duckdb.DuckDBPyConnection, database: str) -> dict[tuple[str, str], str]:
    """(schema, table) → column names and types in order, for the schemas that are published."""
    return {
        (schema, name): layout
        for schema, name, layout in con.execute(
            "select schema_name, table_name, string_agg(column_name || ' ' || data_type, ',' order by column_index) "
            "from duckdb_columns() where database_name = ? and schema_name in ('marts', 'ops', 'policy') group by all",
            [database],
        ).fetchall()
    }


def _policy_version(con: duckdb.DuckDBPyConnection, build_info: str) -> str | None:
    return only_row(con.execute(f"select policy_version from {build_info}"))[0]


def _row_counts(con: duckdb.DuckDBPyConnection, database: str, tables: Sequence[PublishedTable]) -> dict[str, int]:
    return {t.name: only_row(con.execute(f'select count(*) from {database}.marts."{t.name}"'))[0] for t in tables}
