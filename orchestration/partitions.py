"""Report periods as Dagster partitions, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import duckdb

from dial2deal import published
from dial2deal.publish import report_queue
from dial2deal.reports import periods
from dial2deal.settings import Settings

GRANULARITIES = ("daily", "weekly", "monthly")
# Before the oldest public call-centre data: where partitions start while nothing is published.
EARLIEST = date(1999, 1, 1)
_FIRST_EVENTS = """
select least(coalesce((select min(started_at) from marts.fct_calls), date '2999-12-31'),
             coalesce((select min(created_at) from marts.fct_leads), date '2999-12-31'),
             coalesce((select min(ordered_at) from marts.fct_orders), date '2999-12-31'))::date
"""


def first_day(settings: Settings) -> date:
    """The day on which the published data begin, or an earlier due period; EARLIEST when nothing is published."""
    try:
        with published.connect(settings) as con:
            (found,) = con.execute(_FIRST_EVENTS).fetchone() or (EARLIEST,)
    except (published.NothingPublishedError, duckdb.Error):
        return EARLIEST
    due = [
        date.fromisoformat(f"{key(granularity, name)}-01"[:10]) for granularity, name in report_queue.pending(settings)
    ]
    found = min([found, *due])
    return found if EARLIEST <= found <= datetime.now(UTC).date() else EARLIEST


def definitions(time_zone: str, first: date = EARLIEST) -> dict[str, dg.TimeWindowPartitionsDefinition]:
    """Days, Monday-based weeks and calendar months of ``time_zone`` (IANA name) from those with ``first`` in them."""
    return {
        "daily": dg.DailyPartitionsDefinition(first.isoformat(), timezone=time_zone),
        "weekly": dg.WeeklyPartitionsDefinition(
            (first - timedelta(days=first.weekday())).isoformat(), day_offset=1, timezone=time_zone
        ),
        "monthly": dg.MonthlyPartitionsDefinition(f"{first:%Y-%m}", fmt="%Y-%m", timezone=time_zone),
    }


def period(granularity: str, key: str) -> str:
    """Report period of a partition key: weeks are named ``2026-W02``, the others are the same."""
    if granularity != "weekly":
        return key
    year, week, _ = date.fromisoformat(key).isocalendar()
    return f"{year}-W{week:02d}"


def key(granularity: str, name: str) -> str:
    """Partition key of a report period; ValueError when it does not name one."""
    if granularity == "weekly":
        return date.fromisocalendar(int(name[:4]), int(name.partition("-W")[2]), 1).isoformat()
    return name


@dataclass(frozen=True)
class Range:
    """Consecutive periods of one granularity, by partition key."""

    granularity: str
    first: str
    last: str

    @property
    def tags(self) -> dict[str, str]:
        """Run tags that make one run cover the whole range."""
        return {"dagster/asset_partition_range_start": self.first, "dagster/asset_partition_range_end": self.last}


def ranges(due: Iterable[tuple[str, str]]) -> list[Range]:
    """Contiguous ranges of (granularity, period) pairs: days first, then weeks and months, oldest first."""
    keys = {(granularity, key(granularity, name)) for granularity, name in due}
    result: list[Range] = []
    for granularity in GRANULARITIES:
        for name in sorted(name for kind, name in keys if kind == granularity):
            before = result[-1] if result else None
            if before and before.granularity == granularity and next_key(granularity, before.last) == name:
                result[-1] = Range(granularity, before.first, name)
            else:
                result.append(Range(granularity, name, name))
    return result


def named(granularity: str, name: str) -> str:
    """The period that ``name`` names: a report's name, or Dagster's, which calls a week by its Monday."""
    return period(granularity, name) if granularity == "weekly" and "W" not in name.upper() else name


def passed(
    due: Iterable[tuple[str, str]], time_zone: str, first: date = EARLIEST
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(periods that have a partition, the others): exports may be dated ahead of the clock, partitions are not.

    ``first``: where the partitions start.
    """
    known = definitions(time_zone, first)
    over, ahead = [], []
    for granularity, name in due:
        there = known[granularity].has_partition_key(key(granularity, name))
        (over if there else ahead).append((granularity, name))
    return over, ahead


def between(granularity: str, first: str, last: str) -> list[str]:
    """Report periods from ``first`` to ``last``, both included; PeriodError when one is none, or the order is wrong."""
    start, end = periods.parse(granularity, first), periods.parse(granularity, last)
    if end < start:
        raise periods.PeriodError(f"{first} is after {last}; name the earlier period first")
    result = [start]
    while result[-1] < end:
        result.append(result[-1].shift(1))
    return [found.key for found in result]


def next_key(granularity: str, name: str) -> str:
    """The partition key after ``name``."""
    if granularity == "monthly":
        return (date.fromisoformat(f"{name}-01") + timedelta(days=31)).isoformat()[:7]
    return (date.fromisoformat(name) + timedelta(days=1 if granularity == "daily" else 7)).isoformat()
