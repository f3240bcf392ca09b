"""Report periods as Dagster partitions, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import dagster as dg

from dial2deal.reports import periods

GRANULARITIES = ("daily", "weekly", "monthly")
# Before the oldest public call-centre data; a day costs one bit in the UI. The first Monday of that month
# would start weeks late, so weeks start in the December before.
_FIRST_DAY = "1999-01-01"
_FIRST_WEEK = "1998-12-28"


def definitions(time_zone: str) -> dict[str, dg.TimeWindowPartitionsDefinition]:
    """Days, Monday-based weeks and calendar months of ``time_zone`` (IANA name)."""
    return {
        "daily": dg.DailyPartitionsDefinition(_FIRST_DAY, timezone=time_zone),
        "weekly": dg.WeeklyPartitionsDefinition(_FIRST_WEEK, day_offset=1, timezone=time_zone),
        "monthly": dg.MonthlyPartitionsDefinition(_FIRST_DAY[:7], fmt="%Y-%m", timezone=time_zone),
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


def passed(due: Iterable[tuple[str, str]], time_zone: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(periods over by this machine's clock, those still to come): exports may be dated ahead, partitions are not."""
    known = definitions(time_zone)
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
