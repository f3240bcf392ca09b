"""Content to one self-contained HTML page: no request leaves it, and no script is needed to read it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dial2deal.blocks import charts
from dial2deal.blocks.kinds import Chart, Shares, Table, Trend
from dial2deal.presentation.formats import NONE, Formats
from dial2deal.presentation.words import Words
from dial2deal.privacy import visible
from dial2deal.reports.facts import Row
from dial2deal.reports.periods import parse

_TEMPLATES = Path(__file__).parent / "templates"


def render(content: Row, formats: Formats) -> str:
    """The page as text. The same content gives the same text."""
    words = formats.words
    return visible(
        _environment()
        .get_template("report.html.j2")
        .render(
            c=content,
            s=content["sections"],
            t=words,
            number=formats.number,
            span=formats.interval,
            weekday=formats.weekday,
            NONE=NONE,
            order=_order(content),
            figures=_figures(content, formats),
            spark=_spark,
            reasons=_reasons(content, words),
            day=lambda day: formats.date(day, weekday=False),
            moment=formats.moment,
            tier_colours=charts.TIER_COLOURS,
            css=Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8")),
            script=Markup((_TEMPLATES / "report.js").read_text(encoding="utf-8")),
            icon=_ICON,
        )
    )


_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' "
    "height='16' rx='4' fill='%232f5bd0'/%3E%3Cpath d='M4 11V8M8 11V5M12 11V7' stroke='white' stroke-width='2'/"
    "%3E%3C/svg%3E"
)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _order(content: Row) -> list[str]:
    """Names of the sections as they stand on the page; those without a place of their own after the one before."""
    order, before = list(content["section_order"]), None
    for name in content["sections"]:
        if name not in order:
            order.insert(order.index(before) + 1 if before else 0, name)
        before = name
    return order


def _figures(content: Row, formats: Formats) -> dict[str, list[Row]]:
    words = formats.words
    found: dict[str, list[Row]] = {}
    for name, block in content["sections"].items():
        if isinstance(block, Trend):
            for chart in block.charts:
                found[chart.id] = _trend_figure(content["granularity"], block, chart, formats)
        elif isinstance(block, Shares):
            ring = charts.render_svg(charts.ring_option(block), 170, 170, name, words(f"section.{name}"))
            found[name] = [{"size": "any", "svg": Markup(ring)}]
        elif isinstance(block, Table) and block.chart == "economics":
            found[name] = _drawn(
                lambda size, b=block: charts.economics_option(b, formats, size), name, words("trend.economics")
            )
    return found


def _trend_figure(granularity: str, block: Trend, chart: Chart, formats: Formats) -> list[Row]:
    labels = [
        _axis_label(granularity, key) + ("†" if is_partial else "")
        for key, is_partial in zip(block.periods, chart.bars.incomplete, strict=True)
    ]
    title = formats.words(f"trend.{chart.id}")
    return _drawn(lambda size: charts.trend_option(chart, labels, formats, size), f"trend-{chart.id}", title)


def _drawn(option_of: Callable[[charts.Size], Row], chart_id: str, title: str) -> list[Row]:
    return [{**drawn, "svg": Markup(drawn["svg"])} for drawn in charts.figure(option_of, chart_id, title)]


def _axis_label(granularity: str, key: str) -> str:
    period = parse(granularity, key)
    if granularity == "monthly":
        return key if period.start.month == 1 else f"{period.start:%m}"
    if granularity == "weekly":
        return f"W{key[-2:]}"
    return f"{period.start.month}/{period.start.day}"


def _reasons(content: Row, words: Words) -> list[str]:
    """Why comparisons are missing: one line for each kind of comparison and reason."""
    labels = {comparison["kind"]: comparison for comparison in content["comparisons"]}
    found = {}
    for card in content["cards"]:
        for change in card["comparisons"]:
            if change["reason"]:
                reason = words(f"compare.reason.{change['reason']}")
                label = labels[change["kind"]]["label"]
                found[words("compare.reason_line", label=label, reason=reason)] = None
    return list(found)


def _spark(values: list[Any], width: int = 96, height: int = 26) -> Markup:
    """Small line of the last values; gaps where there is no number, a dot at the end."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return Markup("")
    low, high = min(known), max(known)
    span = (high - low) or 1
    step = (width - 6) / max(1, len(values) - 1)
    parts, pen = [], "M"
    for n, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{3 + n * step:.1f} {height - 4 - (value - low) / span * (height - 8):.1f}")
        pen = "L"
    end = ""
    if values[-1] is not None:
        y = height - 4 - (values[-1] - low) / span * (height - 8)
        end = f'<circle cx="{width - 3}" cy="{y:.1f}" r="2.4" fill="{charts.ACCENT}"/>'
    return Markup(
        f'<svg class="spark" viewBox="0 0 {width} {height}" aria-hidden="true">'
        f'<path d="{"".join(parts)}" fill="none" stroke="#9fb4e8" stroke-width="1.6"/>{end}</svg>'
    )
