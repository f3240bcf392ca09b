"""Blocks as parts of a page: what the macros of templates/blocks.html.j2 ask for, and the drawings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from dial2deal.blocks import charts
from dial2deal.blocks.kinds import Chart, Shares, Table, Trend
from dial2deal.presentation.echarts import render_svg
from dial2deal.presentation.formats import NONE, Formats

TEMPLATES = Path(__file__).parent / "templates"


def names(blocks: Mapping[str, Any], formats: Formats) -> dict[str, Any]:
    """What a page must know beside its own content to use the macros; ``blocks`` by their ids."""
    return {
        "t": formats.words,
        "number": formats.number,
        "span": formats.interval,
        "weekday": formats.weekday,
        "day": lambda day: formats.date(day, weekday=False),
        "moment": formats.moment,
        "NONE": NONE,
        "tier_colours": charts.TIER_COLOURS,
        "figures": _figures(blocks, formats),
        "spark": spark,
    }


def _figures(blocks: Mapping[str, Any], formats: Formats) -> dict[str, list[dict[str, Any]]]:
    words = formats.words
    found: dict[str, list[dict[str, Any]]] = {}
    for name, block in blocks.items():
        if isinstance(block, Trend):
            for chart in block.charts:
                found[chart.id] = _trend_figure(block, chart, formats)
        elif isinstance(block, Shares):
            ring = render_svg(charts.ring_option(block), 170, 170, name, words(f"section.{name}"))
            found[name] = [{"size": "any", "svg": Markup(ring)}]
        elif isinstance(block, Table) and block.chart == "economics":
            found[name] = _drawn(_economics(block, formats), name, words("trend.economics"))
    return found


def _economics(block: Table, formats: Formats) -> Callable[[charts.Size], dict[str, Any]]:
    return lambda size: charts.economics_option(block, formats, size)


def _trend_figure(block: Trend, chart: Chart, formats: Formats) -> list[dict[str, Any]]:
    labels = [
        label + ("†" if is_partial else "")
        for label, is_partial in zip(block.labels, chart.bars.incomplete, strict=True)
    ]
    title = formats.words(f"trend.{chart.id}")
    return _drawn(lambda size: charts.trend_option(chart, labels, formats, size), f"trend-{chart.id}", title)


def _drawn(option_of: Callable[[charts.Size], dict[str, Any]], chart_id: str, title: str) -> list[dict[str, Any]]:
    return [{**drawn, "svg": Markup(drawn["svg"])} for drawn in charts.figure(option_of, chart_id, title)]


def spark(values: list[Any], width: int = 96, height: int = 26) -> Markup:
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
