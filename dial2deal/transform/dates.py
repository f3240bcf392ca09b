"""Which dates a build replaces: worked out from what became dirty, and kept in ops.build_dates for the models."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from dial2deal import warehouse
from dial2deal.feeds.catalogue import feeds
from dial2deal.sql import only_row
from dial2deal.transform import extension_plan

# An id that moved to another date has to leave the date it came from, and may win or lose on both.
_WITH_MOVED_IDS = """
    insert into ops.build_dates
    select distinct there.feed, there.event_date
    from ops.moved_ids here
    join ops.build_dates b on b.feed = here.feed and b.event_date = here.event_date
    join ops.moved_ids there
        on there.feed = here.feed and there.source = here.source and there.row_key = here.row_key
    except select feed, event_date from ops.build_dates
"""


# The dates of a feed are dates of what is made of it: legs make calls, calls make facts.
_FOLLOWS = """
    insert into ops.build_dates
    select ?, event_date from ops.build_dates where feed = ?
    except select feed, event_date from ops.build_dates
"""


# Who waits at midnight entered the queue on one day and is answered on the next.
_NEXT_DAYS = """
    insert into ops.build_dates
    select distinct 'fct_queue_waits', event_date + days_on
    from ops.build_dates, unnest([0, 1]) as following(days_on) where feed = 'queue_events'
    except select feed, event_date from ops.build_dates
"""


@dataclass(frozen=True)
class Work:
    """What the coming build has to do. ``full`` rebuilds every model over the whole history."""

    needed: bool
    full: bool


def plan(con: duckdb.DuckDBPyConnection, *, full: bool, date_range: tuple[dt.date, dt.date] | None) -> Work:
    """Fill ops.build_dates in one transaction, and note up to when dirty dates are covered (dirty_copied_at).

    Dates still there are of a build that was not published: readers lack them, so they are built again. Only
    publication empties the table.
    ``full``: everything that raw holds. ``date_range``: additionally all dates of all feeds in it, inclusive.
    """
    with warehouse.transaction(con):
        (copied_at,) = only_row(con.execute("select max(added_at) from ops.dirty_dates"))
        if full or date_range:
            for name in feeds():
                _add_raw_dates(con, name, None if full else date_range)
        con.execute(
            "insert into ops.build_dates select distinct feed, event_date from ops.dirty_dates "
            "except select feed, event_date from ops.build_dates"
        )
        extension_plan.add_dates(con)
        con.execute(_WITH_MOVED_IDS)
        for feed in feeds().values():
            if feed.instead_of:
                con.execute(_FOLLOWS, [feed.instead_of, feed.name])
        # int_propagation adds the dates of facts that other feeds' news touch.
        for feed in feeds().values():
            if feed.fact:
                con.execute(_FOLLOWS, [feed.fact.model, feed.name])
        con.execute(_NEXT_DAYS)
        (dates,) = only_row(con.execute("select count(*) from ops.build_dates"))
        warehouse.set_state(con, "dirty_copied_at", copied_at.isoformat(sep=" ") if copied_at else None)
    return Work(needed=dates > 0, full=full)


def add_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Name every date of the facts: a model that is built anew may change what any report says.

    Feeds get no dates by it, so that nothing else is built.
    """
    for feed in feeds().values():
        if feed.fact:
            con.execute(
                f'insert into ops.build_dates select distinct ?, _event_date from raw."{feed.name}" '
                "except select feed, event_date from ops.build_dates",
                [feed.fact.model],
            )


def rebuilt(con: duckdb.DuckDBPyConnection) -> dict[str, list[dt.date]]:
    """Dates of each feed and fact that the build replaced, oldest first."""
    found: dict[str, list[dt.date]] = {}
    for feed, day in con.execute("select distinct feed, event_date from ops.build_dates order by all").fetchall():
        found.setdefault(feed, []).append(day)
    return found


def _add_raw_dates(con: duckdb.DuckDBPyConnection, feed: str, date_range: tuple[dt.date, dt.date] | None) -> None:
    where = "where _event_date between ? and ?" if date_range else ""
    con.execute(
        f'insert into ops.build_dates select distinct ?, _event_date from raw."{feed}" {where}',
        [feed, *(date_range or ())],
    )
