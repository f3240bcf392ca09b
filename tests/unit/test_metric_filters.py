"""Conditions become quoted literals; nothing else of a caller reaches the SQL."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from jinja2 import Environment

from dial2deal.metrics.catalog import Catalog, Dimension
from dial2deal.metrics.filters import literal, parse_filter, period_clauses, where_clauses
from dial2deal.metrics.snapshot import MetricError

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
    ("value", "text"),
    [
        ("转介绍", "'转介绍'"),
        ("it's", "'it''s'"),
        (3, "3"),
        (2.5, "2.5"),
        (Decimal("1.20"), "1.20"),
        (True, "true"),
        (dt.date(2026, 1, 5), "date '2026-01-05'"),
        (dt.datetime(2026, 1, 5, 9, 30), "timestamp '2026-01-05 09:30:00'"),
    ],
)
def test_literals(value, text):
    assert literal(value) == text


@pytest.mark.parametrize("value", ["{{ 7*7 }}", "{% for x in y %}", "{# gone #}", "{{{ }}}", "{", "plain"])
def test_a_literal_survives_the_template_unchanged(value):
    import duckdb

    rendered = Environment().from_string(literal(value)).render()
    assert duckdb.execute(f"select {rendered}").fetchone() == (value,)


def test_clauses_use_the_reference_of_their_kind():
    clauses = where_clauses(CATALOG, [("channel", "in", ["a", "b"]), ("call_hour", ">=", 9), ("channel", "!=", None)])
    assert clauses == [
        "{{ Entity('channel') }} in ('a', 'b')",
        "{{ Dimension('call__call_hour') }} >= 9",
        "{{ Entity('channel') }} is not null",
    ]


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
        ("channel", "in", "abc"),
        ("channel", "in", []),
        ("channel", "<", None),
        ("channel", "="),
        "channel=1",
    ],
)
def test_anything_else_is_refused(bad):
    with pytest.raises(MetricError):
        where_clauses(CATALOG, [bad])


def test_a_period_must_not_cut_a_month_or_week():
    whole = period_clauses("month", dt.date(2026, 2, 1), dt.date(2026, 2, 28))
    assert [clause.rsplit("}} ", 1)[1] for clause in whole] == [">= date '2026-02-01'", "<= date '2026-02-28'"]
    assert len(period_clauses("week", dt.date(2026, 1, 5), dt.date(2026, 1, 11))) == 2
    for grain, start, end in (
        ("month", dt.date(2026, 2, 2), None),
        ("month", None, dt.date(2026, 2, 27)),
        ("week", dt.date(2026, 1, 6), None),
        ("quarter", dt.date(2026, 2, 1), None),
    ):
        with pytest.raises(MetricError, match=grain):
            period_clauses(grain, start, end)
