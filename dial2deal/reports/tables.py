"""Tables of a report: metrics by dimensions as the composition asks, and the questions that need more than that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dial2deal.blocks.kinds import PAGE, SHEET, Cell, Column, Rate, Shares, Table
from dial2deal.policy.models import TierRule
from dial2deal.presentation.formats import NONE
from dial2deal.reports.channels import channels
from dial2deal.reports.composition import SharesSpec, TableSpec
from dial2deal.reports.context import Context
from dial2deal.reports.facts import Row
from dial2deal.reports.periods import Period


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
    has_share = any(context.metric(metric).is_share for metric in spec.metrics)
    return Table(
        rows, columns=_metric_columns(context, spec), lead=context.words("legend.interval") if has_share else ""
    )


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
            Column(name, label, metric.shown_as, shows="interval" if metric.is_share else "value", width=14, sorts=True)
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
