"""Legs of one call on several days, delivered in several files, through the real loader."""

from __future__ import annotations

import datetime as dt

from dial2deal import warehouse
from dial2deal.transform import dates
from tests.unit.exports_support import Landing

HEADER = "通话ID,分段ID,分段角色,呼叫类型,客户号码,开始时间,通话时长,呼叫结果,坐席工号\n"


def _days(*numbers: int) -> list[dt.date]:
    return [dt.date(2026, 3, number) for number in numbers]


def test_all_days_of_a_call_are_rebuilt_when_one_of_its_legs_arrives(tmp_path):
    landing = Landing(tmp_path / "home")
    landing.put(
        "generic_400/call_legs/a.csv",
        HEADER
        + (
            "N1,1,坐席,呼入,13800130001,2026-03-02 23:59:50,0,未接,1001\n"
            "N2,1,坐席,呼入,13800130002,2026-03-02 10:00:00,30,接通,1001\n"
        ),
    )
    assert landing.one().status == "loaded"
    assert landing.query("select * from ops.moved_ids") == []
    landing.put("generic_400/call_legs/b.csv", HEADER + "N1,2,坐席,呼入,13800130001,2026-03-03 00:00:00,50,接通,1002\n")
    landing.load()
    moved = landing.query("select source, feed, row_key, event_date from ops.moved_ids order by event_date")
    assert moved == [("generic_400", "call_legs", "N1", day) for day in _days(2, 3)]
    with landing.session() as con:
        warehouse.mark_dirty(con, "call_legs", _days(3), "new file")
        dates.plan(con, full=False, date_range=None)
        rebuilt = dates.rebuilt(con)
    assert rebuilt == {feed: _days(2, 3) for feed in ("call_legs", "calls", "fct_calls")}
