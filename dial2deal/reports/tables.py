"""Tables of a report: metrics by dimensions as the composition asks, and the questions that need more than that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dial2deal.blocks.kinds import BOTH, PAGE, SHEET, Cell, Column, Rate, Shares, Table
from dial2deal.policy.models import TierRule
from dial2deal.presentation.formats import NONE
from dial2deal.presentation.words import Words
from dial2deal.reports.composition import SharesSpec, TableSpec
from dial2deal.reports.context import Context
from dial2deal.reports.facts import Row
from dial2deal.reports.periods import Period

_SALES_METRICS = ("orders", "revenue_cny")
_ECONOMICS = (
    "customers_won",
    "monthly_revenue_cny",
    "total_cost_cny",
    "operational_cost_cny",
    "cac_operational_cny",
    "cac_full_cny",
    "clv_simple_cny",
    "ltv_cac",
    "roi",
    "roas",
    "repurchase_rate",
)


def tiers(context: Context, _: SharesSpec) -> Shares | None:
    """Connected calls by intent tier with shares, compared with the period before."""
    now = _tier_counts(context, context.period)
    total = sum(now.values())
    if not total:
        return None
    previous = context.period.shift(-1)
    base = _tier_counts(context, previous) if context.comparable("calls", previous) is None else {}
    base_total = sum(base.values())
    rules: dict[str, Row] = {}
    for entry in context.policy.rows(TierRule):
        rules.setdefault(entry.tier, entry.model_dump())
    order = [tier for tier, _ in sorted(rules.items(), key=lambda item: -item[1]["lower_seconds"])]
    rows = []
    for tier in [*order, *sorted(now.keys() - set(order))]:
        rule, rate = rules.get(tier, {}), Rate.of(now.get(tier, 0), total, context.z)
        before = base.get(tier, 0) / base_total if base_total else None
        rows.append(
            {
                "tier": tier,
                "label": context.words.of(rule, tier),
                "stars": rule.get("stars"),
                "level": rule.get("intent_level"),
                "calls": now.get(tier, 0),
                "share": rate,
                "previous_share": before,
                "change": context.formats.change(rate.value, before, "share"),
                "action": rule.get(f"action_{context.words.locale}") or "",
            }
        )
    words = context.words
    return Shares(
        tuple(rows),
        facts={"total": total},
        lead=words("tiers.lead", n=f"{total:,}"),
        columns=(
            Column("label", words("word.tier"), shows="chip", of="tier", places=PAGE),
            Column("calls", words("word.calls"), "count", places=PAGE),
            Column("share", words("tiers.share"), "share", shows="titled", places=PAGE),
            Column("change", words("tiers.change"), "change", places=PAGE, quiet=True),
            Column("action", words("word.action"), places=PAGE, quiet=True, wide_only=True),
        ),
    )


def _tier_counts(context: Context, period: Period) -> dict[str, int]:
    rows = context.facts.groups(["tiered_calls"], period, ["duration_tier"])
    return {row["duration_tier"]: row["tiered_calls"] for row in rows if row["duration_tier"] and row["tiered_calls"]}


def channels(context: Context, spec: TableSpec) -> Table | None:
    """Leads, their quality as of the period's end, sales and (by month) economics of each channel."""
    if context.snapshot.starts("leads") is None:
        return None
    window = int(context.policy.number("funnel.horizon_days", on=context.period.end))
    quality_days = spec.quality_days
    span = {
        "window_start": context.window_start(window),
        "end": context.period.end,
        "dormancy_days": int(context.policy.number("dormancy.days", on=context.period.end)),
    }
    cohorts = context.snapshot.query("lead_cohorts", {**span, "start": context.period.start})
    judged = {
        row["channel"]: row
        for row in (
            context.snapshot.query("lead_cohorts", {**span, "start": context.window_start(quality_days)})
            if quality_days
            else cohorts
        )
    }
    rows: dict[str, Row] = {}
    for row in cohorts:
        of = judged[row["channel"]]
        rows[row["channel"]] = {
            "leads": row["leads"],
            "valid": Rate.of(of["valid_leads"], of["leads"], context.z),
            "connect": Rate.of(of["connected_leads"], of["leads"], context.z),
            "intent": Rate.of(of["intent_leads"], of["leads"], context.z),
            "window_leads": row["window_leads"],
            "window_valid": Rate.of(row["window_valid_leads"], row["window_leads"], context.z),
            "window_intent": Rate.of(row["window_intent_leads"], row["window_leads"], context.z),
            "window_deal": Rate.of(row["window_deals"], row["window_leads"], context.z),
            "dormancy": Rate.of(row["dormant_leads"], row["open_aged_leads"], context.z),
        }
    empty = {
        "leads": 0,
        **{
            name: Rate.of(0, 0, context.z)
            for name in ("valid", "connect", "intent", "window_valid", "window_intent", "window_deal", "dormancy")
        },
        "window_leads": 0,
    }
    has_sales = context.snapshot.starts("orders") is not None
    has_economics = context.period.granularity == "monthly" and context.snapshot.starts("channel_costs") is not None
    empty |= {"orders": 0, "revenue_cny": 0} if has_sales else {}
    empty |= dict.fromkeys(_ECONOMICS) if has_economics else {}
    rows = {name: empty | row for name, row in rows.items()}
    for name, row in (_by_channel(context, _SALES_METRICS) if has_sales else {}).items():
        rows.setdefault(name, dict(empty)).update(orders=row["orders"] or 0, revenue_cny=row["revenue_cny"] or 0)
    for name, row in (_by_channel(context, _ECONOMICS) if has_economics else {}).items():
        target = rows.setdefault(name, dict(empty))
        target.update({metric: row[metric] for metric in _ECONOMICS})
        target["repurchase"] = Rate.of_metric(row, "repurchase_rate")
    previous = context.period.shift(-1)
    base = (
        {row["channel"]: row["leads"] for row in context.facts.groups(["leads"], previous, ["channel"])}
        if context.comparable("leads", previous) is None
        else {}
    )
    for name, row in rows.items():
        row["channel"], row["label"], row["previous_leads"] = name, context.channel(name), base.get(name)
    ordered = sorted(
        rows.values(),
        key=lambda row: (
            row["channel"] == "unattributed",
            -(row.get("revenue_cny") or 0),
            -row["window_leads"],
            row["channel"],
        ),
    )
    kept = [row for row in ordered if row["window_leads"] or row.get("orders") or row.get("total_cost_cny")]
    if not kept:
        return None
    words = context.words
    lead = words("channels.lead", days=window)
    return Table(
        tuple(kept),
        facts={
            "window_days": window,
            "quality_days": quality_days,
            "has_sales": has_sales,
            "has_economics": has_economics,
        },
        columns=_channel_columns(words, window, has_sales, has_economics),
        lead=words("channels.lead_recent", recent=quality_days, days=window) if quality_days else lead,
        sheet_lead=lead,
        chart="economics" if has_economics else None,
        is_dense=has_economics,
    )


