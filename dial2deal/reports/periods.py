"""Report periods: calendar days, Monday-based ISO weeks, calendar months. Pure functions, no clock."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import total_ordering
from typing import get_args

from dial2deal.policy import Policy
from dial2deal.policy.findings import Granularity

GRANULARITIES: tuple[Granularity, ...] = get_args(Granularity)
GRAIN = {"daily": "day", "weekly": "week", "monthly": "month"}


class PeriodError(ValueError):
    """The text does not name a period of this granularity."""


@total_ordering
@dataclass(frozen=True)
class Period:
    """One day, ISO week or month. ``start`` and ``end`` are local dates, both inside the period."""

    granularity: str
    start: dt.date
    end: dt.date

    @property
    def key(self) -> str:
        """``2026-01-05``, ``2026-W02`` or ``2026-01``: the partition key and the folder's name."""
        if self.granularity == "daily":
            return self.start.isoformat()
        if self.granularity == "weekly":
            year, week, _ = self.start.isocalendar()
            return f"{year}-W{week:02d}"
        return f"{self.start:%Y-%m}"

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def __lt__(self, other: Period) -> bool:
        return (GRANULARITIES.index(self.granularity), self.start) < (
            GRANULARITIES.index(other.granularity),
            other.start,
        )

    def shift(self, count: int) -> Period:
        """The period ``count`` periods later (negative: earlier); at the ends of the calendar it stays where it is."""
        try:
            if self.granularity == "monthly":
                months = self.start.year * 12 + self.start.month - 1 + count
                return containing("monthly", dt.date(months // 12, months % 12 + 1, 1))
            return containing(self.granularity, self.start + dt.timedelta(days=count * self.days))
        except (OverflowError, ValueError):
            return self

    def year_ago(self) -> Period | None:
        """Same date, ISO week number or month a year earlier; None for 29 February and a week 53 without one."""
        return self._other_year(-1)

    def year_later(self) -> Period | None:
        """The period whose `year_ago` this one is."""
        return self._other_year(1)

    def week_ago(self) -> Period | None:
        """Same weekday of the week before; days only."""
        return self.shift(-7) if self.granularity == "daily" else None

    def _other_year(self, years: int) -> Period | None:
        try:
            if self.granularity == "weekly":
                year, week, _ = self.start.isocalendar()
                return containing("weekly", dt.date.fromisocalendar(year + years, week, 1))
            return containing(self.granularity, self.start.replace(year=self.start.year + years))
        except ValueError:
            return None


def containing(granularity: str, day: dt.date) -> Period:
    """The period of ``granularity`` that contains ``day``."""
    if granularity == "daily":
        return Period(granularity, day, day)
    if granularity == "weekly":
        start = day - dt.timedelta(days=min(day.weekday(), (day - dt.date.min).days))
        return Period(granularity, start, start + dt.timedelta(days=min(6, (dt.date.max - start).days)))
    if granularity == "monthly":
        start = day.replace(day=1)
        return Period(granularity, start, start.replace(day=calendar.monthrange(start.year, start.month)[1]))
    raise PeriodError(f"granularity {granularity!r} is not one of {', '.join(GRANULARITIES)}")


def parse(granularity: str, text: str) -> Period:
    """Period named by ``text`` (``2026-01-05``, ``2026-W02``, ``2026-01``); PeriodError otherwise."""
    readers: dict[str, Callable[[str], dt.date]] = {
        "daily": dt.date.fromisoformat,
        "weekly": lambda value: dt.date.fromisocalendar(int(value[:4]), int(value[6:]), 1),
        "monthly": lambda value: dt.date.fromisoformat(f"{value}-01"),
    }
    examples = {"daily": "2026-01-05", "weekly": "2026-W02", "monthly": "2026-01"}
    if granularity not in readers:
        raise PeriodError(f"granularity {granularity!r} is not one of {', '.join(GRANULARITIES)}")
    try:
        period = containing(granularity, readers[granularity](text))
    except ValueError:
        period = None
    if period is None or period.key != text:
        raise PeriodError(f"{text!r} is not a {granularity} period; write it like {examples[granularity]}")
    return period


def last_complete_day(as_of_date: dt.date, as_of_at: dt.datetime | None, complete_after: str) -> dt.date:
    """Latest day all of whose events can be expected in the data (local time of policy ``time_zone``).

    The as-of day itself counts when its latest event is at or after ``complete_after`` (``HH:MM``).
    """
    hour, minute = (int(part) for part in complete_after.split(":")[:2])
    if as_of_at is not None and as_of_at.date() == as_of_date and as_of_at.time() >= dt.time(hour, minute):
        return as_of_date
    return as_of_date - dt.timedelta(days=1)


def is_complete(period: Period, as_of_date: dt.date, as_of_at: dt.datetime | None, policy: Policy) -> bool:
    """Whether the period's last day is complete, relative to the data's as-of, never to the clock."""
    return period.end <= last_complete_day(as_of_date, as_of_at, policy.text("reports.day_complete_after"))


def expected_latest(granularity: str, as_of_date: dt.date, as_of_at: dt.datetime | None, policy: Policy) -> str:
    """Key of the latest complete period: the report that must exist when the data reaches the as-of."""
    last = last_complete_day(as_of_date, as_of_at, policy.text("reports.day_complete_after"))
    period = containing(granularity, last)
    return (period if period.end <= last else period.shift(-1)).key


def periods_touched(
    dates: Iterable[dt.date], as_of_date: dt.date, as_of_at: dt.datetime | None, policy, first_load: bool
) -> list[tuple[str, str]]:
    """Complete periods whose report changes when rows of ``dates`` change, oldest first.

    A touched period changes its own report and those that compare with it (the next period, the same weekday
    a week later, the same period a year later). On a first load only the latest ``reports.first_load.*``
    periods are kept.
    """
    last = last_complete_day(as_of_date, as_of_at, policy.text("reports.day_complete_after"))
    days = sorted(set(dates))
    keys: list[tuple[str, str]] = []
    for granularity in GRANULARITIES:
        touched = {containing(granularity, day) for day in days}
        affected = touched | {other for period in touched for other in _compared_with(period)}
        complete = sorted(period for period in affected if period.end <= last)
        if first_load:
            complete = complete[-int(policy.number(f"reports.first_load.{_PLURAL[granularity]}")) :]
        keys += [(granularity, period.key) for period in complete]
    return keys


_PLURAL = {"daily": "days", "weekly": "weeks", "monthly": "months"}


def _compared_with(period: Period) -> list[Period]:
    """Periods that show ``period`` as their comparison."""
    others = [period.shift(1), period.year_later()]
    if period.granularity == "daily":
        others.append(period.shift(7))
    return [other for other in others if other is not None]
