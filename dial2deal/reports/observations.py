"""What finding rules look at: the observations of each scope, numbers with their sample and whom to compare with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dial2deal.blocks.kinds import Rate, WorkList
from dial2deal.insight.intervals import wilson
from dial2deal.policy.findings import Rule
from dial2deal.reports.context import Context
from dial2deal.reports.facts import Row

SHARE = "share"


@dataclass(frozen=True)
class Observation:
    """One number a rule may look at. ``kind`` as `Metric.shown_as`; shares carry numerator and denominator."""

    key: str
    label: str
    kind: str
    value: float
    n: int
    num: int | None = None
    low: float | None = None
    high: float | None = None
    base_num: int | None = None  # the period before, for drop and rise
    base_den: int | None = None
    peers: str = ""  # groups are compared with the rest of the same peers
    detail: str = ""
    capacity: Row | None = None  # agents, calls a day of each, and how many of these callers that makes
    is_named: bool = True  # False: counts among the peers only


def observe(context: Context, sections: dict[str, Row | None], rule: Rule) -> list[Observation]:
    """Observations of the rule's scope, those without a value too."""
    return SCOPES[rule.scope](context, sections, rule.metric)


def _of_share(key: str, label: str, rate: Rate, base: Rate | None = None, **more) -> Observation | None:
    if not rate.den:
        return None
    return Observation(
        key,
        label,
        SHARE,
        rate.value,
        rate.den,
        rate.num,
        rate.low,
        rate.high,
        base and base.num,
        base and base.den,
        **more,
    )


def _kept(observations: Iterable[Observation | None]) -> list[Observation]:
    return [o for o in observations if o is not None]


def _total(context: Context, _: dict[str, Any], metric: str) -> list[Observation]:
    everything = context.words("scope.total")
    if metric == "unattributed_share":
        return _unattributed(context, everything)
    if context.snapshot.starts("calls") is None:
        return []
    ask = [metric]
    previous = context.period.shift(-1)
    rows = context.facts.totals(ask, context.period.granularity, previous.start, context.period.end)
    base = rows.get(previous.start) if context.comparable("calls", previous) is None else None
    return _kept(
        [
            _of_share(
                "total",
                everything,
                Rate.of_metric(rows.get(context.period.start, {}), metric),
                Rate.of_metric(base, metric) if base else None,
            )
        ]
    )


def _usual(context: Context, _: dict[str, Any], metric: str) -> list[Observation]:
    """The period against the own complete weeks before its first week; none until all of them have data."""
    first = context.snapshot.starts("calls")
    weeks = int(context.policy.number("connect.alert.usual_weeks", on=context.period.end))
    until = context.period.start - dt.timedelta(days=context.period.start.weekday())
    since = until - dt.timedelta(weeks=weeks)
    if first is None or first > since:
        return []
    now = context.facts.totals([metric], context.period.granularity, context.period.start, context.period.end)
    before = context.facts.totals([metric], "weekly", since, until - dt.timedelta(days=1)).values()
    hits, den = (sum(row[f"{metric}_{part}"] or 0 for row in before) for part in ("num", "den"))
    return _kept(
        [
            _of_share(
                "usual",
                context.words("scope.total"),
                Rate.of_metric(now.get(context.period.start, {}), metric),
                Rate(None, hits, den, None, None),
                detail=str(weeks),
            )
        ]
    )


def _unattributed(context: Context, label: str) -> list[Observation]:
    if context.snapshot.starts("orders") is None:
        return []
    rows = context.facts.groups(["unattributed_revenue_cny", "revenue_cny", "orders"], context.period, [])
    return [
        Observation("total", label, "ratio", row["unattributed_revenue_cny"] / row["revenue_cny"], row["orders"])
        for row in rows
        if row["revenue_cny"]
    ]


def _pool(context: Context, sections: dict[str, Any], metric: str) -> list[Observation]:
    pool = sections.get("high_intent")
    if not pool or not pool.facts["total"]:
        return []
    waiting = [row for row in pool.rows if row["status"] == "pending"]
    count = pool.facts["late"] if metric == "follow_up_late" else sum(row["long_call_count"] > 1 for row in waiting)
    low, high = wilson(count, pool.facts["total"], context.z)
    return [
        Observation(
            "pool",
            context.words("scope.pool"),
            SHARE,
            count / pool.facts["total"],
            pool.facts["total"],
            count,
            low,
            high,
            capacity=_capacity(context, pool),
        )
    ]


def _capacity(context: Context, pool: WorkList) -> Row:
    """How many of those who wait can be called in a day; every agent of the period makes his share of calls."""
    each = int(context.policy.number("followup.calls_per_agent_day", on=context.period.end))
    agents = max(1, context.agents_at_work)
    return {"agents": agents, "each": each, "possible": min(pool.facts["pending"], agents * each)}


def _channel(_: Context, sections: dict[str, Any], metric: str) -> list[Observation]:
    rows = sections["channels"].rows if sections.get("channels") else ()
    return _kept(
        _of_share(row["channel"], row["label"], row[metric]) for row in rows if row["channel"] != "unattributed"
    )


def _channel_month(context: Context, sections: dict[str, Any], metric: str) -> list[Observation]:
    table = sections.get("channels")
    if not table or not table.facts["has_economics"]:
        return []
    return [
        Observation(row["channel"], row["label"], context.shown_as(metric), row[metric], row["customers_won"] or 0)
        for row in table.rows
        if row["channel"] != "unattributed" and row.get(metric) is not None
    ]