def _channel_columns(words: Words, window: int, has_sales: bool, has_economics: bool) -> tuple[Column, ...]:
    """What page and sheet show of each channel."""

    def economics(label: str, metric: str, kind: str, **more: Any) -> Column:
        return Column(metric, words(f"channels.{label}"), kind, **{"width": 14, "places": SHEET, **more})

    shown = {"sorts": True, "places": BOTH}
    return (
        Column("label", words("word.channel"), width=16),
        Column("leads", words("channels.leads"), "count", width=10, sorts=True),
        *(
            Column(name, words(f"channels.{name}"), "share", shows="bar", width=10, is_measured=True)
            for name in ("valid", "connect", "intent")
        ),
        Column("window_deal", words("channels.window_deals", days=window), "count", of="num", width=14, places=SHEET),
        Column("window_deal", words("channels.deal"), "share", shows="interval", is_measured=True),
        Column("window_deal", words("sheet.low"), "share", of="low", width=10, places=SHEET),
        Column("window_deal", words("sheet.high"), "share", of="high", width=10, places=SHEET),
        *(
            (
                Column("orders", words("word.orders"), "count", width=9),
                Column("revenue_cny", words("word.revenue"), "money", width=16, sorts=True),
            )
            if has_sales
            else ()
        ),
        *(
            (
                economics("won", "customers_won", "count"),
                economics("cost", "total_cost_cny", "money", **shown),
                economics("cac_operational", "cac_operational_cny", "money"),
                economics("cac", "cac_full_cny", "money", **shown),
                economics("repurchase", "repurchase_rate", "share"),
                economics("clv", "clv_simple_cny", "money"),
                economics("ltv_cac", "ltv_cac", "multiple", **shown),
                economics("roi", "roi", "ratio", missing=-9, warns_below=0, **shown),
                economics("roas", "roas", "multiple"),
            )
            if has_economics
            else ()
        ),
    )


