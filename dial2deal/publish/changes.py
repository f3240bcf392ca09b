"""What changed from one publication to the next, kept in the warehouse until no file can still need it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from dial2deal import warehouse

# A file older than this many publications is rebuilt from nothing instead of being caught up.
_KEPT_GENERATIONS = 20
_EVERYTHING = "*"


@dataclass(frozen=True)
class Changes:
    """Changed dates by generation, the number of an attempt to publish. A file of generation g shows them up to g.

    ``committed`` is the last attempt that was finished, ``everything_in`` the latest one in which more than the
    listed dates may have changed.
    """

    generation: int
    committed: int
    dates: tuple[tuple[int, str, dt.date], ...]  # generation, feed, date
    everything_in: int

    @property
    def pending(self) -> list[dt.date]:
        """Dates of any fact (call, lead, order, cost) that changed after the last finished publication."""
        return sorted({day for number, feed, day in self.dates if number > self.committed and feed.startswith("fct_")})

    @property
    def everything(self) -> bool:
        """True when more than the listed dates may have changed since the last finished publication."""
        return self.everything_in > self.committed

    def covers(self, generation: int | None) -> bool:
        """True when a file of ``generation`` can be caught up date by date."""
        return generation is not None and generation >= max(self.everything_in, self.generation - _KEPT_GENERATIONS)

    def since(self, generation: int | None, feeds: Sequence[str]) -> list[dt.date] | None:
        """Dates of ``feeds`` (none named: of any feed) changed after ``generation``; None when that is unknown."""
        if generation is None or not self.covers(generation):
            return None
        return sorted({day for number, feed, day in self.dates if number > generation and (not feeds or feed in feeds)})


def record(con: duckdb.DuckDBPyConnection, committed: int, *, everything: bool) -> Changes:
    """Note durably which dates the coming publication changes, before any file is touched, and return them.

    Each attempt gets its own number: a killed one may have left a file that shows its dates and no others.
    """
    generation = int(warehouse.get_state(con, "publication_attempt") or 0) + 1
    with warehouse.transaction(con):
        warehouse.set_state(con, "publication_attempt", str(generation))
        con.execute("delete from ops.published_dates where generation <= ?", [generation - _KEPT_GENERATIONS])
        con.execute(
            "insert into ops.published_dates select distinct ?::bigint, feed, event_date from ops.build_dates",
            [generation],
        )
        if everything:
            con.execute("insert into ops.published_dates values (?, ?, null)", [generation, _EVERYTHING])
    rows = con.execute("select generation, feed, event_date from ops.published_dates order by all").fetchall()
    return Changes(
        generation=generation,
        committed=committed,
        dates=tuple((number, feed, day) for number, feed, day in rows if feed != _EVERYTHING),
        everything_in=max((number for number, feed, _ in rows if feed == _EVERYTHING), default=0),
    )
