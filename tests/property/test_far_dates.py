"""Whatever dates a file's rows carry: those after tomorrow are set aside, all others count, and nothing overflows."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from dial2deal.loading.far_dates import quarantine_far_dates
from dial2deal.reports.periods import GRANULARITIES, containing, periods_touched
from tests.unit.exports_support import Landing, call

_TODAY = dt.datetime.now(dt.UTC).date()
_EDGES = [
    _TODAY,
    _TODAY + dt.timedelta(days=1),
    _TODAY + dt.timedelta(days=2),
    dt.date(9999, 12, 31),
    dt.date(9999, 1, 1),
    dt.date(2099, 1, 1),
    _TODAY.replace(year=_TODAY.year + 1, day=1),
    dt.date(1999, 12, 31),
]


def _day(rng: random.Random) -> dt.date:
    if rng.random() < 0.4:
        return rng.choice(_EDGES)
    if rng.random() < 0.5:
        return _TODAY - dt.timedelta(days=rng.randint(0, 900))
    return dt.date.fromordinal(rng.randint(dt.date(1972, 1, 1).toordinal(), dt.date.max.toordinal()))


def test_rows_after_tomorrow_are_quarantined_and_named_and_no_other(tmp_path):
    landing, rng, number, expected = Landing(tmp_path), random.Random(20260105), 0, {}
    # A sound file: without any row until tomorrow it would be the clock that is doubted.
    landing.calls("sound.csv", [call(1)])
    for file in range(12):
        days = [_day(rng) for _ in range(rng.randint(1, 9))]
        lines = []
        for day in days:
            number += 1
            lines.append(call(number + 100, at=f"{day} 09:00:00"))
        landing.calls(f"file{file:02d}.csv", lines)
        expected[f"generic_400/calls/file{file:02d}.csv"] = days
    landing.load()
    latest = _TODAY + dt.timedelta(days=1)
    for path, days in expected.items():
        far = [day for day in days if day > latest]
        assert landing.query(
            "select rows_read, rows_accepted, rows_quarantined, last_event_date from ops.export_files where path = ?",
            path,
        ) == [(len(days), len(days) - len(far), len(far), max((day for day in days if day <= latest), default=None))]
        reasons = landing.query(
            "select reason, column_name from ops.quarantine join ops.export_files using (file_id) "
            "where path = ? order by line",
            path,
        )
        assert len(reasons) == len(far)
        assert all(
            str(day) in reason and "after tomorrow" in reason and column == "started_at"
            for day, (reason, column) in zip(far, reasons, strict=True)
        )
    assert landing.query("select max(_event_date) <= ? from raw.calls", latest) == [(True,)]
    assert landing.query("select count(*) from ops.quarantine where raw_line like '%13900000%'") == [(0,)]


def test_damage_of_an_earlier_version_heals_and_a_late_clock_is_doubted(tmp_path):
    landing = Landing(tmp_path)
    landing.calls("june.csv", [call(n, at=f"2026-06-{n:02d} 09:00:00") for n in range(1, 10)])
    landing.load()
    with landing.session() as con:
        # A warehouse filled before such rows were set aside.
        con.execute("update raw.calls set _event_date = date '2099-01-01' where _row_key = 'C000009'")
        con.execute("update ops.export_files set status = 'accepted', last_event_date = date '2099-01-01'")
        assert quarantine_far_dates(con, today=dt.date(2020, 1, 1)) == 1  # by an empty battery's clock 2026 is not far
        assert con.execute(
            "select rows_accepted, rows_quarantined, last_event_date from ops.export_files where feed = 'calls'"
        ).fetchone() == (8, 1, dt.date(2026, 6, 8))
        assert con.execute("select event_date from ops.dirty_dates where reason like '%tomorrow%'").fetchall() == [
            (dt.date(2099, 1, 1),)
        ]
        assert quarantine_far_dates(con, today=dt.date(2026, 6, 8)) == 0


def test_plans_and_budgets_may_lie_ahead(tmp_path):
    landing = Landing(tmp_path)
    ahead = _TODAY + dt.timedelta(days=200)
    landing.put(
        "generic_crm/channel_costs/plan.csv",
        "\n".join(
            [
                "日期,渠道,费用类型,金额",
                "2026-01-05,抖音,广告,100",
                f"{ahead},抖音,广告,200",
                "9999-12-31,抖音,广告,300",
                "",
            ]
        ),
    )
    (result,) = landing.load()
    assert landing.query("select rows_accepted, rows_quarantined, last_event_date from ops.export_files") == [
        (2, 1, ahead)
    ], result


class _Policy:
    def text(self, key: str) -> str:
        return "17:00"

    def number(self, key: str) -> int:
        return 7


@pytest.mark.parametrize("first_load", [True, False])
def test_periods_of_any_date_can_be_reckoned(first_load):
    rng = random.Random(7)
    days = [
        dt.date.min,
        dt.date.max,
        *(dt.date.fromordinal(rng.randint(1, dt.date.max.toordinal())) for _ in range(300)),
    ]
    for granularity in GRANULARITIES:
        for day in days:
            period = containing(granularity, day)
            assert period.start <= day <= period.end
            assert period.shift(1) >= period >= period.shift(-1)
    as_of = dt.datetime(2026, 6, 30, 21)
    periods = periods_touched(days, as_of.date(), as_of, _Policy(), first_load)
    assert periods == list(dict.fromkeys(periods))
