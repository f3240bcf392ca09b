"""Metric numbers by period, asked from the semantic layer in wide ranges and kept for the next report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from dial2deal.metrics.catalog import Metric
from dial2deal.reports.periods import GRAIN, Period, containing

Row = dict[str, Any]


class MetricSource(Protocol):
    """What reports need of `dial2deal.metrics.Metrics`."""

    def query(
        self,
        metrics: Sequence[str],
        group_by: Sequence[str] = (),
        *,
        start: dt.date | None = None,
        end: dt.date | None = None,
        filters: Sequence[Any] = (),
        order_by: Sequence[str] = (),
        limit: int | None = None,
    ) -> list[Row]: ...

    def definition(self, metric: str) -> Metric: ...

    def dimensions(self) -> list[Row]: ...

    def labels(self, dimension: str) -> dict[str, tuple[str, str]]: ...


@dataclass
class Facts:
    """Rows of metrics × dimensions × period. One query answers many periods: a build renders them in a row."""

    source: MetricSource
    first: dt.date
    last: dt.date
    _loaded: dict[tuple[Any, ...], tuple[dt.date, dt.date, list[Row]]] = field(default_factory=dict, repr=False)

    def by_period(
        self, metrics: Sequence[str], granularity: str, start: dt.date, end: dt.date, dimensions: Sequence[str] = ()
    ) -> list[Row]:
        """Rows with ``period_start`` (date) for every period from ``start`` to ``end`` that has data.

        Ordered by period, then dimensions. Decimals become floats; absent metrics are None.
        """
        key = (tuple(metrics), granularity, tuple(dimensions))
        start, end = containing(granularity, start).start, containing(granularity, end).end
        low, high, rows = self._loaded.get(key, (dt.date.max, dt.date.min, []))
        if not (low <= max(start, self.first) and min(end, self.last) <= high):
            low, high = self._widened(granularity, start, end)
            rows = self._ask(metrics, granularity, low, high, dimensions)
            self._loaded[key] = (low, high, rows)
        return [row for row in rows if start <= row["period_start"] <= end]

    def totals(self, metrics: Sequence[str], granularity: str, start: dt.date, end: dt.date) -> dict[dt.date, Row]:
        """First day of the period → its metrics."""
        return {row["period_start"]: row for row in self.by_period(metrics, granularity, start, end)}

    def groups(self, metrics: Sequence[str], period: Period, dimensions: Sequence[str]) -> list[Row]:
        """One row per combination of ``dimensions`` in ``period``."""
        return self.by_period(metrics, period.granularity, period.start, period.end, dimensions)

    def _widened(self, granularity: str, start: dt.date, end: dt.date) -> tuple[dt.date, dt.date]:
        """A margin of what one build renders, inside the history, aligned to whole periods."""
        margin = {"daily": dt.timedelta(days=10), "weekly": dt.timedelta(weeks=10), "monthly": dt.timedelta(days=125)}[
            granularity
        ]
        low = containing(granularity, max(start - margin, self.first)).start
        high = containing(granularity, min(end + margin, self.last)).end
        return min(low, start), max(high, end)

    def _ask(
        self, metrics: Sequence[str], granularity: str, low: dt.date, high: dt.date, dimensions: Sequence[str]
    ) -> list[Row]:
        time = GRAIN[granularity]
        rows = self.source.query(list(metrics), [time, *dimensions], start=low, end=high)
        found = []
        for row in rows:
            day = row[time]
            if day is None:
                continue
            found.append({"period_start": day, **{name: plain(value) for name, value in row.items() if name != time}})
        return sorted(found, key=lambda row: (row["period_start"], *[str(row[name]) for name in dimensions]))


def plain(value: Any) -> Any:
    """Decimals and whole floats of counts as numbers that print and serialise the same everywhere."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
