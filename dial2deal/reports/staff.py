"""Agents, teams and business lines of a report: rows that add up to the total, ranked like with like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from dial2deal.blocks.kinds import Column, Ranking, Rate
from dial2deal.insight.intervals import standardised
from dial2deal.presentation.words import Words
from dial2deal.reports.composition import RankingSpec
from dial2deal.reports.context import Context
from dial2deal.reports.facts import Row

_METRICS = (
    "calls",
    "connect_rate",
    "answer_rate",
    "connected_calls",
    "high_intent_calls",
    "high_intent_rate",
    "mean_talk_seconds",
)
_SALES = ("orders", "revenue_cny")


def ranking(context: Context, spec: RankingSpec) -> Ranking | None:
    """The ranking called ``spec.id``."""
    return _RANKINGS[spec.id](context)


def agents(context: Context) -> Ranking | None:
    """Leaderboard of agents; those below min_n are listed unranked, what belongs to nobody comes last."""
    names, words = context.agent_names, context.words
    rows = _ranked(context, _rows(context, "agent", "agent_id", lambda key: names.get(key, key)))
    if not rows:
        return None
    lead = words("staff.lead", min_n=context.min_n)
    return Ranking(
        rows,
        _facts(context, rows),
        _columns(words, None),
        lead=f"{lead} {words('legend.interval')}",
        sheet_lead=lead,
        heading=words("word.agent"),
        has_teams=True,
    )


def teams(context: Context) -> Ranking | None:
    """The same by team."""
    words = context.words
    rows = _ranked(context, _rows(context, "team", "team", str))
    if not rows:
        return None
    columns = _columns(words, words("scope.total"))
    return Ranking(
        rows,
        _facts(context, rows),
        columns,
        sheet_lead=words("staff.lead", min_n=context.min_n),
        heading=words("word.team"),
    )


def lines(context: Context) -> Ranking | None:
    """Calls, connects and high intent by business line (R086)."""
    rows = _rows(
        context, "business_line", "business_line", lambda key: context.line_labels.get(key, key), with_sales=False
    )
    if len(rows) < 2:
        return None
    ordered = sorted(rows, key=lambda row: (-row["calls"], row["business_line"]))
    return Ranking(tuple(ordered), heading=context.words("word.line"), is_ranked=False)


_RANKINGS: dict[str, Callable[[Context], Ranking | None]] = {"agents": agents, "teams": teams, "lines": lines}


def _facts(context: Context, rows: tuple[Row, ...]) -> Row:
    return {"min_n": context.min_n, "has_sales": any("orders" in row for row in rows)}


def _columns(words: Words, everybody: str | None) -> tuple[Column, ...]:
    """The sheet's columns; ``everybody`` stands for the names of a team's members."""
    return (
        Column("rank", words("staff.rank"), "count", width=7),
        Column("team", words("word.team"), width=14),
        Column("name", words("word.agent"), width=16, says=everybody),
        Column("calls", words("word.calls"), "count", width=9),
        Column("connect", words("staff.connect"), "share", width=10),
        Column("connected_calls", words("staff.connected"), "count", width=9),
        Column("high_intent_calls", words("staff.high"), "count", width=9),
        Column("high_intent", words("staff.rate"), "share", width=12, is_measured=True),
        Column("high_intent", words("sheet.low"), "share", of="low", width=10),
        Column("high_intent", words("sheet.high"), "share", of="high", width=10),
        Column("mean_talk_seconds", words("staff.talk"), "seconds", width=11),
        Column("orders", words("word.orders"), "count", width=8),
        Column("revenue_cny", words("word.revenue"), "money", width=15),
    )


def _rows(context: Context, dimension: str, key: str, name: Callable[[str], str], with_sales: bool = True) -> list[Row]:
    """One row per value of ``dimension`` and one for what has none, with calls or sales in the period."""
    sales = _sales(context, dimension) if with_sales else None
    groups: dict[str | None, list[Row]] = defaultdict(list)
    by = [dimension, "team"] if dimension == "agent" else [dimension]
    for row in context.facts.groups(_METRICS, context.period, by):
        if row["calls"]:
            groups[row[dimension] or None].append(row)
    ways = _by_direction(context, dimension)
    rows = []
    for value in sorted({*groups, *(sales or ())}, key=lambda value: (value is None, str(value))):
        same = groups.get(value, [])
        team = max(same, key=lambda row: row["calls"])["team"] if same and dimension == "agent" else None
        row = {"team": team} if dimension == "agent" and value else {"team": None}
        row |= {
            key: value,
            "name": name(value) if value else context.words("staff.unassigned"),
            "is_assigned": bool(value),
            **_figures(context, same),
            "by_direction": ways.get(value, {}),
        }
        if sales is not None:
            row |= sales.get(value, {"orders": 0, "revenue_cny": 0})
        rows.append(row)
    return rows


def _figures(context: Context, rows: list[Row]) -> Row:
    """Counts and rates of rows together."""

    def total(column: str) -> int:
        return sum(row[column] or 0 for row in rows)

    def rate(metric: str) -> Rate:
        return Rate.of(total(f"{metric}_num"), total(f"{metric}_den"), context.z)

    connect, talk = rate("connect_rate"), rate_of(total("mean_talk_seconds_num"), total("mean_talk_seconds_den"))
    return {
        "calls": total("calls"),
        "connect": connect if connect.den else rate("answer_rate"),
        "connected_calls": total("connected_calls"),
        "high_intent_calls": total("high_intent_calls"),
        "high_intent": rate("high_intent_rate"),
        "mean_talk_seconds": talk,
    }


def rate_of(numerator: float, denominator: float) -> float | None:
    """Quotient, None without denominator."""
    return numerator / denominator if denominator else None


def _sales(context: Context, dimension: str) -> dict[str | None, Row] | None:
    if context.snapshot.starts("orders") is None:
        return None
    return {
        row[dimension] or None: {"orders": row["orders"] or 0, "revenue_cny": row["revenue_cny"] or 0}
        for row in context.facts.groups(_SALES, context.period, [dimension])
        if row["orders"] or row["revenue_cny"]
    }


def _by_direction(context: Context, dimension: str) -> dict[str | None, dict[str, Rate]]:
    """High-intent share of each value of ``dimension`` by direction: callers are readier to talk than the called."""
    found: dict[str | None, dict[str, Rate]] = defaultdict(dict)
    for row in context.facts.groups(["high_intent_rate"], context.period, [dimension, "direction"]):
        if row["high_intent_rate_den"]:
            found[row[dimension] or None][row["direction"]] = Rate.of(
                row["high_intent_rate_num"] or 0, row["high_intent_rate_den"], context.z
            )
    return found


def _ranked(context: Context, rows: list[Row]) -> tuple[Row, ...]:
    """Ranked by the lower bound of the high-intent share standardised on the mix of directions."""
    everybody = _pooled(row["by_direction"] for row in rows)
    for row in rows:
        row["high_intent_standardised"] = _standardised(row["by_direction"], everybody, context.z)
    known = [row for row in rows if row["is_assigned"]]
    enough = [row for row in known if row["high_intent"].den >= context.min_n]
    few = [row for row in known if row["high_intent"].den < context.min_n]
    enough.sort(key=lambda row: (-row["high_intent_standardised"]["low"], -row["high_intent"].den, row["name"]))
    few.sort(key=lambda row: (-row["calls"], row["name"]))
    for rank, row in enumerate(enough, start=1):
        row["rank"] = rank
    rest = [row for row in rows if not row["is_assigned"]]
    for row in few + rest:
        row["rank"] = None
    return (*enough, *few, *rest)


def _pooled(groups: Iterable[dict[str, Rate]]) -> dict[str, tuple[int, int]]:
    """Direction → high-intent calls and calls with a tier, of all together."""
    found: dict[str, tuple[int, int]] = {}
    for ways in groups:
        for direction, cell in ways.items():
            hits, base = found.get(direction, (0, 0))
            found[direction] = (hits + cell.num, base + cell.den)
    return found


def _standardised(ways: dict[str, Rate], everybody: dict[str, tuple[int, int]], z: float) -> Row:
    hits, base = sum(cell.num for cell in ways.values()), sum(cell.den for cell in ways.values())
    expected = sum(cell.den * everybody[way][0] / everybody[way][1] for way, cell in ways.items())
    overall = sum(hits for hits, _ in everybody.values()), sum(base for _, base in everybody.values())
    value, low, high = standardised(hits, base, expected, rate_of(*overall) or 0.0, z) or (None, None, None)
    return {"value": value, "low": low, "high": high}
