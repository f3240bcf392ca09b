"""What every part of one report is made from, and how a number is read, named and compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from dial2deal.audit.history import Catalogue
from dial2deal.blocks.kinds import Change
from dial2deal.insight.intervals import newcombe, wilson
from dial2deal.metrics.catalog import Metric
from dial2deal.policy import Policy
from dial2deal.policy.models import Channel
from dial2deal.presentation.formats import Formats
from dial2deal.presentation.words import LOCALES, Words
from dial2deal.reports.composition import Composition, composition
from dial2deal.reports.facts import Facts, Row
from dial2deal.reports.periods import Period, containing
from dial2deal.reports.snapshot import Snapshot


@dataclass
class Context:
    """One report: its period, the data, the rules, the language."""

    period: Period
    snapshot: Snapshot
    facts: Facts
    policy: Policy
    words: Words
    catalogue: Catalogue

    @cached_property
    def formats(self) -> Formats:
        return Formats(self.words)

    @cached_property
    def composition(self) -> Composition:
        return composition(self.period.granularity)

    @cached_property
    def z(self) -> float:
        return self.policy.number("wilson.z", on=self.period.end)

    @cached_property
    def min_n(self) -> int:
        return int(self.policy.number("min_n", on=self.period.end))

    @cached_property
    def trend_periods(self) -> list[Period]:
        """The periods of the time axis, oldest first: only those that the history covers as a whole."""
        periods = [self.period.shift(-n) for n in range(self.composition.trend_periods)]
        return [period for period in reversed(periods) if period == self.period or period.start >= self.facts.first]

    @cached_property
    def comparisons(self) -> list[tuple[str, Period | None]]:
        """Kind and period of each comparison, in the order shown."""
        weekly = [("week_ago", self.period.week_ago())] if self.period.granularity == "daily" else []
        return [("previous", self.period.shift(-1)), *weekly, ("year_ago", self.period.year_ago())]

    @cached_property
    def card_metrics(self) -> list[str]:
        """The first answerable metric of each card."""
        return [name for names in self.composition.cards if (name := self.answerable(names))]

    def metric(self, name: str) -> Metric:
        """The entry of the semantic layer: label, unit, direction of good, feeds."""
        return self.facts.source.definition(name)

    def shown_as(self, metric: str) -> str:
        """The kind of number that `Words.number` writes ``metric`` as."""
        return self.metric(metric).shown_as

    def answerable(self, metrics: Sequence[str]) -> str | None:
        """First of ``metrics`` whose feed was ever delivered and, for a quotient, has a denominator in the trend."""
        for name in metrics:
            if self.known_since(name) is None:
                continue
            if not self.metric(name).is_share or len(metrics) == 1:
                return name
            rows = self.facts.totals([name], self.period.granularity, self.trend_periods[0].start, self.period.end)
            if any(row.get(f"{name}_den") for row in rows.values()):
                return name
        return None

    def total(self, period: Period) -> Row:
        """All card and chart metrics of ``period``; empty when there are none."""
        return self.facts.totals(self._metrics, period.granularity, period.start, period.end).get(period.start, {})

    def trend(self) -> list[Row]:
        """`total` of each trend period; a metric is absent where its feed does not cover the period as a whole."""
        rows = self.facts.totals(self._metrics, self.period.granularity, self.trend_periods[0].start, self.period.end)
        starts = {name: self.known_since(name) for name in self._metrics}
        return [
            {
                name: rows[period.start][name]
                for name in self._metrics
                if period == self.period or period.start >= starts[name]
            }
            if period.start in rows
            else {}
            for period in self.trend_periods
        ]

    @cached_property
    def _metrics(self) -> list[str]:
        names = [name for names in self.composition.cards for name in names]
        for chart in self.composition.charts:
            names += [chart.bars, *([chart.bars2] if chart.bars2 else []), *chart.line]
        return sorted(name for name in dict.fromkeys(names) if self.known_since(name))

    def known_since(self, metric: str) -> dt.date | None:
        """First date from which every export that ``metric`` needs was delivered; None when one never was."""
        starts = [self.snapshot.starts(feed) for feed in self._feeds(metric)]
        return None if None in starts else max(starts)

    def begins(self) -> dict[str, dt.date | None]:
        """Each feed that a metric of this report needs, by name, and when its data begin; None: never delivered."""
        needed = {feed for name in self.composition.metrics for feed in self._feeds(name)}
        return {feed: self.snapshot.starts(feed) for feed in sorted(needed)}

    def _feeds(self, metric: str) -> list[str]:
        return list(self.metric(metric).feeds)

    def comparable(self, feed: str, other: Period | None) -> str | None:
        """Why ``other`` cannot be compared with (``no_counterpart``, ``short_history``, ``incomplete``), or None."""
        if other is None:
            return "no_counterpart"
        first = self.snapshot.starts(feed)
        if first is None or other.start < first:
            return "short_history"
        return "incomplete" if self.snapshot.holds_back(feed, other.start, other.end) else None

    def compare(self, metric: str, row: Row, kind: str, other: Period | None) -> Change:
        """Change of ``metric`` against ``other``: value there, text, direction, tone (good, bad, flat).

        A share or count whose difference interval contains 0 is flat: it may be chance.
        """
        spec = self.metric(metric)
        reason = next(filter(None, (self.comparable(feed, other) for feed in self._feeds(metric))), None)
        if (
            reason is None
            and spec.shown_as in ("count", "money")
            and not spec.is_ratio
            and self.snapshot.holds_back(spec.feeds[0], self.period.start, self.period.end)
        ):
            reason = "own_incomplete"  # a quotient hardly suffers from missing rows, a total does
        base_row = self.total(other) if reason is None else {}
        value, base = row.get(metric), base_row.get(metric)
        text = self.formats.change(value, base, spec.shown_as)
        result = Change(kind, other.key if other else None, base, reason, text)
        if value is None or base is None or (base == 0 and value and spec.shown_as in ("count", "money", "seconds")):
            return result
        by_chance = self._by_chance(metric, row, base_row)
        direction = "flat" if value == base or "±0" in text else "up" if value > base else "down"
        if direction == "flat" or by_chance or spec.good == "none":
            tone = "flat"
        else:
            tone = "good" if direction == spec.good else "bad"
        return replace(result, direction=direction, tone=tone, by_chance=by_chance)

    def _by_chance(self, metric: str, row: Row, base_row: Row) -> bool:
        """Whether the interval of the difference contains 0; False where the metric has no interval."""
        spec, value, base = self.metric(metric), row[metric], base_row[metric]
        interval = None
        if spec.is_share:
            interval = newcombe(
                row[f"{metric}_num"], row[f"{metric}_den"], base_row[f"{metric}_num"], base_row[f"{metric}_den"], self.z
            )
        if spec.kind == "count" and value + base:
            # Of two Poisson counts with one mean each is half of their sum, up to chance.
            low, high = wilson(value, value + base, self.z) or (0.0, 1.0)
            interval = (low - 0.5, high - 0.5)
        return interval is not None and interval[0] <= 0 <= interval[1]

    def window_start(self, days: int) -> dt.date:
        """First day of the window of ``days`` that ends with the period."""
        return self.period.end - dt.timedelta(days=days - 1)

    @cached_property
    def agents_at_work(self) -> int:
        """Agents with a call in the period."""
        return len(
            {
                row["agent"]
                for row in self.facts.groups(["calls"], self.period, ["agent"])
                if row["agent"] and row["calls"]
            }
        )

    @cached_property
    def channel_roi(self) -> dict[str, float]:
        """Channel -> ROI of the last whole month by the period's end; empty where costs or orders do not cover it."""
        month = containing("monthly", self.period.end)
        month = month if month.end <= self.period.end else month.shift(-1)
        since = self.known_since("roi")
        if since is None or month.start < since:
            return {}
        return {
            row["channel"]: row["roi"]
            for row in self.facts.groups(["roi"], month, ["channel"])
            if row["roi"] is not None
        }

    @cached_property
    def channel_labels(self) -> dict[str, str]:
        return {row.channel: self.words.of(row.model_dump(), row.channel) for row in self.policy.rows(Channel)}

    def channel(self, name: str | None) -> str:
        """Label of a channel; an unknown one is itself."""
        return self.channel_labels.get(name or "unattributed", name or "")

    @cached_property
    def agent_names(self) -> dict[str, str]:
        return {
            row["agent_id"]: row["agent_name"]
            for row in self.snapshot.rows(
                "select agent_id, agent_name from dim_agents where agent_name is not null order by agent_id"
            )
        }

    def dimension_label(self, name: str) -> str:
        """Name of a dimension of the semantic layer in the report's language."""
        labels = {row["name"]: row[f"label_{self.words.locale}"] for row in self.facts.source.dimensions()}
        return labels[name]

    def value_labels(self, dimension: str) -> dict[str, str]:
        """Values of a dimension as people call them; those without a label are left out."""
        if dimension == "agent":
            return self.agent_names
        place = LOCALES.index(self.words.locale)
        return {value: labels[place] for value, labels in self.facts.source.labels(dimension).items()}

    @cached_property
    def line_labels(self) -> dict[str, str]:
        return {
            row["business_line"]: self.words.of(row, row["business_line"])
            for row in self.snapshot.rows(
                "select business_line, label_zh, label_en from dim_business_lines order by business_line"
            )
        }

    @cached_property
    def workdays(self) -> dict[str, int | None]:
        """Workdays of the period and its comparisons; None where the calendar does not know the days."""
        found = {"current": self._workdays(self.period)}
        return found | {kind: self._workdays(other) for kind, other in self.comparisons}

    def _workdays(self, period: Period | None) -> int | None:
        if period is None:
            return None
        row = self.snapshot.rows(
            "select count_if(is_workday) as workdays, count(is_workday) as days from dim_dates "
            "where date_day between $start and $end",
            {"start": period.start, "end": period.end},
        )[0]
        return row["workdays"] if row["days"] == period.days else None
