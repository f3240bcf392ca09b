"""The kinds of blocks as frozen data. Fields are the keys of report.json; those marked with `OWN` stay out of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dial2deal.insight.intervals import wilson

OWN: dict[str, bool] = {"own": True}  # for renderers alone
IF_ANY: dict[str, bool] = {"if_any": True}  # left out of the JSON where there is none


@dataclass(frozen=True)
class Rate:
    """A share with its evidence; all but the counts None without denominator, never 0 %."""

    value: float | None
    num: int
    den: int
    low: float | None
    high: float | None

    @classmethod
    def of(cls, numerator: int, denominator: int, z: float) -> Rate:
        """With Wilson bounds at ``z``."""
        low, high = wilson(numerator, denominator, z) or (None, None)
        return cls(numerator / denominator if denominator else None, numerator, denominator, low, high)

    @classmethod
    def of_metric(cls, row: Mapping[str, Any], metric: str) -> Rate:
        """From a row of the semantic layer."""
        return cls(
            row.get(metric),
            row.get(f"{metric}_num") or 0,
            row.get(f"{metric}_den") or 0,
            row.get(f"{metric}_low"),
            row.get(f"{metric}_high"),
        )


@dataclass(frozen=True)
class Change:
    """A number against another period's: ``reason`` says why there is none, ``tone`` is good, bad, flat or none."""

    kind: str
    period: str | None
    value: float | None
    reason: str | None
    text: str
    direction: str | None = None
    tone: str = "none"
    by_chance: bool = False


@dataclass(frozen=True)
class Kpi:
    """One number with its comparisons and its last values. ``kind`` as of `presentation.formats`."""

    metric: str
    label: str
    kind: str
    value: float | None
    text: str
    good: str
    comparisons: tuple[Change, ...]
    spark: tuple[float | None, ...]
    is_incomplete: bool
    note: str


@dataclass(frozen=True)
class QuotientKpi(Kpi):
    """A number that is one counted thing by another, with both and, for a share, its interval."""

    numerator: float | None
    denominator: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Evidence:
    """What a finding rests on: the number, its sample and interval, the limit and what it is compared with."""

    metric: str
    scope: str
    label: str
    value: float
    value_text: str
    numerator: int | None
    n: int
    low: float | None
    high: float | None
    interval_text: str
    threshold: float
    threshold_text: str
    threshold_source: str
    test: str
    base: float | None
    base_text: str | None
    requirement: str


@dataclass(frozen=True)
class Finding:
    """A problem or an opportunity with what to do. ``gap``: by how much the limit is passed."""

    rule: str
    kind: str
    severity: str
    certain: bool
    key: str
    gap: float
    title: str
    advice: str
    evidence: Evidence


@dataclass(frozen=True)
class Series:
    """One metric over the periods of a trend; ``incomplete``: files of the period are missing."""

    metric: str
    kind: str
    label: str
    values: tuple[float | None, ...]
    incomplete: tuple[bool, ...]


@dataclass(frozen=True)
class Chart:
    """Bars, perhaps second bars, and a line above them, on one time axis."""

    id: str
    bars: Series
    bars2: Series | None = field(default=None, metadata=IF_ANY)
    line: Series | None = field(default=None, metadata=IF_ANY)


@dataclass(frozen=True)
class Trend:
    """Charts over ``periods`` (keys, oldest first)."""

    kind: ClassVar[str] = "trend"
    periods: tuple[str, ...]
    charts: tuple[Chart, ...]
    is_incomplete: bool
    labels: tuple[str, ...] = field(default=(), metadata=OWN)  # of the axis, one per period


@dataclass(frozen=True)
class Grid:
    """Counts by day of the week (Monday first) and hour, of one direction."""

    direction: str
    total: int
    max: int
    high_intent_calls: tuple[tuple[int, ...], ...]
    tiered_calls: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class HeatMap:
    """Grids of one window of days."""

    kind: ClassVar[str] = "heat_map"
    start: dt.date
    end: dt.date
    hours: tuple[int, ...]
    total: int
    grids: tuple[Grid, ...]


@dataclass(frozen=True)
class Stage:
    """A stage, how many reached it, and the step from the one before; ``change`` is against the period before."""

    stage: str
    label: str
    reached: int
    is_optional: bool
    is_after_deal: bool
    step: Rate
    of_all: float
    lost: int
    previous_step: float | None
    change: str


