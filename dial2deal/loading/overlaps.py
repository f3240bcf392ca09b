"""Which deliveries cover the same time, and how many of their rows are the same → ops.file_overlaps."""

from __future__ import annotations

import duckdb

from dial2deal.feeds.catalogue import Feed, feeds
from dial2deal.sql import identifier

# A file that meets hundreds of others is one of many parts of a day; the closest relations tell the story.
_KEPT_PER_FILE = 20


def note(con: duckdb.DuckDBPyConnection) -> None:
    """Find what the files not yet audited share with earlier ones; idempotent, so a killed load is made good.

    Files are compared only where the dates of two files of one source and feed meet, so daily files cost nothing.
    """
    for feed in feeds().values():
        if feed.event_column is not None and _pairs(con, feed):
            _store(con, feed)


def _pairs(con: duckdb.DuckDBPyConnection, feed: Feed) -> bool:
    """Fill the temporary table ``met``: later and earlier file with the dates both have; False when there are none."""
    con.execute(
        "create or replace temp table met as select n.file_id as later, o.file_id as earlier, "
        "greatest(n.first_event_date, o.first_event_date) as first_date, "
        "least(n.last_event_date, o.last_event_date) as last_date, n.rows_duplicate > 0 as has_same "
        "from ops.export_files n join ops.export_files o on n.source = o.source and n.feed = o.feed "
        "and n.first_event_date <= o.last_event_date and o.first_event_date <= n.last_event_date "
        "and (o.status <> 'loaded' or (o.delivered_at, o.path) < (n.delivered_at, n.path)) and n.file_id <> o.file_id "
        "where n.status = 'loaded' and o.status in ('loaded', 'accepted', 'held') and n.feed = ?",
        [feed.name],
    )
    return con.execute("select 1 from met limit 1").fetchone() is not None


def _store(con: duckdb.DuckDBPyConnection, feed: Feed) -> None:
    raw = f"raw.{identifier(feed.name)}"
    # Time of day decides for files that meet on one date only: hourly exports do not overlap.
    con.execute(
        "create or replace temp table spans as "
        "select _file_id, _event_date, min(moment) as first_at, max(moment) as last_at "
        f"from (select _file_id, _event_date, parse.ts({identifier(feed.event_column)}) as moment from {raw} "
        "where _file_id in (select later from met union select earlier from met) "
        "and _event_date between (select min(first_date) from met) and (select max(last_date) from met)) "
        "where moment is not null group by all"
    )
    con.execute(
        "create or replace temp table same as select n._file_id as later, o._file_id as earlier, count(*) as rows_same "
        f"from {raw} n join {raw} o on n._event_date = o._event_date and n._row_hash = o._row_hash "
        "and n._row_key = o._row_key join met on met.later = n._file_id and met.earlier = o._file_id "
        "where n._file_id in (select later from met where has_same) "
        "and o._file_id in (select earlier from met where has_same) group by all"
    )
    con.execute("delete from ops.file_overlaps where file_id in (select later from met)")
    con.execute(
        "insert into ops.file_overlaps select later, earlier, min(greatest(n.first_at, o.first_at)), "
        "max(least(n.last_at, o.last_at)), coalesce(any_value(rows_same), 0) as same_rows "
        "from met join spans n on n._file_id = later join spans o on o._file_id = earlier "
        "and o._event_date = n._event_date left join same using (later, earlier) "
        "where n.first_at <= o.last_at and o.first_at <= n.last_at group by later, earlier "
        f"qualify row_number() over (partition by later order by same_rows desc, earlier) <= {_KEPT_PER_FILE}"
    )
