"""What tables and columns mean, written into the snapshot: any client shows a comment beside the name."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from dial2deal import warehouse
from dial2deal.publish.tables import PublishedTable
from dial2deal.sql import literal


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
                con.execute(f"comment on table {relation} is {literal(table.description)}")
            for column, told in table.columns.items():
                if told and held_columns.get((table.name, column), told) != told:
                    con.execute(f'comment on column {relation}."{column}" is {literal(told)}')
