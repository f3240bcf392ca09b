import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dial2deal.reports import PeriodError, expected_latest, is_complete, periods_touched
from dial2deal.reports.periods import containing, parse

DAY = dt.date(2026, 1, 5)
EVENING = dt.datetime(2026, 1, 5, 18, 30)
MORNING = dt.datetime(2026, 1, 5, 9, 0)


class Policy:
    """Just the settings that periods need."""

    values: dict[str, str] = {  # noqa: RUF012
        "reports.day_complete_after": "17:00",
        "reports.first_load.days": "7",
        "reports.first_load.weeks": "8",
        "reports.first_load.months": "3",
    }

    def text(self, key, scope="", on=None):
        return self.values[key]

    def number(self, key, scope="", on=None):
        return float(self.values[key])


POLICY = Policy()


@pytest.mark.parametrize(
    ("granularity", "text", "start", "end"),
    [
        ("daily", "2026-01-05", "2026-01-05", "2026-01-05"),
        ("weekly", "2026-W02", "2026-01-05", "2026-01-11"),
        ("weekly", "2026-W01", "2025-12-29", "2026-01-04"),  # begins in the year before
        ("weekly", "2026-W53", "2026-12-28", "2027-01-03"),  # a year of 53 weeks
        ("weekly", "2024-W52", "2024-12-23", "2024-12-29"),
        ("monthly", "2026-12", "2026-12-01", "2026-12-31"),
        ("monthly", "2024-02", "2024-02-01", "2024-02-29"),
    ],
)
def test_a_key_names_its_days(granularity, text, start, end):
    period = parse(granularity, text)
    assert (period.start.isoformat(), period.end.isoformat(), period.key) == (start, end, text)


@pytest.mark.parametrize(
    ("granularity", "text"),
    [
        ("daily", "2026-02-30"),
        ("daily", "2026-W02"),
        ("weekly", "2026-2"),
        ("weekly", "2025-W53"),
        ("weekly", "2026-W2"),
        ("monthly", "2026-13"),
        ("monthly", "2026-1"),
        ("monthly", "2026-01-05"),
        ("yearly", "2026"),
        ("daily", ""),
    ],
)
def test_what_is_no_period_is_refused_with_an_example(granularity, text):
    with pytest.raises(PeriodError, match=r"2026|daily, weekly, monthly"):
        parse(granularity, text)


@given(
    st.sampled_from(["daily", "weekly", "monthly"]),
    st.dates(dt.date(1999, 1, 1), dt.date(2090, 1, 1)),
    st.integers(-30, 30),
)
def test_periods_tile_the_calendar(granularity, day, count):
    period = containing(granularity, day)
    assert period.start <= day <= period.end
    assert parse(granularity, period.key) == period
    assert period.shift(1).start == period.end + dt.timedelta(days=1)
    assert period.shift(count).shift(-count) == period
    assert containing("weekly", day).start.isoweekday() == 1


@pytest.mark.parametrize(
    ("granularity", "text", "ago"),
    [
        ("daily", "2026-01-05", "2025-01-05"),
        ("daily", "2024-02-29", None),
        ("weekly", "2026-W02", "2025-W02"),
        ("weekly", "2026-W53", None),
        ("monthly", "2026-01", "2025-01"),
    ],
)
def test_a_year_ago(granularity, text, ago):
    other = parse(granularity, text).year_ago()
    assert (other.key if other else None) == ago


def test_the_last_day_counts_from_the_policys_hour_on():
    day = parse("daily", "2026-01-05")
    assert is_complete(day, DAY, EVENING, POLICY)
    assert not is_complete(day, DAY, MORNING, POLICY)
    assert not is_complete(day, DAY, None, POLICY)
    assert is_complete(day, DAY + dt.timedelta(days=1), None, POLICY)
    assert is_complete(day, DAY, dt.datetime(2026, 1, 5, 17, 0), POLICY)


@pytest.mark.parametrize(
    ("granularity", "as_of", "expected"),
    [
        ("daily", EVENING, "2026-01-05"),
        ("daily", MORNING, "2026-01-04"),
        ("weekly", EVENING, "2026-W01"),
        ("weekly", dt.datetime(2026, 1, 11, 18), "2026-W02"),
        ("weekly", dt.datetime(2026, 1, 11, 9), "2026-W01"),
        ("monthly", EVENING, "2025-12"),
        ("monthly", dt.datetime(2026, 1, 31, 17, 1), "2026-01"),
        ("monthly", dt.datetime(2026, 1, 31, 12), "2025-12"),
    ],
)
def test_the_latest_complete_period(granularity, as_of, expected):
    assert expected_latest(granularity, as_of.date(), as_of, POLICY) == expected


def test_a_late_day_touches_its_periods_and_those_that_compare_with_them():
    as_of = dt.datetime(2026, 3, 31, 18)
    found = periods_touched([dt.date(2026, 1, 5)], as_of.date(), as_of, POLICY, first_load=False)
    assert found == [
        ("daily", "2026-01-05"),
        ("daily", "2026-01-06"),
        ("daily", "2026-01-12"),
        ("weekly", "2026-W02"),
        ("weekly", "2026-W03"),
        ("monthly", "2026-01"),
        ("monthly", "2026-02"),
    ]


def test_the_same_period_a_year_later_compares_too():
    as_of = dt.datetime(2027, 2, 1, 18)
    found = periods_touched([dt.date(2026, 1, 5)], as_of.date(), as_of, POLICY, first_load=False)
    assert {("daily", "2027-01-05"), ("weekly", "2027-W02"), ("monthly", "2027-01")} <= set(found)


def test_incomplete_periods_are_left_out():
    found = periods_touched([DAY], DAY, MORNING, POLICY, first_load=False)
    assert found == []
    assert periods_touched([DAY], DAY, EVENING, POLICY, first_load=False) == [("daily", "2026-01-05")]


def test_the_next_day_completes_the_one_before():
    found = periods_touched(
        [DAY, DAY + dt.timedelta(days=1)],
        DAY + dt.timedelta(days=1),
        dt.datetime(2026, 1, 6, 9),
        POLICY,
        first_load=False,
    )
    assert found == [("daily", "2026-01-05")]


def test_a_first_load_keeps_the_latest_periods_only():
    history = [dt.date(2025, 1, 1) + dt.timedelta(days=n) for n in range(370)]
    as_of = dt.datetime.combine(history[-1], dt.time(18))
    found = periods_touched(history, as_of.date(), as_of, POLICY, first_load=True)
    kinds = [granularity for granularity, _ in found]
    assert [kinds.count(kind) for kind in ("daily", "weekly", "monthly")] == [7, 8, 3]
    assert ("daily", "2026-01-05") in found
    assert ("weekly", "2026-W01") in found
    assert ("monthly", "2025-12") in found
    assert ("monthly", "2026-01") not in found


@given(st.lists(st.dates(dt.date(2025, 1, 1), dt.date(2026, 3, 1)), max_size=30), st.randoms())
def test_the_order_of_dates_does_not_matter(dates, random):
    as_of = dt.datetime(2026, 2, 20, 18)
    shuffled = dates + dates
    random.shuffle(shuffled)
    assert periods_touched(dates, as_of.date(), as_of, POLICY, False) == periods_touched(
        shuffled, as_of.date(), as_of, POLICY, False
    )
