"""What tables and columns mean, written into the snapshot: any client shows a comment beside the name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import duckdb
import yaml

from dial2deal import warehouse
from dial2deal.publish.tables import PublishedTable

_LABELS = Path(__file__).parents[1] / "reports" / "labels.yml"
_KINDS = ("column", "metric")


def write(con: duckdb.DuckDBPyConnection, tables: Sequence[PublishedTable]) -> None:
    """Bring the comments of the attached snapshot's marts up to date; only what differs is written."""
    held = dict(
        con.execute(
            "select table_name, comment from duckdb_tables() where database_name = 'snap' and schema_name = 'marts'"
        ).fetchall()
    )
    held_columns = {
        (table, column): comment
        for table, column, comment in con.execute(
            "select table_name, column_name, comment from duckdb_columns() where database_name = 'snap' "
            "and schema_name = 'marts'"
        ).fetchall()
    }
    # One transaction: each of some 900 comments would be written through on its own.
    with warehouse.transaction(con):
        for table in tables:
            relation = f'snap.marts."{table.name}"'
            if table.name in held and table.description and held[table.name] != table.description:
                con.execute(f"comment on table {relation} is {_quoted(table.description)}")
            for column, description in table.columns.items():
                told = _told(column, description)
                if told and held_columns.get((table.name, column), told) != told:
                    con.execute(f'comment on column {relation}."{column}" is {_quoted(told)}')


def _told(column: str, description: str) -> str:
    """Chinese name where the catalogue has one, then the description."""
    label = next((found for kind in _KINDS if (found := _labels().get(f"{kind}.{column}", {}).get("zh"))), "")
    return " · ".join(part for part in (label, description) if part)


@cache
def _labels() -> dict[str, dict[str, str]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(_LABELS.read_text(encoding="utf-8"), Loader=loader)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
