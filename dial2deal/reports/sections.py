"""The parts of a report below its cards: one function each, context in, plain data out."""

from __future__ import annotations

from collections.abc import Callable

from dial2deal.blocks.kinds import Chart, Funnel, Grid, HeatMap, Losses, Rate, Series, Stage, StepLoss, Trend
from dial2deal.policy.models import TierRule
from dial2deal.reports.context import Context
from dial2deal.reports.facts import Row, plain
from dial2deal.reports.staff import agents, lines, share, teams

_OPENINGS = {"zh": "followup.opening_template", "en": "followup.opening_template_en"}
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


def metric_share(row: Row, metric: str) -> Row:
    """The same from a row of the semantic layer."""
    return {
        "value": row.get(metric),
        "num": row.get(f"{metric}_num") or 0,
        "den": row.get(f"{metric}_den") or 0,
        "low": row.get(f"{metric}_low"),
        "high": row.get(f"{metric}_high"),
    }


def trend(context: Context) -> Trend | None:
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
    for chart in context.layout["charts"]:
        bars, line = series(context.answerable([chart["bars"]])), context.answerable(chart["line"])
        if bars is None or len(rows) < 2:
            continue
        second = context.answerable([chart["bars2"]]) if "bars2" in chart else None
        charts.append(Chart(chart["id"], bars, series(second), series(line)))
    if not charts:
        return None
    return Trend(
        tuple(period.key for period in context.trend_periods),
        tuple(charts),
        any(any(chart.bars.incomplete) for chart in charts),
    )


def tiers(context: Context) -> Row | None:
    """Connected calls by intent tier with shares, compared with the period before."""
    now = _tier_counts(context, context.period)
    total = sum(now.values())
    if not total:
        return None
    previous = context.period.shift(-1)
    base = _tier_counts(context, previous) if context.comparable("calls", previous) is None else {}
    base_total = sum(base.values())
    rules: dict[str, Row] = {}
    for rule in context.policy.rows(TierRule):
        rules.setdefault(rule.tier, rule.model_dump())
    order = [tier for tier, _ in sorted(rules.items(), key=lambda item: -item[1]["lower_seconds"])]
    rows = []
    for tier in [*order, *sorted(now.keys() - set(order))]:
        rate = share(now.get(tier, 0), total, context.z)
        before = base.get(tier, 0) / base_total if base_total else None
        rows.append(
            {
                "tier": tier,
                "label": context.words.of(rules.get(tier, {}), tier),
                "stars": rules.get(tier, {}).get("stars"),
                "level": rules.get(tier, {}).get("intent_level"),
                "calls": now.get(tier, 0),
                "share": rate,
                "previous_share": before,
                "change": context.formats.change(rate["value"], before, "share"),
                "action": rules.get(tier, {}).get(f"action_{context.words.locale}") or "",
            }
        )
    return {"total": total, "rows": rows}


def _tier_counts(context: Context, period) -> dict[str, int]:
    rows = context.facts.groups(["tiered_calls"], period, ["duration_tier"])
    return {row["duration_tier"]: row["tiered_calls"] for row in rows if row["duration_tier"] and row["tiered_calls"]}


def heatmap(context: Context) -> HeatMap | None:
    """High-intent calls by weekday (1 = Monday) and hour of the window, callers and called apart.

    Whoever calls is readier to talk: mixed, an hour with many inbound calls would look like a good hour to dial.
    """
    start = context.window_start(context.layout.get("heatmap_days", context.period.days))
    start = max(start, context.snapshot.starts("calls") or start)
    rows = context.snapshot.query("slots", {"start": start, "end": context.period.end})
    total = sum(row["high_intent_calls"] for row in rows)
    if not total:
        return None
    hours = range(min(row["hour"] for row in rows), max(row["hour"] for row in rows) + 1)
    grids = [
        _grid(direction, [row for row in rows if row["direction"] == direction], hours)
        for direction in ("inbound", "outbound")
    ]
    return HeatMap(start, context.period.end, tuple(hours), total, tuple(grid for grid in grids if grid.total))


def _grid(direction: str, rows: list[Row], hours: range) -> Grid:
    cells = {(row["weekday"], row["hour"]): row for row in rows}

    def counts(name: str) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(cells.get((day, hour), {}).get(name, 0) for hour in hours) for day in range(1, 8))

    hits = counts("high_intent_calls")
    return Grid(direction, sum(map(sum, hits)), max(map(max, hits)), hits, counts("tiered_calls"))