@dataclass(frozen=True)
class StepLoss:
    """What a step costs in expected deals; named after the stage it leads to (``label``, from ``before``)."""

    stage: str
    label_zh: str
    label_en: str
    before_zh: str
    before_en: str
    reached: int
    lost: int
    expected_deals_lost: float | None
    first_day: dt.date
    last_day: dt.date
    label: str
    before: str


@dataclass(frozen=True)
class Losses:
    """Steps of mature cohorts from ``start`` to ``end``; ``weakest`` loses most deals."""

    rows: tuple[StepLoss, ...]
    start: dt.date
    end: dt.date
    weakest: str


@dataclass(frozen=True)
class Funnel:
    """Stages in order; ``weakest`` is the stage whose step loses most deals."""

    kind: ClassVar[str] = "funnel"
    start: dt.date
    end: dt.date
    horizon_days: int
    preset: str
    entered: int
    rows: tuple[Stage, ...]
    losses: Losses | None
    weakest: str | None


PAGE, SHEET = frozenset({"page"}), frozenset({"sheet"})
BOTH = PAGE | SHEET
Cell = str | int | float | bool | dt.date | Rate | None


@dataclass(frozen=True)
class Column:
    """One column of a table. ``kind`` as of `presentation.formats`, or text.

    shows: value, bar (a rate with a bar), interval (a rate with its interval), titled (a rate whose interval is told on
    hovering), chip (text with the colour of tier ``of``). of: the part of a rate that a sheet shows. restricted:
    numbers and names that need rights.
    """

    key: str
    label: str
    kind: str = "text"
    shows: str = "value"
    places: frozenset[str] = BOTH
    width: float = 12
    of: str = "value"
    sorts: bool = False  # the page's order by this column needs the number, not its text
    missing: float = 0  # where a row without value stands in that order
    wide_only: bool = False  # left out on narrow screens
    quiet: bool = False
    warns_below: float | None = None
    is_measured: bool = False  # the sheet draws a bar from 0 to 1
    restricted: bool = False
    says: str | None = None  # the same text in every row


@dataclass(frozen=True)
class Table:
    """Rows by ``columns``. ``facts`` stand beside the rows in the JSON; ``chart`` names a drawing of `blocks.charts`."""

    kind: ClassVar[str] = "table"
    rows: tuple[Mapping[str, Any], ...]
    facts: Mapping[str, Cell] = field(default_factory=dict, metadata=OWN)
    columns: tuple[Column, ...] = field(default=(), metadata=OWN)
    lead: str = field(default="", metadata=OWN)
    sheet_lead: str = field(default="", metadata=OWN)
    chart: str | None = field(default=None, metadata=OWN)
    is_dense: bool = field(default=False, metadata=OWN)

    @property
    def widest(self) -> float:
        """Scale of the intervals: the highest bound of the columns that show them."""
        shown = [row[c.key] for row in self.rows for c in self.columns if c.shows == "interval" and c.places & PAGE]
        return max([0.0001, *(rate.high or 0 for rate in shown if isinstance(rate, Rate))])


@dataclass(frozen=True)
class Shares(Table):
    """Parts of a whole, drawn as a ring beside their table; rows carry ``tier`` and ``calls``."""

    kind: ClassVar[str] = "shares"


@dataclass(frozen=True)
class Ranking(Table):
    """People or groups, best first, with the interval that ranks them; ``heading`` says what they are."""

    kind: ClassVar[str] = "ranking"
    heading: str = field(default="", metadata=OWN)
    has_teams: bool = field(default=False, metadata=OWN)
    is_ranked: bool = field(default=True, metadata=OWN)


@dataclass(frozen=True)
class WorkList(Table):
    """People to work through in this order. ``shown_rows``: those of the page; ``rows`` are the sheets' alone.

    Columns that are restricted hold masked values; `reveal` puts the full ones in for those who may see them.
    """

    kind: ClassVar[str] = "work_list"
    shown_rows: tuple[Mapping[str, Any], ...] = ()
    marks_new: bool = field(default=True, metadata=OWN)  # who is new in the period gets a mark
