"""What each report shows: ``<granularity>.yml``, lists of blocks, as typed data. A wrong line is named with its field."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChartSpec(_Entry):
    """Bars, perhaps second bars, and the first answerable metric of ``line``."""

    id: str
    bars: str
    bars2: str | None = None
    line: tuple[str, ...]


class FindingsSpec(_Entry):
    """Problems and opportunities by policy/findings.yml."""

    kind: Literal["findings"]
    id: str


class TrendSpec(_Entry):
    """Charts over the report's trend periods."""

    kind: Literal["trend"]
    id: str
    charts: tuple[ChartSpec, ...]


class SharesSpec(_Entry):
    """Parts of a whole."""

    kind: Literal["shares"]
    id: str


class RankingSpec(_Entry):
    """People or groups, best first. ``after``: belongs to that block and has no place of its own in the order."""

    kind: Literal["ranking"]
    id: str
    after: str | None = None


class HeatMapSpec(_Entry):
    """High-intent calls by day and hour of the last ``days``, else of the period."""

    kind: Literal["heat_map"]
    id: str
    days: int | None = None


class FunnelSpec(_Entry):
    """Stages of ``preset`` (policy/funnel.yml)."""

    kind: Literal["funnel"]
    id: str
    preset: str


class WorkListSpec(_Entry):
    """People to call; the page shows ``shown`` of them."""

    kind: Literal["work_list"]
    id: str
    shown: int


class TableSpec(_Entry):
    """A table: ``metrics`` of the semantic layer ``by`` its dimensions, or a ``question`` that Python answers.

    order: a metric, with - before it the largest first. compare: the first metric's change against the period before.
    """

    kind: Literal["table"]
    id: str
    metrics: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    order: str | None = None
    compare: Literal["previous"] | None = None
    rows: int = 100
    question: str | None = None
    quality_days: int | None = None


BlockSpec = Annotated[
    FindingsSpec | TrendSpec | SharesSpec | RankingSpec | HeatMapSpec | FunnelSpec | WorkListSpec | TableSpec,
    Field(discriminator="kind"),
]


class Composition(_Entry):
    """One report: cards (the first answerable metric of each), periods on the time axis, blocks in their order."""

    trend_periods: int
    cards: tuple[tuple[str, ...], ...]
    blocks: tuple[BlockSpec, ...]

    @property
    def charts(self) -> tuple[ChartSpec, ...]:
        """Charts of all trends."""
        return tuple(chart for block in self.blocks if isinstance(block, TrendSpec) for chart in block.charts)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric named in a card, a chart or a table, once."""
        names = [name for card in self.cards for name in card]
        for chart in self.charts:
            names += [chart.bars, *([chart.bars2] if chart.bars2 else []), *chart.line]
        for block in self.blocks:
            names += block.metrics if isinstance(block, TableSpec) else ()
        return tuple(dict.fromkeys(names))


@cache
def composition(granularity: str) -> Composition:
    """The composition of daily, weekly or monthly reports. Raises pydantic's ValidationError, which names the field."""
    text = Path(__file__).with_name(f"{granularity}.yml").read_text(encoding="utf-8")
    return Composition.model_validate(yaml.load(text, Loader=_LOADER))
