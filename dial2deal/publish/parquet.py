"""Parquet copies of the published tables, one folder per publication.

``published/parquet`` is a link to the folder of the latest publication. Files of dates that did not change are
hard links to the earlier folder's. A reader that resolves the link first sees one publication throughout.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from dial2deal import storage
from dial2deal.publish.changes import Changes
from dial2deal.publish.tables import PublishedTable
from dial2deal.settings import Settings
from dial2deal.sql import literal

_KEPT = 2
_NO_DATE = "__HIVE_DEFAULT_PARTITION__"
_OPTIONS = "format parquet, compression zstd"


def write(
    con: duckdb.DuckDBPyConnection, settings: Settings, tables: Sequence[PublishedTable], changes: Changes
) -> Path:
    """Write the folder of the coming publication and return it; readers do not see it before ``swap``.

    The rows are those of the finished snapshot, attached as ``snap``: masked there, and masked once.
    """
    root = _root(settings)
    building = root / "building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    base = _current(settings)
    layouts = {t.name: _layout(con, t) for t in tables}
    known = _read_index(base) if base else {"generation": None, "layouts": {}}
    for table in tables:
        dates = None
        if table.partition_column and known["layouts"].get(table.name) == layouts[table.name]:
            dates = changes.since(known["generation"], table.feeds)
        _write_table(con, table, building / table.name, base / table.name if base else None, dates, changes.generation)
    index = {"generation": changes.generation, "layouts": layouts}
    (building / "index.json").write_text(json.dumps(index, sort_keys=True, indent=1), encoding="utf-8")
    target = next(
        path for path in (root / f"{changes.generation:08d}{suffix}" for suffix in _suffixes()) if not path.exists()
    )
    os.replace(building, target)
    return target


def swap(settings: Settings, folder: Path) -> None:
    """Point ``published/parquet`` at ``folder`` and delete all but the last two folders."""
    link = settings.published / "parquet"
    fresh = settings.published / ".parquet.link"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.relative_to(settings.published), target_is_directory=True)
    before = _current(settings)
    os.replace(fresh, link)
    storage.flush(settings.published)
    keep = {folder, before}
    for other in sorted(_root(settings).iterdir()):
        if other not in keep:
            shutil.rmtree(other, ignore_errors=True)


def published_generation(settings: Settings) -> int | None:
    """Generation of the folder that ``published/parquet`` shows, None when there is none."""
    base = _current(settings)
    return _read_index(base)["generation"] if base else None


def _root(settings: Settings) -> Path:
    return settings.published / ".parquet"


def _current(settings: Settings) -> Path | None:
    link = settings.published / "parquet"
    if not link.is_symlink() or not (link / "index.json").exists():
        return None
    return _root(settings) / Path(os.readlink(link)).name


def _read_index(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "index.json").read_text(encoding="utf-8"))


def _suffixes() -> Iterator[str]:
    return itertools.chain([""], (f"-{n}" for n in itertools.count(1)))


def _layout(con: duckdb.DuckDBPyConnection, table: PublishedTable) -> list[str]:
    columns = con.execute(
        "select column_name || ' ' || data_type from duckdb_columns() where database_name = "
        "'warehouse' and schema_name = 'marts' and table_name = ? order by column_index",
        [table.name],
    ).fetchall()
    return [f"partitioned by {table.partition_column}", *(column for (column,) in columns)]


def _write_table(
    con: duckdb.DuckDBPyConnection,
    table: PublishedTable,
    folder: Path,
    earlier: Path | None,
    dates: list[Any] | None,
    generation: int,
) -> None:
    source = f'from snap.marts."{table.name}"'
    folder.mkdir()
    if not table.partition_column:
        _copy_to(con, source, folder / f"{generation:08d}.parquet", _OPTIONS)
        return
    column = f'"{table.partition_column}"'
    options = f"{_OPTIONS}, partition_by ({column}), filename_pattern '{generation:08d}_{{i}}', overwrite_or_ignore"
    if dates is None or earlier is None:
        _copy_to(con, source, folder, options)
        return
    touched = {f"{table.partition_column}={day}" for day in (*map(str, dates), _NO_DATE)}
    for partition in sorted(earlier.iterdir()):
        if partition.name not in touched:
            _link_all(partition, folder / partition.name)
    days = ", ".join(f"date '{day}'" for day in dates) or "null"
    _copy_to(con, f"{source} where {column} in ({days}) or {column} is null", folder, options)


def _link_all(source: Path, target: Path) -> None:
    target.mkdir()
    for file in source.iterdir():
        os.link(file, target / file.name)


def _copy_to(con: duckdb.DuckDBPyConnection, query: str, target: Path, options: str) -> None:
    quoted = literal(str(target))
    con.execute(f"copy ({query}) to {quoted} ({options})")