def funnel(context: Context) -> Funnel | None:
    """Leads of the horizon before the period's end and the stages they had reached by then."""
    if context.snapshot.starts("leads") is None:
        return None
    horizon = int(context.policy.number("funnel.horizon_days", on=context.period.end))
    stages = _funnel(context, context.period.end, horizon)
    if not stages or not stages[0]["entered"]:
        return None
    previous = context.period.shift(-1).end
    first = context.snapshot.starts("leads")
    has_base = first is not None and context.window_start(horizon) - (context.period.end - previous) >= first
    base = {row["stage"]: row for row in _funnel(context, previous, horizon)} if has_base else {}
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
    losses = _losses(context, horizon)
    return Funnel(
        max(context.window_start(horizon), first),
        context.period.end,
        horizon,
        context.layout["preset"],
        entered,
        tuple(rows),
        losses,
        losses and losses.weakest,
    )


def _losses(context: Context, horizon: int) -> Losses | None:
    """What each step costs in deals by mart funnel_by_stage, of the cohorts that had ``horizon`` days by the period's
    end and began at most another ``horizon`` before; None while there are none. Stages are named by where they lead."""
    rows = [
        {name: plain(value) for name, value in row.items()}
        for row in context.snapshot.query(
            "stage_losses", {"end": context.period.end, "horizon": horizon, "preset": context.layout["preset"]}
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


def _funnel(context: Context, end, horizon: int) -> list[Row]:
    start = end - (context.period.end - context.window_start(horizon))
    rows = context.snapshot.query("funnel", {"start": start, "end": end, "preset": context.layout["preset"]})
    before = rows[0]["entered"] if rows else 0
    for row in rows:
        row["step"] = row["reached"] / before if before else None
        before = row["reached"]
    return rows


def channels(context: Context) -> Row | None:
    """Leads, their quality as of the period's end, sales and (by month) economics of each channel."""
    if context.snapshot.starts("leads") is None:
        return None
    window = int(context.policy.number("funnel.horizon_days", on=context.period.end))
    quality_days = context.layout.get("quality_days")
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
            "valid": share(of["valid_leads"], of["leads"], context.z),
            "connect": share(of["connected_leads"], of["leads"], context.z),
            "intent": share(of["intent_leads"], of["leads"], context.z),
            "window_leads": row["window_leads"],
            "window_valid": share(row["window_valid_leads"], row["window_leads"], context.z),
            "window_intent": share(row["window_intent_leads"], row["window_leads"], context.z),
            "window_deal": share(row["window_deals"], row["window_leads"], context.z),
            "dormancy": share(row["dormant_leads"], row["open_aged_leads"], context.z),
        }
    empty = {
        "leads": 0,
        **{
            name: share(0, 0, context.z)
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
        target["repurchase"] = metric_share(row, "repurchase_rate")
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
    return {
        "rows": kept,
        "window_days": window,
        "quality_days": quality_days,
        "has_sales": has_sales,
        "has_economics": has_economics,
    }


def _by_channel(context: Context, metrics) -> dict[str, Row]:
    return {row["channel"]: row for row in context.facts.groups(metrics, context.period, ["channel"])}


def high_intent(context: Context) -> Row | None:
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
    for row in rows:
        row["channel_label"] = context.channel(row["channel"])
        row["line_label"] = context.line_labels.get(row["business_line"], row["business_line"])
        row["region"] = row["region_city"] or row["region_province"] or ""
        row["action"] = row[f"action_{context.words.locale}"] or ""
        topic = row["interested_product"] or row["line_label"] or ""
        row["opening"] = opening(template, row["last_long_call_at"], topic, row["agent_name"])
    pending = [row for row in rows if row["status"] == "pending"]
    focus = context.policy.text("region.focus", on=context.period.end)
    focus = None if focus == "none" else focus
    days = int(context.policy.number("pool.days", on=context.period.end))
    shown = pending[: context.layout["list_rows"]]
    numbers = {name: f"{value:,}" for name, value in counts.items()}
    region = context.words("list.in_region", focus=numbers["focus"], region=focus) if focus else ""
    lead = context.words(
        "list.lead",
        days=days,
        shown=len(shown),
        region=region,
        **{name: numbers[name] for name in ("total", "pending", "late")},
    )
    return {
        **counts,
        "focus_region": focus,
        "pool_days": days,
        "rows": rows,
        "shown_rows": shown,
        "lead": lead,
        "calls_per_agent": int(context.policy.number("followup.calls_per_agent_day", on=context.period.end)),
    }


def opening(template: str | None, at, topic: str, agent: str | None) -> str:
    """First sentence of the follow-up call: date and topic of the earlier one."""
    text = template or ""
    for name, value in (("month", at.month), ("day", at.day), ("topic", topic), ("agent", agent or "")):
        text = text.replace("{" + name + "}", str(value))
    return text


BUILDERS: dict[str, Callable[[Context], Row | None]] = {
    "trend": trend,
    "tiers": tiers,
    "agents": agents,
    "teams": teams,
    "lines": lines,
    "heatmap": heatmap,
    "funnel": funnel,
    "channels": channels,
    "high_intent": high_intent,
}
