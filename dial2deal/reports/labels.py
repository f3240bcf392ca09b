"""Words and number formats of one language; every text of a report comes from labels.yml."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

import yaml

LOCALES = ("zh", "en")
NONE = "—"
_CATALOGUE = Path(__file__).with_name("labels.yml")


class MissingLabelError(KeyError):
    """labels.yml has no such key, or not in this language."""


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """labels.yml: key -> language -> text."""
    return yaml.safe_load(_CATALOGUE.read_text(encoding="utf-8"))


class Words:
    """Texts and formats of one ``locale``. Raises ValueError for a locale without catalogue."""

    def __init__(self, locale: str):
        if locale not in LOCALES:
            raise ValueError(f"reports.locale is {locale!r}; the catalogue has {', '.join(LOCALES)}")
        self.locale = locale

    def __call__(self, key: str, **values: object) -> str:
        """Text of ``key`` with ``{placeholders}`` filled in. Raises MissingLabelError."""
        try:
            text = catalogue()[key][self.locale]
        except KeyError as error:
            raise MissingLabelError(f"labels.yml has no {self.locale} text for {key!r}") from error
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        return key in catalogue()

    def of(self, row: dict, default: str = "") -> str:
        """The row's ``label_zh`` or ``label_en`` (policy tables carry both)."""
        return row.get(f"label_{self.locale}") or default

    def number(self, value: float | Decimal | None, kind: str = "count") -> str:
        """``value`` as text: count, money (CNY), share (0.482 → 48.2%), ratio (0.5 → 50%), multiple, seconds."""
        if value is None:
            return NONE
        if kind == "share":
            return f"{_round(value, 3) * 100:.1f}%"
        if kind == "ratio":
            return f"{_round(value, 2) * 100:,.0f}%"
        if kind == "multiple":
            return f"{_round(value, 1):,.1f}×"
        if kind == "money":
            return f"{'-' if value < 0 else ''}¥{abs(_round(value, 0)):,.0f}"
        if kind == "seconds":
            minutes, seconds = divmod(int(_round(value, 0)), 60)
            return (
                self("format.duration", minutes=minutes, seconds=f"{seconds:02d}")
                if minutes
                else self("format.seconds", seconds=seconds)
            )
        return f"{_round(value, 0):,.0f}" if abs(value) >= 10 or float(value).is_integer() else f"{_round(value, 1)}"

    def change(self, value: float | None, base: float | None, kind: str) -> str:
        """Change from ``base`` to ``value``: points for shares, percent otherwise; `NONE` without a base."""
        if value is None or base is None:
            return NONE
        if kind in ("share", "ratio"):
            return self("format.points", points=_signed((value - base) * 100, 1 if kind == "share" else 0))
        if kind == "multiple":
            return _signed(value - base, 1) + "×"
        if base == 0:
            return NONE if value else "±0%"
        return _signed((float(value) / float(base) - 1) * 100, 1) + "%"

    def interval(self, low: float | None, high: float | None) -> str:
        """``41.0–46.9%``"""
        if low is None or high is None:
            return NONE
        return f"{_round(low * 100, 1):.1f}–{_round(high * 100, 1):.1f}%"

    def date(self, day: dt.date, weekday: bool = True) -> str:
        text = self("format.date", month=day.month, day=day.day, month_name=f"{day:%b}")
        return f"{text}{self('format.weekday', name=self(f'weekday.{day.isoweekday()}'))}" if weekday else text

    def range(self, start: dt.date, end: dt.date) -> str:
        return f"{self.date(start, weekday=False)} – {self.date(end, weekday=False)}"

    def moment(self, at: dt.datetime | None) -> str:
        return NONE if at is None else f"{at:%Y-%m-%d %H:%M}"


def _signed(value: float, digits: int) -> str:
    rounded = _round(value, digits)
    return f"{rounded:+.{digits}f}" if rounded else "±0"


def _round(value: float | Decimal, digits: int) -> Decimal:
    """Commercial rounding, independent of how the float prints."""
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return rounded if rounded else abs(rounded)
