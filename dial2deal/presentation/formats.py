"""Numbers, shares, amounts, durations and dates as a language writes them (Babel), rounded as in commerce."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from babel import Locale
from babel.dates import format_date
from babel.numbers import NumberPattern, parse_pattern

from dial2deal.presentation.words import Words

NONE = "—"
_DATE = {"zh": "M月d日", "en": "d MMM"}
_FORMATS = {
    "count": (0, "#,##0"),
    "share": (3, "0.0%"),
    "ratio": (2, "#,##0%"),
    "multiple": (1, "#,##0.0×"),
    "money": (0, "¥#,##0"),
}
_A_MONDAY = dt.date(2024, 1, 1)


class Formats:
    """How the language of ``words`` writes values; None is `NONE` everywhere, never 0."""

    def __init__(self, words: Words):
        self.words = words
        self._locale = Locale.parse(words.locale)

    def number(self, value: float | Decimal | None, kind: str = "count") -> str:
        """``value`` as text: count, money (CNY), share (0.482 → 48.2%), ratio (0.5 → 50%), multiple, seconds."""
        if value is None:
            return NONE
        if kind == "seconds":
            return self.duration(value)
        if kind in _FORMATS and (kind != "count" or value >= 10 or value <= -10 or float(value).is_integer()):
            digits, pattern = _FORMATS[kind]
            return _pattern(pattern).apply(_round(value, digits), self._locale)
        return str(_round(value, 1))

    def duration(self, seconds: float | Decimal) -> str:
        """Minutes and seconds."""
        minutes, rest = divmod(int(_round(seconds, 0)), 60)
        if not minutes:
            return self.words("format.seconds", seconds=rest)
        return self.words("format.duration", minutes=minutes, seconds=f"{rest:02d}")

    def fine_share(self, value: float | None) -> str:
        """A share with one decimal, two where it would round to 0.0."""
        if value is not None and 0 < value < 0.001:
            return _pattern("0.00%").apply(_round(value, 4), self._locale)
        return self.number(value, "share")

    def change(self, value: float | None, base: float | None, kind: str) -> str:
        """Change from ``base`` to ``value``: points for shares, percent otherwise; `NONE` without a base."""
        if value is None or base is None:
            return NONE
        if kind in ("share", "ratio"):
            return self.words("format.points", points=_signed((value - base) * 100, 1 if kind == "share" else 0))
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
        """Day and month, with the day of the week in brackets."""
        text = format_date(day, _DATE[self.words.locale], locale=self._locale)
        return text + self.words("format.weekday", name=self.weekday(day.isoweekday())) if weekday else text

    def weekday(self, number: int) -> str:
        """Short name of a day of the week, 1 = Monday."""
        return format_date(_A_MONDAY + dt.timedelta(days=number - 1), "EEE", locale=self._locale)

    def month(self, day: dt.date) -> str:
        """Full name of the day's month."""
        return format_date(day, "MMMM", locale=self._locale)

    def range(self, start: dt.date, end: dt.date) -> str:
        """First and last day."""
        return f"{self.date(start, weekday=False)} – {self.date(end, weekday=False)}"

    def moment(self, at: dt.datetime | None) -> str:
        """Date and time to the minute, the same in every language."""
        return NONE if at is None else f"{at:%Y-%m-%d %H:%M}"


@cache
def _pattern(text: str) -> NumberPattern:
    return parse_pattern(text)


def _signed(value: float, digits: int) -> str:
    rounded = _round(value, digits)
    return f"{rounded:+.{digits}f}" if rounded else "±0"


def _round(value: float | Decimal, digits: int) -> Decimal:
    """Commercial rounding, independent of how the float prints."""
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return rounded or abs(rounded)