def _by_channel(context: Context, metrics: Sequence[str]) -> dict[str, Row]:
    return {row["channel"]: row for row in context.facts.groups(metrics, context.period, ["channel"])}


def table(context: Context, spec: TableSpec) -> Table | None:
    """The answer to ``spec``: metrics by dimensions in the period, or a question of `QUESTIONS`."""
    if spec.question:
        return QUESTIONS[spec.question](context, spec)
    if any(context.known_since(metric) is None for metric in spec.metrics):
        return None
    found = _metric_rows(context, spec, context.period)
    if not found:
        return None
    before = {}
    if spec.compare and context.comparable(context.metric(spec.metrics[0]).feeds[0], context.period.shift(-1)) is None:
        before = {_group(row, spec): row for row in _metric_rows(context, spec, context.period.shift(-1))}
    rows = tuple(
        {
            **{name: _value_label(context, name, row[name]) for name in spec.by},
            **{name: _metric_cell(context, name, row) for name in spec.metrics},
            **({"change": _changed(context, spec, row, before.get(_group(row, spec)))} if spec.compare else {}),
        }
        for row in _ordered(found, spec)[: spec.rows]
    )
    return Table(rows, columns=_metric_columns(context, spec))


def _metric_rows(context: Context, spec: TableSpec, period: Period) -> list[Row]:
    rows = context.facts.groups(spec.metrics, period, spec.by)
    return [row for row in rows if any(row[metric] is not None for metric in spec.metrics)]


def _group(row: Row, spec: TableSpec) -> tuple[Any, ...]:
    return tuple(row[name] for name in spec.by)


def _ordered(rows: list[Row], spec: TableSpec) -> list[Row]:
    """By the metric of ``order``, those without value last; else as the groups come."""
    if not spec.order:
        return rows
    metric, sign = spec.order.lstrip("-"), -1 if spec.order.startswith("-") else 1
    return sorted(rows, key=lambda row: (row[metric] is None, sign * (row[metric] or 0)))


def _metric_cell(context: Context, metric: str, row: Row) -> Cell:
    return Rate.of_metric(row, metric) if context.metric(metric).is_share else row[metric]


def _changed(context: Context, spec: TableSpec, row: Row, before: Row | None) -> str:
    metric = spec.metrics[0]
    return context.formats.change(row[metric], before[metric] if before else None, context.metric(metric).shown_as)


def _metric_columns(context: Context, spec: TableSpec) -> tuple[Column, ...]:
    """Labels of the semantic layer; a share has its numerator, denominator and interval beside it in the sheet."""
    words, columns = context.words, []
    for name in spec.by:
        columns.append(Column(name, context.dimension_label(name), width=18))
    for name in spec.metrics:
        metric = context.metric(name)
        label = metric.label(words.locale)
        columns.append(
            Column(name, label, metric.shown_as, shows="bar" if metric.is_share else "value", width=14, sorts=True)
        )
        if metric.is_share:
            columns += [
                Column(name, words("sheet.numerator"), "count", of="num", places=SHEET),
                Column(name, words("sheet.denominator"), "count", of="den", places=SHEET),
                Column(name, words("sheet.low"), "share", of="low", places=SHEET),
                Column(name, words("sheet.high"), "share", of="high", places=SHEET),
            ]
    if spec.compare:
        columns.append(Column("change", words("tiers.change"), "change", width=14, quiet=True))
    return tuple(columns)


def _value_label(context: Context, dimension: str, value: Any) -> str:
    if value is None:
        return NONE
    return context.value_labels(dimension).get(value, str(value))


QUESTIONS: dict[str, Callable[[Context, TableSpec], Table | None]] = {"channels": channels}
