"""The parts of a report below its cards: one function each, context in, plain data out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from dial2deal.blocks.kinds import Chart, Funnel, Grid, HeatMap, Losses, Rate, Series, Stage, StepLoss, Trend, WorkList
from dial2deal.reports import call_list
from dial2deal.reports.composition import BlockSpec, FunnelSpec, HeatMapSpec, TrendSpec, WorkListSpec
from dial2deal.reports.context import Context
from dial2deal.reports.facts import Row, plain
from dial2deal.reports.periods import Period
from dial2deal.reports.staff import ranking
from dial2deal.reports.tables import table, tiers

_WAYS = ("inbound", "outbound")
_SLOT, _SLOT_METRICS = ("direction", "weekday", "call_hour"), ("high_intent_calls", "tiered_calls")
_OPENINGS = {"zh": "followup.opening_template", "en": "followup.opening_template_en"}


def trend(context: Context, spec: TrendSpec) -> Trend | None:
    """Charts over the trend periods: bars, perhaps second bars, and a line."""
    rows = context.trend()

    def series(name: str | None) -> Series | None:
        if name is None:
            return None
        spec = context.metric(name)
        return Series(
            name,
            spec.shown_as,
            spec.label(context.words.locale),
            tuple(row.get(name) for row in rows),
            tuple(context.snapshot.holds_back(spec.feeds[0], p.start, p.end) for p in context.trend_periods),
        )

    charts = []
    for chart in spec.charts:
        bars, line = series(context.answerable([chart.bars])), context.answerable(chart.line)
        if bars is None or len(rows) < 2:
            continue
        second = context.answerable([chart.bars2]) if chart.bars2 else None
        charts.append(Chart(chart.id, bars, series(second), series(line)))
    if not charts:
        return None
    return Trend(
        tuple(period.key for period in context.trend_periods),
        tuple(charts),
        any(any(chart.bars.incomplete) for chart in charts),
        tuple(_axis_label(period) for period in context.trend_periods),
    )


def _axis_label(period: Period) -> str:
    if period.granularity == "monthly":
        return period.key if period.start.month == 1 else f"{period.start:%m}"
    if period.granularity == "weekly":
        return f"W{period.key[-2:]}"
    return f"{period.start.month}/{period.start.day}"


def heatmap(context: Context, spec: HeatMapSpec) -> HeatMap | None:
    """High-intent calls by weekday (1 = Monday) and hour of the window, callers and called apart.

    Whoever calls is readier to talk: mixed, an hour with many inbound calls would look like a good hour to dial.
    """
    start = context.window_start(spec.days or context.period.days)
    start = max(start, context.snapshot.starts("calls") or start)
    asked = context.facts.source.query(_SLOT_METRICS, _SLOT, start=start, end=context.period.end)
    rows = [row for row in asked if row["direction"] in _WAYS and row["call_hour"] is not None]
    total = sum(row["high_intent_calls"] for row in rows)
    if not total:
        return None
    hours = range(min(row["call_hour"] for row in rows), max(row["call_hour"] for row in rows) + 1)
    grids = [_grid(direction, [row for row in rows if row["direction"] == direction], hours) for direction in _WAYS]
    return HeatMap(start, context.period.end, tuple(hours), total, tuple(grid for grid in grids if grid.total))


def _grid(direction: str, rows: list[Row], hours: range) -> Grid:
    cells = {(row["weekday"], row["call_hour"]): row for row in rows}

    def counts(name: str) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(cells.get((day, hour), {}).get(name, 0) for hour in hours) for day in range(1, 8))

    hits = counts("high_intent_calls")
    return Grid(direction, sum(map(sum, hits)), max(map(max, hits)), hits, counts("tiered_calls"))


def funnel(context: Context, spec: FunnelSpec) -> Funnel | None:
    """Leads of the horizon before the period's end and the stages they had reached by then."""
    if context.snapshot.starts("leads") is None:
        return None
    horizon = int(context.policy.number("funnel.horizon_days", on=context.period.end))
    stages = _funnel(context, spec.preset, context.period.end, horizon)
    if not stages or not stages[0]["entered"]:
        return None
    previous = context.period.shift(-1).end
    first = context.snapshot.starts("leads")
    has_base = first is not None and context.window_start(horizon) - (context.period.end - previous) >= first
    base = {row["stage"]: row for row in _funnel(context, spec.preset, previous, horizon)} if has_base else {}
    entered, rows, before = stages[0]["entered"], [], stages[0]["entered"]
    for stage in stages:
        step = Rate.of(stage["reached"], before, context.z)
        earlier = base.get(stage["stage"])
        rows.append(
            Stage(
                stage["stage"],
                context.words.of(stage, stage["stage"]),
                stage["reached"],
                stage["is_optional"],
                stage["is_after_deal"],
                step,
                stage["reached"] / entered,
                before - stage["reached"],
                earlier and earlier["step"],
                context.formats.change(step.value, earlier and earlier["step"], "share"),
            )
        )
        before = stage["reached"]
    losses = _losses(context, spec.preset, horizon)
    return Funnel(
        max(context.window_start(horizon), first),
        context.period.end,
        horizon,
        spec.preset,
        entered,
        tuple(rows),
        losses,
        losses and losses.weakest,
    )


