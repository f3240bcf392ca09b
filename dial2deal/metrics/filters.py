"""Conditions from data to MetricFlow's where clauses: known dimensions, known operators, bound values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from dial2deal.metrics.catalog import Catalog
from dial2deal.metrics.problems import MetricError

_OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "in", "not in")

_TEXT = re.compile(r"\s*(\w+)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*", re.DOTALL)

Filter = tuple[str, str, Any]


def parse_filter(text: str) -> Filter:
    """A filter typed by a person: ``channel=转介绍``, ``call_hour>=9``, ``team!=A``; ``channel=A|B`` is one of several.

    Whole numbers, true and false are values of their kind, an empty value means empty. Raises MetricError.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise MetricError(f"Cannot read the filter {text!r}; write it like channel=转介绍 or call_hour>=9.")
    name, operator, typed = match.groups()
    values = [_typed(part.strip()) for part in typed.split("|")]
    if len(values) == 1:
        return name, operator, values[0]
    if operator not in ("=", "!="):
        raise MetricError(f"The filter {text!r} compares with several values; use = or !=.")
    return name, "in" if operator == "=" else "not in", values


def _typed(text: str) -> str | int | bool | None:
    if text in ("true", "false"):
        return text == "true"
    return None if text == "" else int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text


@dataclass
class Where:
    """Clauses of one question, which MetricFlow joins with AND, and the values that they name ``$p0``, ``$p1`` …

    Nothing a caller passes becomes SQL: values are bound when the statement runs, so that the same question about
    other days or channels has the same text and is not compiled again.
    """

    clauses: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def add_filters(self, catalog: Catalog, filters: Iterable[Filter]) -> None:
        """One clause per filter ``(dimension, operator, value)``.

        Operators: = != < <= > >= in "not in" (with a non-empty list). ``= None`` and ``!= None`` test for emptiness.
        Raises MetricError.
        """
        self.clauses += [self._clause(catalog, item) for item in filters]

    def add_period(self, grain: str, start: dt.date | None, end: dt.date | None) -> None:
        """Clauses for first and last day, both included, on tables that know time by ``grain``.

        MetricFlow's own time constraint is not used: it widens to whole weeks or months of the grouping. Raises
        MetricError when the days do not begin and end a period of ``grain``.
        """
        moment = f"{{{{ TimeDimension('metric_time', '{grain}') }}}}"
        if start is not None:
            _check_boundary(grain, start, start, "start on")
            self.clauses.append(f"{moment} >= {self._bound(start)}")
        if end is not None:
            _check_boundary(grain, end + dt.timedelta(days=1), end, "end before")
            self.clauses.append(f"{moment} <= {self._bound(end)}")

    def _clause(self, catalog: Catalog, item: Filter) -> str:
        try:
            name, operator, value = item
        except (TypeError, ValueError) as error:
            raise MetricError(f"A filter is (dimension, operator, value), not {item!r}.") from error
        reference = catalog.dimension(name).reference()
        operator = str(operator).strip().lower()
        if operator not in _OPERATORS:
            raise MetricError(
                f"Unknown operator {operator!r} in the filter on {name}; use one of {', '.join(_OPERATORS)}."
            )
        if value is None:
            if operator not in ("=", "!="):
                raise MetricError(f"The filter on {name} compares nothing with {operator!r}; use = or !=.")
            return f"{reference} is {'not ' if operator == '!=' else ''}null"
        if operator in ("in", "not in"):
            if isinstance(value, str | bytes) or not isinstance(value, Iterable) or not list(value):
                raise MetricError(f"The filter on {name} needs a non-empty list after {operator!r}.")
            return f"{reference} {operator} ({', '.join(self._bound(each) for each in value)})"
        return f"{reference} {operator} {self._bound(value)}"

    def _bound(self, value: Any) -> str:
        """Name of the parameter for text, a number, a truth value or a date. Raises MetricError for anything else."""
        if not isinstance(value, bool | int | float | Decimal | dt.date | str):
            raise MetricError(f"Cannot filter by a value of type {type(value).__name__}.")
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"${name}"


def _check_boundary(grain: str, boundary: dt.date, day: dt.date, word: str) -> None:
    fits = {
        "day": True,
        "week": boundary.weekday() == 0,
        "month": boundary.day == 1,
        "quarter": boundary.day == 1 and boundary.month % 3 == 1,
        "year": boundary.day == 1 and boundary.month == 1,
    }[grain]
    if not fits:
        raise MetricError(
            f"These metrics are known by {grain} only, and {day} would cut a {grain} in two: "
            f"{word} the first day of a {grain}."
        )
