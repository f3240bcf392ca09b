"""Rows dated after tomorrow: a typing error in one year must not move the day up to which the data reaches."""

from __future__ import annotations

import datetime as dt

import duckdb

from dial2deal import warehouse
from dial2deal.feeds.catalogue import feeds
from dial2deal.sql import identifier, only_row

# Plans and budgets lie ahead, but not for long.
_AHEAD = dt.timedelta(days=3660)
_TOMORROW = dt.timedelta(days=1)
# Where no row of the warehouse is dated before tomorrow it is the clock that is wrong, as after an empty battery.
_CLOCK_LATE = dt.timedelta(days=30 * 366)


def quarantine_far_dates(con: duckdb.DuckDBPyConnection, *, today: dt.date | None = None) -> int:
    """Move rows dated after tomorrow from raw into quarantine; their number.

    Tomorrow is reckoned from this machine's clock or the file's modification time, whichever is later. Files loaded
    by earlier versions are looked at too, and the dates that their rows leave become dirty. Idempotent.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    if not _has_rows_until(con, today + _TOMORROW):
        today += _CLOCK_LATE
    moved = 0
    for file_id, feed, status, modified, last in con.execute(
        "select file_id, feed, status, coalesce(modified_at::date, ?), last_event_date from ops.export_files "
        "where last_event_date > ? and status in ('loaded', 'accepted', 'held') order by path, file_id",
        [today, today + _TOMORROW],
    ).fetchall():
        reference = max(today, min(modified, today + _CLOCK_LATE))
        latest = reference + (_AHEAD if feeds()[feed].may_lie_ahead else _TOMORROW)
        if last > latest:
            with warehouse.transaction(con):
                moved += _move(con, file_id, feed, status, latest, reference)
    return moved


def _has_rows_until(con: duckdb.DuckDBPyConnection, day: dt.date) -> bool:
    return only_row(
        con.execute(
            "select count(*) = 0 or min(first_event_date) <= ? from ops.export_files where first_event_date is not null",
            [day],
        )
    )[0]


def _move(
    con: duckdb.DuckDBPyConnection, file_id: str, feed: str, status: str, latest: dt.date, reference: dt.date
) -> int:
    definition = feeds()[feed]
    raw, event = f"raw.{identifier(feed)}", definition.event_column
    far = "_file_id = $file and _event_date > $latest"
    cells = ", ".join(
        f"coalesce(parse.mask({identifier(c.name)}), {identifier(c.name)})" if c.kind == "phone" else identifier(c.name)
        for c in definition.columns.values()
    )
    reason = (
        f"'{event} lies after tomorrow: ' || _event_date || ' (today is {reference} by this machine''s clock); "
        "correct the date where the file comes from and deliver it again'"
    )
    given = {"file": file_id, "latest": latest}
    dates = [
        day
        for (day,) in con.execute(f"select distinct _event_date from {raw} where {far} order by 1", given).fetchall()
    ]
    moved = only_row(
        con.execute(
            f"insert into ops.quarantine select _file_id, _line, $column, {reason}, "
            f"left(parse.mask_text(concat_ws(',', {cells})), 2000), _event_date, now() at time zone 'UTC' "
            f"from {raw} where {far} order by _line",
            {**given, "column": event},
        )
    )[0]
    con.execute(f"delete from {raw} where {far}", given)
    first, last = only_row(
        con.execute(
            f"select min(_event_date) filter (_event_date > date '1970-01-01'), max(_event_date) "
            f"from {raw} where _file_id = ?",
            [file_id],
        )
    )
    left, keys = only_row(
        con.execute(f"select count(*), count(distinct _row_key) from {raw} where _file_id = ?", [file_id])
    )
    con.execute(
        "update ops.export_files set rows_quarantined = rows_quarantined + $moved, "
        "rows_superseded = least(rows_superseded, $repeated), first_event_date = $first, last_event_date = $last "
        "where file_id = $file",
        {"moved": moved, "repeated": left - keys, "first": first, "last": last if first else None, "file": file_id},
    )
    # What is neither quarantined nor superseded is accepted, as far as it is no duplicate of another file's row.
    con.execute(
        "update ops.export_files set rows_accepted = greatest(rest - rows_duplicate, 0), "
        "rows_duplicate = least(rest, rows_duplicate) "
        "from (select file_id as id, rows_read - rows_quarantined - rows_superseded as rest from ops.export_files) "
        "where file_id = id and file_id = ?",
        [file_id],
    )
    if status == "accepted":
        warehouse.mark_dirty(con, feed, dates, "rows dated after tomorrow")
    return moved