def _staff(section: str, key: str) -> Callable:
    def observe(context: Context, sections: dict[str, Any], metric: str) -> list[Observation]:
        rows = [row for row in (sections[section].rows if sections.get(section) else ()) if row["is_assigned"]]
        if metric == "connect_rate":
            return _kept(_of_share(row[key], row["name"], row["connect"], peers=_peers(row, section)) for row in rows)
        ways = sorted({way for row in rows for way in row["by_direction"]})
        return _kept(
            _of_share(
                f"{row[key]}|{way}",
                context.words(f"direction.{way}", label=row["name"]) if len(ways) > 1 else row["name"],
                row["by_direction"][way],
                peers=f"{_peers(row, section)}|{way}",
            )
            for row in rows
            for way in ways
            if way in row["by_direction"]
        )

    return observe


def _peers(row: Row, section: str) -> str:
    return str(row["team"]) if section == "agents" else ""


def _grouped(dimension: str, label: str) -> Callable:
    def observe(context: Context, _: dict[str, Any], metric: str) -> list[Observation]:
        if context.snapshot.starts("calls") is None:
            return []
        rows = context.facts.groups([metric], context.period, [dimension])
        return _kept(
            _of_share(str(row[dimension]), context.words(label, value=row[dimension]), Rate.of_metric(row, metric))
            for row in rows
            if row[dimension] is not None
        )

    return observe


def _slot(context: Context, sections: dict[str, Any], _: str) -> list[Observation]:
    """Hours over all days, against the other hours of their direction; and cells of weekday and hour, against the same
    hour of the other days where they also beat their direction: what is so at nine every day is no matter of Sundays.
    All of them are one family of looks."""
    found = []
    for grid in sections["heatmap"].grids if sections.get("heatmap") else ():
        hits, bases = grid.high_intent_calls, grid.tiered_calls
        way, all_bases = grid.direction, sum(map(sum, bases))
        usual = sum(map(sum, hits)) / all_bases if all_bases else 0
        for index, hour in enumerate(sections["heatmap"].hours):
            column = [(hits[day][index], bases[day][index]) for day in range(7)]
            found.append(
                _slot_share(
                    context,
                    way,
                    f"{hour:02d}",
                    context.words("scope.every_day"),
                    hour,
                    sum(hit for hit, _ in column),
                    sum(base for _, base in column),
                    way,
                    "scope.other_hours",
                )
            )
            found += [
                _slot_share(
                    context,
                    way,
                    f"{day}-{hour:02d}",
                    context.formats.weekday(day),
                    hour,
                    hit,
                    base,
                    f"{way}|{hour}",
                    "scope.other_days",
                    is_named=bool(base) and hit / base > usual,
                )
                for day, (hit, base) in enumerate(column, start=1)
            ]
    return _kept(found)


def _slot_share(
    context: Context,
    way: str,
    key: str,
    days: str,
    hour: int,
    hit: int,
    base: int,
    peers: str,
    compared: str,
    is_named: bool = True,
) -> Observation | None:
    if not base:
        return None
    words = context.words
    label = words("scope.slot", weekday=days, hour=hour, until=hour + 1)
    low, high = wilson(hit, base, context.z)
    return Observation(
        f"{way}|{key}",
        words(f"direction.{way}", label=label),
        SHARE,
        hit / base,
        base,
        hit,
        low,
        high,
        peers=peers,
        detail=words(compared),
        is_named=is_named,
    )


def _line_slot(context: Context, _: dict[str, Any], __: str) -> list[Observation]:
    rows = context.snapshot.query("line_slots", {"start": context.period.start, "end": context.period.end})
    places = context.value_labels("region_province")
    found = []
    for row in rows:
        low, high = wilson(row["connected_dials"], row["dials"], context.z)
        label = context.words(
            "scope.line_slot",
            line=row["line_id"],
            region=places.get(row["region_province"], row["region_province"]),
            hour=row["hour"],
            until=row["hour"] + 1,
        )
        found.append(
            Observation(
                f"{row['line_id']}|{row['region_province']}|{row['hour']:02d}",
                label,
                SHARE,
                row["connected_dials"] / row["dials"],
                row["dials"],
                row["connected_dials"],
                low,
                high,
            )
        )
    return found


def _stage(context: Context, sections: dict[str, Any], _: str) -> list[Observation]:
    """Expected deals lost at each step, of the cohorts that have had their time (sections.funnel)."""
    words, table = context.words, sections.get("funnel") and sections["funnel"].losses
    if not table:
        return []
    cohorts = context.formats.range(table.start, table.end)
    return [
        Observation(
            row.stage,
            words("scope.stage", before=row.before, after=row.label),
            "count",
            row.expected_deals_lost,
            row.reached,
            row.lost,
            detail=cohorts,
        )
        for row in table.rows
        if row.expected_deals_lost is not None
    ]


SCOPES: dict[str, Callable[[Context, dict[str, Any], str], list[Observation]]] = {
    "total": _total,
    "pool": _pool,
    "channel": _channel,
    "channel_month": _channel_month,
    "agent": _staff("agents", "agent_id"),
    "team": _staff("teams", "team"),
    "own_number": _grouped("own_number", "scope.own_number"),
    "hour": _grouped("call_hour", "scope.hour"),
    "slot": _slot,
    "line_slot": _line_slot,
    "stage": _stage,
    "usual": _usual,
}
