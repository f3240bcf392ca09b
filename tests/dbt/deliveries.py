"""Deliveries of files without files: rows go into the raw tables as the loader would put them there."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import duckdb

from dial2deal import policy, warehouse
from dial2deal.feeds.catalogue import PROVENANCE, feeds
from dial2deal.loading import ledger
from dial2deal.policy.models import ValueMap
from dial2deal.settings import Settings

UNDATED = dt.date(1970, 1, 1)
SOURCES = ("hotline", "crm", "crm2")
Row = dict[str, str]


class Deliveries:
    """One warehouse and what is delivered to it. Text of dates must be ISO, so that a row's date is its prefix."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home).ensure()
        self.policy = policy.load(self.settings)
        with warehouse.session(self.settings) as con:
            for feed in feeds().values():
                columns = {**dict.fromkeys(feed.columns, "varchar"), **PROVENANCE}
                con.execute(f"create table raw.{feed.name} ({', '.join(f'{c} {kind}' for c, kind in columns.items())})")
            policy.sync(con, self.policy)
            ledger.prepare(con, self.policy)
            con.execute("delete from ops.dirty_dates")
            _write_value_maps(con, self.policy)

    def deliver(self, source: str, feed: str, rows: list[Row], at: str, *, accepted: bool = True) -> str:
        """One file with ``rows``, delivered ``at`` (ISO time); returns its file_id. Exact repetitions are dropped."""
        spec = feeds()[feed]
        path = f"{source}/{feed}/{at.replace(':', '').replace(' ', 'T')}.csv"
        file_id = hashlib.sha256((path + repr(rows)).encode()).hexdigest()[:16]
        prepared, seen = [], set()
        for line, row in enumerate(rows, start=2):
            key = "|".join(row.get(column, "") or "" for column in spec.key)
            text = repr([row.get(column) for column in spec.columns])
            row_hash = int(hashlib.sha256(text.encode()).hexdigest()[:15], 16)
            if (key, row_hash) in seen:
                continue
            seen.add((key, row_hash))
            day = dt.date.fromisoformat(row[spec.event_column][:10]) if row.get(spec.event_column or "") else UNDATED
            prepared.append(
                [
                    *(row.get(column) for column in spec.columns),
                    None,
                    source,
                    file_id,
                    line,
                    key,
                    row_hash,
                    day,
                    dt.datetime(2026, 1, 1),
                ]
            )
        with warehouse.session(self.settings) as con, warehouse.transaction(con):
            columns = [*spec.columns, *PROVENANCE]
            marks = ", ".join("?" for _ in columns)
            if prepared:
                con.executemany(f"insert into raw.{feed} ({', '.join(columns)}) values ({marks})", prepared)
            con.execute(
                "insert into ops.export_files by name select ? as file_id, ? as source, ? as feed, ? as path, "
                "'' as sha256, 0 as bytes, ?::timestamp as modified_at, ?::timestamp as delivered_at, "
                "? as rows_read, ? as rows_accepted, ? as rows_duplicate, ? as status, "
                "timestamp '2026-01-01' as loaded_at",
                [
                    file_id,
                    source,
                    feed,
                    path,
                    at,
                    at,
                    len(rows),
                    len(prepared),
                    len(rows) - len(prepared),
                    "accepted" if accepted else "held",
                ],
            )
            _note_moved_ids(con, feed)
            if accepted:
                warehouse.mark_dirty(con, feed, sorted({row[-2] for row in prepared}), "new file")
        return file_id

    def published(self) -> None:
        """What publishing does to the bookkeeping: the dates that were rebuilt are no longer dirty."""
        with warehouse.session(self.settings) as con:
            at = warehouse.get_state(con, "dirty_copied_at")
            con.execute("delete from ops.dirty_dates where added_at <= ?::timestamp", [at])
            con.execute("delete from ops.build_dates")

    def query(self, sql: str) -> list[tuple]:
        with warehouse.session(self.settings) as con:
            return con.execute(sql).fetchall()

    def tables(self, schemas: tuple[str, ...] = ("staging", "quality", "marts", "core")) -> dict[str, list[tuple]]:
        """All rows of every table, sorted: what two builds of the same files must agree on."""
        with warehouse.session(self.settings) as con:
            names = con.execute(
                "select schema_name, table_name from duckdb_tables() where schema_name in "
                "(select unnest(?)) order by all",
                [list(schemas)],
            ).fetchall()
            found = {}
            for schema, table in names:
                columns = [
                    f'"{name}"'
                    for (name,) in con.execute(
                        "select column_name from duckdb_columns() where schema_name = ? and table_name = ? "
                        "and column_name not in ('loaded_at') order by column_name",
                        [schema, table],
                    ).fetchall()
                ]
                found[f"{schema}.{table}"] = con.execute(
                    f'select {", ".join(columns)} from {schema}."{table}" order by all'
                ).fetchall()
            return found


def _note_moved_ids(con: duckdb.DuckDBPyConnection, feed: str) -> None:
    con.execute("delete from ops.moved_ids where feed = ?", [feed])
    unit = feeds()[feed].united_by or "_row_key"
    con.execute(
        f"""
        insert into ops.moved_ids by name
        select distinct _source as source, ? as feed, {unit} as row_key, _event_date as event_date from raw.{feed}
        where (_source, {unit}) in (
            select _source, {unit} from raw.{feed} group by all having count(distinct _event_date) > 1)""",
        [feed],
    )


def _write_value_maps(con: duckdb.DuckDBPyConnection, rules: policy.Policy) -> None:
    con.execute("delete from ops.value_maps")
    rows = [
        (source, feed.name, row.column_name, row.raw_value.strip().lower(), row.canonical_value)
        for source in SOURCES
        for feed in feeds().values()
        for row in rules.rows(ValueMap)
        if row.feed in ("*", feed.name) and row.column_name in feed.columns
    ]
    con.execute(
        "insert into ops.value_maps select unnest($1::varchar[]), unnest($2::varchar[]), "
        "unnest($3::varchar[]), unnest($4::varchar[]), unnest($5::varchar[])",
        [list(column) for column in zip(*rows, strict=True)],
    )
