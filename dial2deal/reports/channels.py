"""Channels: leads and their quality, sales and, by month, what they cost and earn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dial2deal.blocks.kinds import BOTH, SHEET, Column, Rate, Table
from dial2deal.presentation.words import Words
from dial2deal.reports.composition import TableSpec
from dial2deal.reports.context import Context
from dial2deal.reports.facts import Row

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
# Rates of leads: name, numerator and denominator of query lead_cohorts, of the window that quality is judged by.
_JUDGED = (("valid", "valid_leads"), ("connect", "connected_leads"), ("intent", "intent_leads"))
_WINDOW = (("window_valid", "window_valid_leads"), ("window_intent", "window_intent_leads"))


def channels(context: Context, spec: TableSpec) -> Table | None:
    """Leads, their quality as of the period's end, sales and (by month) economics of each channel."""
    if context.snapshot.starts("leads") is None:
        return None
    window = int(context.policy.number("funnel.horizon_days", on=context.period.end))
    has_sales = context.snapshot.starts("orders") is not None
    has_economics = context.period.granularity == "monthly" and context.snapshot.starts("channel_costs") is not None
    rows = _with_sales(context, _leads(context, window, spec.quality_days), has_sales, has_economics)
    previous = context.period.shift(-1)
    base = (
        {row["channel"]: row["leads"] for row in context.facts.groups(["leads"], previous, ["channel"])}
        if context.comparable("leads", previous) is None
        else {}
    )
    for name, row in rows.items():
        row["channel"], row["label"], row["previous_leads"] = name, context.channel(name), base.get(name)
    kept = [
        row
        for row in sorted(rows.values(), key=_place)
        if row["window_leads"] or row.get("orders") or row.get("total_cost_cny")
    ]
    if not kept:
        return None
    words = context.words
    lead = words("channels.lead", days=window)
    recent = words("channels.lead_recent", recent=spec.quality_days, days=window)
    return Table(
        tuple(kept),
        facts={
            "window_days": window,
            "quality_days": spec.quality_days,
            "has_sales": has_sales,
            "has_economics": has_economics,
        },
        columns=_channel_columns(words, window, has_sales, has_economics),
        lead=f"{recent if spec.quality_days else lead} {words('legend.interval')}",
        sheet_lead=lead,
        chart="economics" if has_economics else None,
        is_dense=has_economics,
    )


def _place(row: Row) -> tuple[Any, ...]:
    """Most revenue first, what belongs to no channel last."""
    unattributed = row["channel"] == "unattributed"
    return unattributed, -(row.get("revenue_cny") or 0), -row["window_leads"], row["channel"]


def _leads(context: Context, window: int, quality_days: int | None) -> dict[str, Row]:
    """Leads of the period and of the window, their quality by the end of the period."""
    span = {
        "window_start": context.window_start(window),
        "end": context.period.end,
        "dormancy_days": int(context.policy.number("dormancy.days", on=context.period.end)),
    }
    cohorts = judged = context.snapshot.query("lead_cohorts", {**span, "start": context.period.start})
    if quality_days:
        judged = context.snapshot.query("lead_cohorts", {**span, "start": context.window_start(quality_days)})
    quality, z = {row["channel"]: row for row in judged}, context.z
    return {
        row["channel"]: {
            "leads": row["leads"],
            **{name: Rate.of(of[count], of["leads"], z) for name, count in _JUDGED for of in [quality[row["channel"]]]},
            "window_leads": row["window_leads"],
            **{name: Rate.of(row[count], row["window_leads"], z) for name, count in _WINDOW},
            "window_deal": Rate.of(row["window_deals"], row["window_leads"], z),
            "dormancy": Rate.of(row["dormant_leads"], row["open_aged_leads"], z),
        }
        for row in cohorts
    }


def _with_sales(context: Context, leads: dict[str, Row], has_sales: bool, has_economics: bool) -> dict[str, Row]:
    """Orders and revenue, costs and what they earn beside the leads; channels without leads too."""
    rates = [name for name, _ in (*_JUDGED, *_WINDOW)] + ["window_deal", "dormancy"]
    empty: Row = {"leads": 0, **dict.fromkeys(rates, Rate.of(0, 0, context.z)), "window_leads": 0}
    empty |= {"orders": 0, "revenue_cny": 0} if has_sales else {}
    empty |= dict.fromkeys(_ECONOMICS) if has_economics else {}
    rows = {name: empty | row for name, row in leads.items()}
    for name, row in (_by_channel(context, _SALES_METRICS) if has_sales else {}).items():
        rows.setdefault(name, dict(empty)).update(orders=row["orders"] or 0, revenue_cny=row["revenue_cny"] or 0)
    for name, row in (_by_channel(context, _ECONOMICS) if has_economics else {}).items():
        target = rows.setdefault(name, dict(empty))
        target.update({metric: row[metric] for metric in _ECONOMICS})
        target["repurchase"] = Rate.of_metric(row, "repurchase_rate")
    return rows


def _by_channel(context: Context, metrics: Sequence[str]) -> dict[str, Row]:
    return {row["channel"]: row for row in context.facts.groups(metrics, context.period, ["channel"])}


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
