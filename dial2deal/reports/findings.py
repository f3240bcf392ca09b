"""Problems and suggestions: every rule looks at the observations of its scope and shows its evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import NormalDist

from dial2deal.insight.intervals import newcombe, wilson
from dial2deal.policy.findings import SEVERITIES, Rule
from dial2deal.reports.context import Context
from dial2deal.reports.facts import Row

_SHARE = "share"


@dataclass(frozen=True)
class Observation:
    """One number a rule may look at. ``kind`` as in layout.yml; shares carry numerator and denominator."""

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


def find(context: Context, sections: dict[str, Row | None], rules: Iterable[Rule]) -> list[Row]:
    """Findings in reading order: problems before opportunities, severest and most certain first."""
    found: list[Row] = []
    fired: set[tuple[str, str]] = set()
    for rule in rules:
        if not rule.applies(context.period.granularity, context.period.end):
            continue
        observations = [o for o in _observe(context, sections, rule) if o.value is not None]
        limit = rule.limit_value(context.policy, context.period.end)
        if limit is None:
            continue
        minimum = rule.min_n if rule.min_n is not None else context.min_n
        named = (o for o in observations if o.is_named)
        hits = [hit for o in named if (hit := _test(context, rule, o, observations, limit, minimum))]
        hits = [hit for hit in hits if hit["certain"] or not rule.certain_only]
        hits = [hit for hit in hits if (rule.unless, hit["key"]) not in fired]
        hits.sort(key=lambda hit: (not hit["certain"], -hit["gap"], hit["key"]))
        found += hits[: rule.limit]
        fired |= {(rule.id, hit["key"]) for hit in hits}
    found.sort(key=lambda hit: (hit["kind"] == "opportunity", not hit["certain"], SEVERITIES.index(hit["severity"])))
    return found


def _test(
    context: Context, rule: Rule, o: Observation, everyone: list[Observation], limit: float, minimum: int
) -> Row | None:
    """The finding when ``rule`` holds for ``o``, else None."""
    base = interval = None
    if rule.test in ("below", "above"):
        gap = limit - o.value if rule.test == "below" else o.value - limit
        certain = o.n >= minimum
        if o.kind == _SHARE:
            interval = (o.low, o.high)
            certain = certain and o.n > 0 and (o.high < limit if rule.test == "below" else o.low > limit)
    elif rule.test in ("lowest", "highest"):
        ranked = [other for other in everyone if other.n >= minimum]
        best = (min if rule.test == "lowest" else max)(ranked, key=lambda other: other.value, default=None)
        if best is not o:
            return None
        gap = limit - o.value if rule.test == "lowest" else o.value - limit
        certain, interval = True, (o.low, o.high) if o.kind == _SHARE else None
    else:
        compared = _against(context, rule, o, everyone, minimum)
        if compared is None:
            return None
        base, low, high = compared
        falling = rule.test in ("drop", "below_rest")
        gap = (base - o.value if falling else o.value - base) - limit
        certain = o.n >= minimum and (high < 0 if falling else low > 0)
        interval = (o.low, o.high)
    if gap <= 0:
        return None
    return _finding(context, rule, o, limit, gap, bool(certain), base, interval)


def _against(
    context: Context, rule: Rule, o: Observation, everyone: list[Observation], minimum: int
) -> tuple[float, float, float] | None:
    """Share compared with and the interval of the difference; None where there is nothing to compare with."""
    if rule.test in ("drop", "rise"):
        num, den, z = o.base_num, o.base_den, context.z
    else:
        peers = [other for other in everyone if other.peers == o.peers]
        num = sum(other.num for other in peers) - o.num
        den = sum(other.n for other in peers) - o.n
        # Looking at m groups at once: each at confidence 1 - alpha/m, so that all together keep alpha. [Dunn 1961]
        groups = max(1, sum(other.n >= minimum for other in everyone))
        alpha = 2 * (1 - NormalDist().cdf(context.z))
        z = NormalDist().inv_cdf(1 - alpha / 2 / groups)
    if not den or den < minimum or o.n < minimum:
        return None
    low, high = newcombe(o.num, o.n, num, den, z)
    return num / den, low, high


def _finding(
    context: Context,
    rule: Rule,
    o: Observation,
    limit: float,
    gap: float,
    certain: bool,
    base: float | None,
    interval: tuple | None,
) -> Row:
    words = context.words
    low, high = interval or (None, None)
    texts = {
        "label": o.label,
        "value": words.number(o.value, o.kind),
        "threshold": words.number(limit, o.kind),
        "interval": words.interval(low, high),
        "num": f"{o.num:,}" if o.num is not None else "",
        "n": f"{o.n:,}",
        "base": words.number(base, o.kind),
        "detail": o.detail,
        "change": words("format.points_plain", points=f"{abs(o.value - base) * 100:.1f}") if base is not None else "",
    }
    if o.capacity:
        texts |= {name: f"{number:,}" for name, number in o.capacity.items()}
    roi = context.channel_roi.get(o.key) if rule.earning_zh or rule.losing_zh else None
    texts["roi"] = words.number(roi, "ratio")
    return {
        "rule": rule.id,
        "kind": rule.kind,
        "severity": rule.severity,
        "certain": certain,
        "key": o.key,
        "gap": gap,
        "title": getattr(rule, f"title_{words.locale}").format(**texts),
        "advice": _advice(rule, words.locale, roi).format(**texts),
        "evidence": {
            "metric": rule.metric,
            "scope": rule.scope,
            "label": o.label,
            "value": o.value,
            "value_text": texts["value"],
            "numerator": o.num,
            "n": o.n,
            "low": low,
            "high": high,
            "interval_text": texts["interval"],
            "threshold": limit,
            "threshold_text": _threshold(words, rule, limit, o.kind),
            "threshold_source": rule.setting or "findings.yml",
            "test": rule.test,
            "base": base,
            "base_text": texts["base"] if base is not None else None,
            "requirement": rule.requirement,
        },
    }


def _advice(rule: Rule, locale: str, roi: float | None) -> str:
    """The rule's advice, or the one for a channel that earns or loses money in spite of the finding."""
    weighed = None if roi is None else getattr(rule, f"{'losing' if roi < 0 else 'earning'}_{locale}")
    return weighed or getattr(rule, f"advice_{locale}")