def _losses(context: Context, preset: str, horizon: int) -> Losses | None:
    """What each step costs in deals by mart funnel_by_stage, of the cohorts that had ``horizon`` days by the period's
    end and began at most another ``horizon`` before; None while there are none. Stages are named by where they lead."""
    rows = [
        {name: plain(value) for name, value in row.items()}
        for row in context.snapshot.query(
            "stage_losses", {"end": context.period.end, "horizon": horizon, "preset": preset}
        )
    ]
    found = tuple(
        StepLoss(
            **row,
            label=context.words.of(row, row["stage"]),
            before=context.words.of({"label_zh": row["before_zh"], "label_en": row["before_en"]}),
        )
        for row in rows
    )
    judged = [row for row in found if row.expected_deals_lost and row.reached >= context.min_n]
    if not judged:
        return None
    weakest = max(judged, key=lambda row: row.expected_deals_lost or 0)
    return Losses(found, found[0].first_day, found[0].last_day, weakest.stage)


def _funnel(context: Context, preset: str, end: dt.date, horizon: int) -> list[Row]:
    start = end - (context.period.end - context.window_start(horizon))
    rows = context.snapshot.query("funnel", {"start": start, "end": end, "preset": preset})
    before = rows[0]["entered"] if rows else 0
    for row in rows:
        row["step"] = row["reached"] / before if before else None
        before = row["reached"]
    return rows


def high_intent(context: Context, spec: WorkListSpec) -> WorkList | None:
    """The pool of high-intent callers at the end of the period, most urgent first."""
    if context.snapshot.starts("calls") is None:
        return None
    most = int(context.policy.number("reports.call_list_rows", on=context.period.end))
    context.snapshot.pool(context.period.end)
    rows = [
        {name: plain(value) for name, value in row.items()}
        for row in context.snapshot.query("high_intent_list", {"start": context.period.start, "rows": most})
    ]
    counts = {name: rows[0][f"pool_{name}"] or 0 for name in ("total", "new", "pending", "late", "focus")}
    rows = [row for row in rows if row["customer_key"]]
    template = context.policy.text(_OPENINGS[context.words.locale], on=context.period.end)
    places = context.value_labels("region_province")
    for row in rows:
        row["channel_label"] = context.channel(row["channel"])
        row["line_label"] = context.line_labels.get(row["business_line"], row["business_line"])
        known = [place for place in (row["region_city"], row["region_province"]) if place and place not in places]
        row["region"] = known[0] if known else places.get(row["region_province"], "")
        row["action"] = row[f"action_{context.words.locale}"] or ""
        topic = row["interested_product"] or row["line_label"] or ""
        row["opening"] = opening(template, row["last_long_call_at"], topic, row["agent_name"])
    pending = [row for row in rows if row["status"] == "pending"]
    focus = context.policy.text("region.focus", on=context.period.end)
    focus = None if focus == "none" else focus
    days = int(context.policy.number("pool.days", on=context.period.end))
    shown = pending[: spec.shown]
    numbers = {name: f"{value:,}" for name, value in counts.items()}
    region = context.words("list.in_region", focus=numbers["focus"], region=focus) if focus else ""
    lead = context.words(
        "list.lead",
        days=days,
        shown=len(shown),
        region=region,
        **{name: numbers[name] for name in ("total", "pending", "late")},
    )
    return WorkList(
        tuple(row | call_list.derived(row, context.words) for row in rows),
        facts={
            **counts,
            "focus_region": focus,
            "pool_days": days,
            "lead": lead,
            "calls_per_agent": int(context.policy.number("followup.calls_per_agent_day", on=context.period.end)),
        },
        columns=call_list.columns(context.words),
        lead=lead,
        shown_rows=tuple(shown),
        marks_new=context.period.granularity != "monthly",
    )


def opening(template: str | None, at, topic: str, agent: str | None) -> str:
    """First sentence of the follow-up call: date and topic of the earlier one."""
    text = template or ""
    for name, value in (("month", at.month), ("day", at.day), ("topic", topic), ("agent", agent or "")):
        text = text.replace("{" + name + "}", str(value))
    return text


_BUILDERS: dict[str, Callable[[Context, Any], Any]] = {
    "trend": trend,
    "heat_map": heatmap,
    "funnel": funnel,
    "shares": tiers,
    "ranking": ranking,
    "table": table,
    "work_list": high_intent,
}


def block(context: Context, spec: BlockSpec) -> Any:
    """The block of one line of the composition; None where the data has nothing to show."""
    return _BUILDERS[spec.kind](context, spec)
