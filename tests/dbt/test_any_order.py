"""Whatever the order and grouping of deliveries, the tables are those of one build over everything."""

from __future__ import annotations

import random

import pytest

from dial2deal import transform
from tests.dbt import random_company

# Short, so that leads expire within the company's few weeks.
SHORT_LOOKBACK = "settings:\n  - {key: attribution.lookback_days, value: 8, unit: days, description: Short for tests}\n"


def differences(one: dict, other: dict) -> list[str]:
    assert one.keys() == other.keys()
    found = []
    for name in one:
        here = [row for row in one[name] if row not in other[name]]
        there = [row for row in other[name] if row not in one[name]]
        if one[name] != other[name]:
            found.append(f"{name}: {len(one[name])} and {len(other[name])} rows; {here[:2]} became {there[:2]}")
    return found


def deliver(company, files) -> None:
    for file in files:
        company.deliver(file.source, file.feed, list(file.rows), file.at, accepted=file.accepted)


def build(company) -> transform.TransformResult:
    result = transform.run(company.settings, company.policy, "test")
    assert result.green, result.red_reasons
    company.published()
    return result


@pytest.mark.parametrize("seed", [3, pytest.param(8, marks=pytest.mark.slow)])
def test_increments_in_any_order_equal_one_full_build(new_company, seed):
    files = random_company.files(seed)
    whole = new_company(settings__yml=SHORT_LOOKBACK)
    deliver(whole, files)
    build(whole)
    expected = whole.tables()
    assert all(expected[f"marts.fct_{name}"] for name in ("calls", "leads", "orders", "lead_events", "costs"))

    pieces = new_company(settings__yml=SHORT_LOOKBACK)
    shuffled = files[:]
    random.Random(seed).shuffle(shuffled)
    for part in (shuffled[:5], shuffled[5:9], shuffled[9:14], shuffled[14:]):
        deliver(pieces, part)
        build(pieces)
    assert differences(expected, pieces.tables()) == []