def _threshold(words, rule: Rule, limit: float, kind: str) -> str:
    """The threshold as said in the evidence: a limit, a least gap, or nothing where the rule only ranks."""
    if rule.test in ("lowest", "highest") or limit == 0:
        return ""
    if rule.test in ("below", "above"):
        return words("findings.threshold", threshold=words.number(limit, kind))
    return words("findings.gap", threshold=words("format.points_plain", points=f"{limit * 100:g}"))


def _observe(context: Context, sections: dict[str, Row | None], rule: Rule) -> list[Observation]:
    return _SCOPES[rule.scope](context, sections, rule.metric)


def _of_share(key: str, label: str, rate: Row, base: Row | None = None, **more) -> Observation | None:
    if not rate["den"]:
        return None
    return Observation(
        key,
        label,
        _SHARE,
        rate["value"],
        rate["den"],
        rate["num"],
        rate["low"],
        rate["high"],
        base and base["num"],
        base and base["den"],
        **more,
    )


def _kept(observations: Iterable[Observation | None]) -> list[Observation]:
    return [o for o in observations if o is not None]


def _from_row(row: Row, metric: str) -> Row:
    return {
        "value": row.get(metric),
        "num": row.get(f"{metric}_num") or 0,
        "den": row.get(f"{metric}_den") or 0,
        "low": row.get(f"{metric}_low"),
        "high": row.get(f"{metric}_high"),
    }


def _total(context: Context, _: dict, metric: str) -> list[Observation]:
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
                _from_row(rows.get(context.period.start, {}), metric),
                _from_row(base, metric) if base else None,
            )
        ]
    )


