"""What tests share: comparing DuckDB files and folders, and what may differ between two equal builds."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import duckdb

from dial2deal.settings import Settings

# These say when and by which build a row was written, never what it says.
_BUILD_COLUMNS = ("build_id", "built_at", "generation")
_CLOCK_COLUMNS = (
    "loaded_at",
    "_loaded_at",
    "audited_at",
    "checked_at",
    "quarantined_at",
    "built_at",
    "added_at",
    "seen_at",
    "finished_at",
)


def few_reports(settings: Settings, *more: str) -> None:
    """Own rules, ``more`` lines of settings among them: a first load makes the latest report of each kind alone.

    A first load would make eighteen: 0.3 CPU s each, a monthly one with its PDF some seconds.
    """
    rows = [f"{{key: reports.first_load.{kind}, value: 1}}" for kind in ("days", "weeks", "months")]
    folder = settings.home / "policy"
    folder.mkdir(exist_ok=True)
    lines = "".join(f"  - {row}\n" for row in (*rows, *more))
    (folder / "settings.yml").write_text(f"settings:\n{lines}", encoding="utf-8")


def dump(
    path: Path,
    schemas: Iterable[str] = ("marts", "policy", "ops"),
    skip: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> dict[str, str]:
    """``schema.table`` → row count and order-independent digest of all rows.

    Leaves out build ids and times of processing, tables in ``skip`` (``schema.table``) and columns in ``ignore``.
    """
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        private = Path(folder) / "copy.duckdb"  # a second open of one path in a process may show the earlier file
        shutil.copyfile(path, private)
        con = duckdb.connect(str(private), read_only=True)
        for schema, table in con.execute(
            "select schema_name, table_name from duckdb_tables() where not internal order by all"
        ).fetchall():
            name = f"{schema}.{table}"
            if schema in schemas and name not in skip:
                found[name] = _digest(con, schema, table, set(ignore))
        con.close()
    return found


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Tables that differ between two dumps, with both sides; empty when equal."""
    return [
        f"{name}: {one.get(name)} != {other.get(name)}"
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    ]


def tree(folder: Path) -> dict[str, str]:
    """Relative path → SHA-256 of every file below ``folder``."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def days(first: str, count: int) -> list[dt.date]:
    """``count`` dates from ISO date ``first``."""
    start = dt.date.fromisoformat(first)
    return [start + dt.timedelta(days=n) for n in range(count)]


def _digest(con: duckdb.DuckDBPyConnection, schema: str, table: str, ignored: set[str]) -> str:
    ignored = {*ignored, *_CLOCK_COLUMNS, *(_BUILD_COLUMNS if schema == "ops" else ())}
    columns = [
        name
        for (name,) in con.execute(
            "select column_name from duckdb_columns() where schema_name = ? and table_name = ? order by column_index",
            [schema, table],
        ).fetchall()
        if name not in ignored
    ]
    texts = ", ".join(f'"{name}"::varchar' for name in columns)
    rows = con.execute(f'select {texts} from {schema}."{table}" order by all').fetchall()
    return f"{len(rows)} rows {hashlib.sha256(repr(rows).encode()).hexdigest()[:16]}"
