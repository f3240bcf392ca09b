"""ECharts options of the report's charts; text sizes fit the pixel width they are drawn for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dial2deal.blocks.kinds import Chart, Series, Shares, Table
from dial2deal.presentation.echarts import render_svg
from dial2deal.presentation.formats import Formats

FONT = '"PingFang SC","Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC","Source Han Sans SC",sans-serif'
INK, MUTED, HAIRLINE = "#1c2333", "#6b7489", "#e4e8ef"
ACCENT, SOFT, SECOND, SECOND_SOFT = "#2f5bd0", "#c5d3f4", "#0d9488", "#a8dcd5"
_AXIS = 40  # pixels left of a panel for the numbers of its axis
_LARGE = 100_000  # amounts from here on are written in 万 or thousands
TIER_COLOURS = {"A+": "#b4231f", "A": "#e0562b", "A-": "#f0903f", "B": "#e9c46a", "C": "#9db4c9", "D": "#d5dbe3"}


Row = dict[str, Any]


@dataclass(frozen=True)
class Size:
    name: str
    width: int
    height: int
    font: int
    most_labels: int


WIDE, NARROW = Size("wide", 500, 250, 11, 8), Size("narrow", 340, 240, 11, 5)


def figure(option_of, chart_id: str, title: str) -> list[dict[str, str]]:
    """The chart once per `Size`, so that a phone gets readable text instead of a shrunk desktop picture."""
    return [
        {
            "size": size.name,
            "svg": render_svg(option_of(size), size.width, size.height, f"{chart_id}-{size.name}", title),
        }
        for size in (WIDE, NARROW)
    ]


def trend_option(chart: Chart, labels: list[str], formats: Formats, size: Size) -> Row:
    """Two panels on one time axis: the line above, the bars below, each with its own labelled scale."""
    bars, second, line = chart.bars, chart.bars2, chart.line
    split = 0.44 if line else 0
    top, gap, bottom = 32, 36, 24
    line_height = int((size.height - top - gap - bottom) * split)
    bar_top = top + line_height + (gap if line else 0)
    grids = [{"left": _AXIS, "right": 14, "top": bar_top, "bottom": bottom, "outerBoundsMode": "none"}]
    titles = [_panel_title(bars.label, bar_top - 22, size)]
    unit = _unit(bars, second, formats)
    x_axes, y_axes = [_x_axis(labels, 0, size, True)], [_y_axis(0, unit, size)]
    series, legend = [_bars(bars, 0, formats, ACCENT, SOFT, unit)], {"show": False}
    if second:
        titles = []
        series.append(_bars(second, 0, formats, SECOND, SECOND_SOFT, unit, labelled=False))
        legend = _legend([bars.label, second.label], bar_top - 24, size)
    if line:
        grids.append({"left": _AXIS, "right": 14, "top": top, "height": line_height, "outerBoundsMode": "none"})
        titles.append(_panel_title(line.label, 0, size))
        x_axes.append(_x_axis(labels, 1, size, False))
        unit = _unit(line, None, formats)
        y_axes.append({**_y_axis(1, unit, size), "scale": True})
        series.append(_line(line, formats, unit))
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT, "color": INK},
        "title": titles,
        "grid": grids,
        "legend": legend,
        "color": [ACCENT, SECOND],
        "xAxis": x_axes,
        "yAxis": y_axes,
        "series": series,
    }


def ring_option(shares: Shares) -> Row:
    """Ring of calls by tier."""
    return {
        "animation": False,
        "series": [
            {
                "type": "pie",
                "radius": ["58%", "94%"],
                "silent": True,
                "label": {"show": False},
                "itemStyle": {"borderColor": "#ffffff", "borderWidth": 2},
                "data": [
                    {
                        "value": row["calls"],
                        "name": row["tier"],
                        "itemStyle": {"color": TIER_COLOURS.get(row["tier"], HAIRLINE)},
                    }
                    for row in shares.rows
                ],
            }
        ],
    }


def economics_option(channels: Table, formats: Formats, size: Size) -> Row:
    """Revenue and cost of each channel side by side, one linear scale."""
    rows = [row for row in channels.rows if row.get("monthly_revenue_cny") or row.get("total_cost_cny")]
    rows = list(reversed(rows))

    def bars(name: str, key: str, colour: str) -> Row:
        return {
            "type": "bar",
            "name": name,
            "silent": True,
            "barMaxWidth": 11,
            "barGap": "15%",
            "itemStyle": {"color": colour, "borderRadius": [0, 2, 2, 0]},
            "data": [
                {
                    "value": row.get(key) or 0,
                    "label": {
                        "show": True,
                        "position": "right",
                        "fontSize": size.font - 1,
                        "color": MUTED,
                        "formatter": formats.number(row.get(key) or 0, "money"),
                    },
                }
                for row in rows
            ],
        }

    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT, "color": INK},
        "color": [SECOND, ACCENT],
        "legend": _legend([formats.words("word.revenue"), formats.words("channels.cost")], 0, size),
        "grid": {"left": 76, "right": 70, "top": 26, "bottom": 6, "outerBoundsMode": "none"},
        "yAxis": {
            "type": "category",
            "data": [row["label"] for row in rows],
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": HAIRLINE}},
            "axisLabel": {"color": INK, "fontSize": size.font},
        },
        "xAxis": {"type": "value", "show": False, "min": 0},
        "series": [
            bars(formats.words("channels.cost"), "total_cost_cny", SECOND),
            bars(formats.words("word.revenue"), "monthly_revenue_cny", ACCENT),
        ],
    }


def _legend(names: list[str], top: int, size: Size) -> Row:
    return {
        "show": True,
        "left": 0,
        "top": top,
        "padding": 0,
        "icon": "rect",
        "itemWidth": 9,
        "itemHeight": 9,
        "itemGap": 14,
        "selectedMode": False,
        "data": names,
        "textStyle": {"fontSize": size.font, "color": MUTED},
    }


def _panel_title(text: str, top: int, size: Size) -> Row:
    return {
        "text": text,
        "left": 0,
        "top": top,
        "padding": 0,
        "textStyle": {"fontSize": size.font, "fontWeight": "normal", "color": MUTED},
    }


def _x_axis(labels: list[str], index: int, size: Size, show: bool) -> Row:
    step = -(-len(labels) // size.most_labels)
    # Counted from the right, so that the report's own period is always named.
    shown = [
        label if (len(labels) - 1 - n) % step == 0 else "†" if label.endswith("†") else ""
        for n, label in enumerate(labels)
    ]
    return {
        "type": "category",
        "gridIndex": index,
        "data": shown,
        "axisTick": {"show": False},
        "axisLine": {"lineStyle": {"color": HAIRLINE}},
        "axisLabel": {"show": show, "interval": 0, "color": MUTED, "fontSize": size.font - 1, "hideOverlap": False},
    }


def _unit(part: Series, second: Series | None, formats: Formats) -> tuple[float, str]:
    """By what values are multiplied for their axis, and how the axis writes them: its labels know no other formats."""
    if part.kind in ("share", "ratio"):
        return 100, "{value}%"
    values = [value for one in (part, second) if one for value in one.values if value is not None]
    if part.kind == "money" and max(values, default=0) >= _LARGE:
        return (
            (1e-4, formats.words("axis.large")) if formats.words.locale == "zh" else (1e-3, formats.words("axis.large"))
        )
    return 1, "{value}"


def _scaled(value: float | None, unit: tuple[float, str]) -> float | None:
    return None if value is None else round(value * unit[0], 6)


def _y_axis(index: int, unit: tuple[float, str], size: Size) -> Row:
    return {
        "type": "value",
        "gridIndex": index,
        "splitNumber": 2,
        "axisLabel": {"formatter": unit[1], "color": MUTED, "fontSize": size.font - 2, "margin": 5},
        "splitLine": {"lineStyle": {"color": HAIRLINE}},
        "axisLine": {"show": False},
    }


def _bars(
    part: Series, axis: int, formats: Formats, strong: str, soft: str, unit: tuple[float, str], labelled: bool = True
) -> Row:
    last = len(part.values) - 1
    return {
        "type": "bar",
        "name": part.label,
        "silent": True,
        "xAxisIndex": axis,
        "yAxisIndex": axis,
        "barMaxWidth": 26,
        "data": [
            {
                "value": _scaled(value, unit),
                "label": _value_label(part, n, formats, True) if labelled else {"show": False},
                "itemStyle": {"color": strong if n == last else soft, "borderRadius": [2, 2, 0, 0]},
            }
            for n, value in enumerate(part.values)
        ],
    }


def _line(part: Series, formats: Formats, unit: tuple[float, str]) -> Row:
    last = len(part.values) - 1
    return {
        "type": "line",
        "silent": True,
        "xAxisIndex": 1,
        "yAxisIndex": 1,
        "symbol": "circle",
        "lineStyle": {"color": ACCENT, "width": 2},
        "itemStyle": {"color": ACCENT},
        "connectNulls": False,
        "data": [
            {
                "value": _scaled(value, unit),
                "symbolSize": 7 if n == last else 4,
                "label": _value_label(part, n, formats, False),
            }
            for n, value in enumerate(part.values)
        ],
    }


def _value_label(part: Series, n: int, formats: Formats, is_bar: bool) -> Row:
    """Last, largest and smallest values are written at their marks, exactly; the axis gives the rest."""
    values = [
        value
        for value, is_partial in zip(part.values, part.incomplete, strict=True)
        if value is not None and not is_partial
    ]
    value = part.values[n]
    last = len(part.values) - 1
    extremes = {part.values.index(max(values)), part.values.index(min(values))} if values else set()
    named = value is not None and (n == last or (n in extremes and last - n > 1 and not part.incomplete[n]))
    if not named:
        return {"show": False}
    is_low = not is_bar and n != last and value == min(values) != max(values)
    return {
        "show": True,
        "position": "bottom" if is_low else "top",
        "distance": 4,
        "fontSize": 10,
        "formatter": formats.number(value, part.kind),
        "color": INK if n == last else MUTED,
        "fontWeight": "bold" if n == last else "normal",
    }
