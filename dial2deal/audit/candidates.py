"""What the audit looks at: the rows of files not yet audited, in a scratch database of their own.

Great Expectations opens only the scratch file, so it never holds the warehouse. The scratch catalog is named
``candidate`` in both places, so GX's queries for failing rows run unchanged against the attached copy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dial2deal.audit import counted
from dial2deal.audit.suites import EVERY_FILE, Column, Suite
from dial2deal.feeds.catalogue import feeds
from dial2deal.settings import Settings
from dial2deal.sql import literal

CATALOG = "candidate"
# Yuan of rows that a later row of their key and file replaces with another amount, though no time says it is newer.
_LOST_AMOUNT = """
    select _file_id, sum(total - latest) as lost_amount from (
        select _file_id, sum(amount) as total, arg_max(amount, _line) as latest from (
            select _file_id, _row_key, _line, source_updated_at, parse.money(amount_cny)::double as amount
            from raw."{feed}" where _file_id in ({ids}))
        group by _file_id, _row_key
        having count(*) > 1 and min(amount) <> max(amount) and count(distinct source_updated_at) < count(*))
    group by _file_id"""
FILES = EVERY_FILE


@dataclass(frozen=True)
class LoadedFile:
    """One file waiting for its verdict."""

    file_id: str
    source: str
    feed: str
    path: str
    rows_read: int


@dataclass
class Candidates:
    """``unusable``: (feed, column) -> why it could not be derived. ``unreadable``: file_id -> error."""

    path: Path
    unusable: dict[tuple[str, str], str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)


def loaded_files(con: duckdb.DuckDBPyConnection, feeds: list[str] | None) -> list[LoadedFile]:
    """Files with status ``loaded``, of ``feeds`` only when given, in the order of their paths."""
    rows = con.execute(
        "select file_id, source, feed, path, rows_read from ops.export_files "
        "where status = 'loaded' order by path, file_id"
    ).fetchall()
    return [LoadedFile(*row) for row in rows if feeds is None or row[2] in feeds]


def build(
    con: duckdb.DuckDBPyConnection, settings: Settings, suites: dict[str, Suite], files: list[LoadedFile]
) -> Candidates:
    """Derive the columns that the suites check, for ``files`` only, into a fresh scratch database."""
    candidates = Candidates(settings.tmp / f"{CATALOG}.duckdb")
    discard(candidates.path)
    attach(con, candidates.path, read_only=False)
    try:
        _file_facts(con, files)
        for feed in sorted({file.feed for file in files}):
            ids = [file.file_id for file in files if file.feed == feed]
            _rows(con, suites[feed], ids, candidates)
    finally:
        con.execute(f"detach {CATALOG}")
    return candidates


def attach(con: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool = True) -> None:
    """Attach the scratch database under the name GX knows it by."""
    mode = " (read_only)" if read_only else ""
    con.execute(f"attach {literal(str(path))} as {CATALOG}{mode}")


def discard(path: Path) -> None:
    """Remove the scratch database and its write-ahead log."""
    for leftover in (path, path.with_name(path.name + ".wal")):
        leftover.unlink(missing_ok=True)


def id_list(file_ids: list[str]) -> str:
    """SQL list of file ids: literals let DuckDB skip row groups of other files by their zone maps."""
    return ", ".join(literal(file_id) for file_id in file_ids)


def _file_facts(con: duckdb.DuckDBPyConnection, files: list[LoadedFile]) -> None:
    """One row per file: what the loader counted beside what raw.<feed> really holds."""
    per_feed, lost = [], ["select null as _file_id, null::double as lost_amount where false"]
    for feed in sorted({file.feed for file in files}):
        ids = id_list([file.file_id for file in files if file.feed == feed])
        # Rows that are added up repeat their key rightly.
        keys = "count(*)" if feeds()[feed].adds_up else "count(distinct hash(_row_key))"
        if "amount_cny" in feeds()[feed].columns and not feeds()[feed].adds_up:
            lost.append(_LOST_AMOUNT.format(feed=feed, ids=ids))
        # Counting 64-bit hashes instead of texts: 3x faster, and one collision in 10^9 pairs only hides a warning.
        per_feed.append(f"""
            select _file_id, count(*) as raw_rows, {keys} as raw_keys,
                   median(_event_date) filter (where _event_date > date '1970-01-01') as median_date
            from raw."{feed}" where _file_id in ({ids}) group by _file_id""")
    con.execute(
        f"""
        create table {CATALOG}.{FILES} as
        with raw_facts as ({" union all ".join(per_feed)}), lost as ({" union all ".join(lost)})
        select f.file_id as _file_id, 0::bigint as _line, f.source, f.feed, f.path, f.delivered_at,
               f.rows_read, f.rows_accepted, f.rows_quarantined, f.rows_duplicate, f.rows_superseded,
               coalesce(r.raw_rows, 0) as raw_rows, r.median_date::date as median_date,
               f.rows_read - f.rows_accepted - f.rows_quarantined - f.rows_duplicate - f.rows_superseded
                   as rows_unaccounted,
               f.rows_accepted + f.rows_superseded - coalesce(r.raw_rows, 0) as rows_not_stored,
               (select count(*) from (select unnest(f.column_readings::json[]) as c) where c->>'why' = 'contradiction')
                   as contradictions,
               f.rows_quarantined / nullif(f.rows_read, 0) as quarantined_share,
               lost.lost_amount, 1 - r.raw_keys / r.raw_rows as repeated_key_share,
               f.file_id not in (select unnest(?::varchar[])) as is_of_single_events
        from ops.export_files f
        left join raw_facts r on r._file_id = f.file_id
        left join lost on lost._file_id = f.file_id
        where f.file_id in ({id_list([file.file_id for file in files])})""",
        [counted.mistaken_files(con, [(file.file_id, file.feed) for file in files])],
    )


def _rows(con: duckdb.DuckDBPyConnection, suite: Suite, file_ids: list[str], candidates: Candidates) -> None:
    usable = list(suite.columns)
    if _binding_error(con, suite, usable):
        errors = {column.name: _binding_error(con, suite, [column]) for column in suite.columns}
        candidates.unusable |= {(suite.feed, name): error for name, error in errors.items() if error}
        usable = [column for column in suite.columns if errors[column.name] is None]
    table = f'{CATALOG}."{suite.feed}"'
    try:
        con.execute(f"create table {table} as {_select(suite, usable, file_ids)}")
    except duckdb.Error:
        # An expression raised on some row: find out in which file, so that the others get their verdict.
        con.execute(f"create table {table} as {_select(suite, usable, file_ids)} limit 0")
        for file_id in file_ids:
            try:
                con.execute(f"insert into {table} {_select(suite, usable, [file_id])}")
            except duckdb.Error as error:
                candidates.unreadable[file_id] = first_line(error)


def _select(suite: Suite, columns: list[Column], file_ids: list[str]) -> str:
    expressions = [f'{column.sql or _mapped(column)} as "{column.name}"' for column in columns]
    used = " ".join(column.sql or f"map_{column.maps}." for column in columns)
    maps = sorted({column.maps for column in suite.columns if column.maps and f"map_{column.maps}." in used})
    joins = [_map_join(suite.feed, raw) for raw in maps]
    values = [f'{sql} as "{name}"' for name, sql in suite.values.items() if f"r.{name}" in used]
    return f"""
        select {", ".join(["r._file_id", "r._line", *expressions])}
        from (select {", ".join(["*", *values])} from raw."{suite.feed}"
              where _file_id in ({id_list(file_ids)})) r
        inner join {CATALOG}.{FILES} f on f._file_id = r._file_id
        {" ".join(joins)}"""


def _mapped(column: Column) -> str:
    raw = f'lower(trim(r."{column.maps}"))'
    return f"coalesce(map_{column.maps}.canonical_value, nullif({raw}, ''))"


def _map_join(feed: str, column: str) -> str:
    alias = f"map_{column}"
    return f"""
        left join (select source, raw_value, min(canonical_value) as canonical_value from ops.value_maps
                   where feed = '{feed}' and column_name = '{column}' group by source, raw_value) {alias}
        on {alias}.source = r._source and {alias}.raw_value = lower(trim(r."{column}"))"""


def _binding_error(con: duckdb.DuckDBPyConnection, suite: Suite, columns: list[Column]) -> str | None:
    try:
        con.execute(f"prepare binding as {_select(suite, columns, [''])}")
    except duckdb.Error as error:
        return first_line(error)
    return None


def first_line(error: BaseException) -> str:
    """First line of an engine's message: the rest quotes SQL and may quote data."""
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
