"""Conditions become parameters; nothing of a caller reaches the text of the SQL."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from dial2deal.metrics.catalog import Catalog, Dimension
from dial2deal.metrics.filters import Where, parse_filter
from dial2deal.metrics.problems import MetricError

CATALOG = Catalog(
    metrics={},
    dimensions={
        "channel": Dimension("channel", "渠道", "Channel", "channel", True, '"marts"."dim_channels"', "channel"),
        "call_hour": Dimension(
            "call_hour", "小时", "Hour", "call__call_hour", False, '"marts"."fct_calls"', "call_hour"
        ),
    },
)


@pytest.mark.parametrize(
    "value",
    [
        "转介绍",
        "it's",
        "{{ 7*7 }}",
        "{% for x in y %}",
        3,
        2.5,
        Decimal("1.20"),
        True,
        dt.date(2026, 1, 5),
        dt.datetime(2026, 1, 5, 9, 30),
    ],
)
def test_a_value_is_bound_and_never_becomes_text_of_the_statement(value):
    where = Where()
    where.add_filters(CATALOG, [("channel", "=", value)])
    assert where.clauses == ["{{ Entity('channel') }} = $p0"]
    assert where.values == {"p0": value}


def test_clauses_use_the_reference_of_their_kind():
    where = Where()
    where.add_filters(CATALOG, [("channel", "in", ["a", "b"]), ("call_hour", ">=", 9), ("channel", "!=", None)])
    assert where.clauses == [
        "{{ Entity('channel') }} in ($p0, $p1)",
        "{{ Dimension('call__call_hour') }} >= $p2",
        "{{ Entity('channel') }} is not null",
    ]
    assert where.values == {"p0": "a", "p1": "b", "p2": 9}


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("channel=转介绍", ("channel", "=", "转介绍")),
        ("call_hour >= 9", ("call_hour", ">=", 9)),
        ("channel=A|B", ("channel", "in", ["A", "B"])),
        ("channel!=A|B", ("channel", "not in", ["A", "B"])),
        ("is_paid=true", ("is_paid", "=", True)),
        ("channel=", ("channel", "=", None)),
        ("channel=a=b", ("channel", "=", "a=b")),
    ],
)
def test_filters_typed_by_a_person(text, parsed):
    assert parse_filter(text) == parsed


@pytest.mark.parametrize("text", ["channel", "= x", "call_hour<1|2", "a b = c", ""])
def test_an_unreadable_filter_is_refused(text):
    with pytest.raises(MetricError):
        parse_filter(text)


@pytest.mark.parametrize(
    "bad",
    [
        ("nowhere", "=", 1),
        ("channel", "like", "a"),
        ("channel", "=", ["a"]),
        ("channel", "=", object()),
        ("channel", "in", "abc"),
        ("channel", "in", []),
        ("channel", "<", None),
        ("channel", "="),
        "channel=1",
    ],
)
def test_anything_else_is_refused(bad):
    with pytest.raises(MetricError):
        Where().add_filters(CATALOG, [bad])


def test_a_period_must_not_cut_a_month_or_week():
    where = Where()
    where.add_period("month", dt.date(2026, 2, 1), dt.date(2026, 2, 28))
    assert [clause.rsplit("}} ", 1)[1] for clause in where.clauses] == [">= $p0", "<= $p1"]
    assert where.values == {"p0": dt.date(2026, 2, 1), "p1": dt.date(2026, 2, 28)}
    where.add_period("week", dt.date(2026, 1, 5), dt.date(2026, 1, 11))
    assert len(where.clauses) == 4
    for grain, start, end in (
        ("month", dt.date(2026, 2, 2), None),
        ("month", None, dt.date(2026, 2, 27)),
        ("week", dt.date(2026, 1, 6), None),
        ("quarter", dt.date(2026, 2, 1), None),
    ):
        with pytest.raises(MetricError, match=grain):
            Where().add_period(grain, start, end)