def _usual(context: Context, _: dict, metric: str) -> list[Observation]:
    """The period against the own complete weeks before its first week; none until all of them have data."""
    first = context.snapshot.starts("calls")
    weeks = int(context.policy.number("connect.alert.usual_weeks", on=context.period.end))
    until = context.period.start - dt.timedelta(days=context.period.start.weekday())
    since = until - dt.timedelta(weeks=weeks)
    if first is None or first > since:
        return []
    now = context.facts.totals([metric], context.period.granularity, context.period.start, context.period.end)
    before = context.facts.totals([metric], "weekly", since, until - dt.timedelta(days=1)).values()
    base = {part: sum(row[f"{metric}_{part}"] or 0 for row in before) for part in ("num", "den")}
    return _kept(
        [
            _of_share(
                "usual",
                context.words("scope.total"),
                _from_row(now.get(context.period.start, {}), metric),
                base,
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


def _pool(context: Context, sections: dict, metric: str) -> list[Observation]:
    pool = sections.get("high_intent")
    if not pool or not pool["total"]:
        return []
    waiting = [row for row in pool["rows"] if row["status"] == "pending"]
    count = pool["late"] if metric == "follow_up_late" else sum(row["long_call_count"] > 1 for row in waiting)
    low, high = wilson(count, pool["total"], context.z)
    return [
        Observation(
            "pool",
            context.words("scope.pool"),
            _SHARE,
            count / pool["total"],
            pool["total"],
            count,
            low,
            high,
            capacity=_capacity(context, pool),
        )
    ]


def _capacity(context: Context, pool: Row) -> Row:
    """How many of those who wait can be called in a day; every agent of the period makes his share of calls."""
    each = int(context.policy.number("followup.calls_per_agent_day", on=context.period.end))
    agents = max(1, context.agents_at_work)
    return {"agents": agents, "each": each, "possible": min(pool["pending"], agents * each)}


def _channel(_: Context, sections: dict, metric: str) -> list[Observation]:
    rows = (sections.get("channels") or {}).get("rows", [])
    return _kept(
        _of_share(row["channel"], row["label"], row[metric]) for row in rows if row["channel"] != "unattributed"
    )


def _channel_month(context: Context, sections: dict, metric: str) -> list[Observation]:
    table = sections.get("channels")
    if not table or not table["has_economics"]:
        return []
    return [
        Observation(row["channel"], row["label"], context.shown_as(metric), row[metric], row["customers_won"] or 0)
        for row in table["rows"]
        if row["channel"] != "unattributed" and row.get(metric) is not None
    ]


def _staff(section: str, key: str) -> Callable:
    def observe(context: Context, sections: dict, metric: str) -> list[Observation]:
        rows = [row for row in (sections.get(section) or {}).get("rows", []) if row["is_assigned"]]
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
    def observe(context: Context, _: dict, metric: str) -> list[Observation]:
        if context.snapshot.starts("calls") is None:
            return []
        rows = context.facts.groups([metric], context.period, [dimension])
        return _kept(
            _of_share(str(row[dimension]), context.words(label, value=row[dimension]), _from_row(row, metric))
            for row in rows
            if row[dimension] is not None
        )

    return observe


def _slot(context: Context, sections: dict, _: str) -> list[Observation]:
    """Hours over all days, against the other hours of their direction; and cells of weekday and hour, against the same
    hour of the other days where they also beat their direction: what is so at nine every day is no matter of Sundays.
    All of them are one family of looks."""
    found = []
    for grid in (sections.get("heatmap") or {}).get("grids", []):
        hits, bases = grid["high_intent_calls"], grid["tiered_calls"]
        way, all_bases = grid["direction"], sum(map(sum, bases))
        usual = sum(map(sum, hits)) / all_bases if all_bases else 0
        for index, hour in enumerate(sections["heatmap"]["hours"]):
            column = [(hits[day][index], bases[day][index]) for day in range(7)]
            found.append(
                _slot_share(
                    context,
                    way,
                    f"{hour:02d}",
                    "scope.every_day",
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
                    f"weekday.{day}",
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
    label = words("scope.slot", weekday=words(days), hour=hour, until=hour + 1)
    low, high = wilson(hit, base, context.z)
    return Observation(
        f"{way}|{key}",
        words(f"direction.{way}", label=label),
        _SHARE,
        hit / base,
        base,
        hit,
        low,
        high,
        peers=peers,
        detail=words(compared),
        is_named=is_named,
    )


def _line_slot(context: Context, _: dict, __: str) -> list[Observation]:
    rows = context.snapshot.query("line_slots", {"start": context.period.start, "end": context.period.end})
    found = []
    for row in rows:
        low, high = wilson(row["connected_dials"], row["dials"], context.z)
        label = context.words(
            "scope.line_slot",
            line=row["line_id"],
            region=row["region_province"],
            hour=row["hour"],
            until=row["hour"] + 1,
        )
        found.append(
            Observation(
                f"{row['line_id']}|{row['region_province']}|{row['hour']:02d}",
                label,
                _SHARE,
                row["connected_dials"] / row["dials"],
                row["dials"],
                row["connected_dials"],
                low,
                high,
            )
        )
    return found


def _stage(context: Context, sections: dict, _: str) -> list[Observation]:
    """Expected deals lost at each step, of the cohorts that have had their time (sections.funnel)."""
    words, table = context.words, (sections.get("funnel") or {}).get("losses")
    if not table:
        return []
    cohorts = words.range(table["start"], table["end"])
    return [
        Observation(
            row["stage"],
            words("scope.stage", before=row["before"], after=row["label"]),
            "count",
            row["expected_deals_lost"],
            row["reached"],
            row["lost"],
            detail=cohorts,
        )
        for row in table["rows"]
        if row["expected_deals_lost"] is not None
    ]


_SCOPES: dict[str, Callable[[Context, dict, str], list[Observation]]] = {
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
