"""Marts by date replace the touched dates and nothing else."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest

from dial2deal import warehouse
from dial2deal.settings import Settings
from tests.dbt import marts_world as mw

BY_DATE = {
    "duration_distribution": "call_date",
    "high_intent_slots": "call_date",
    "call_efficiency": "call_date",
    "intent_by_business_line": "call_date",
    "agent_performance": "activity_date",
}


def contents(con, table, column):
    """Rows by date, as sorted text."""
    days = {}
    for day, text in con.execute(f"select {column}, cast({table} as varchar) from marts.{table}").fetchall():
        days.setdefault(day, []).append(text)
    return {day: sorted(rows) for day, rows in days.items()}


def test_a_late_call_and_an_emptied_day_change_only_their_dates(tmp_path):
    shared = mw.shared()
    settings = Settings(home=tmp_path).ensure()
    shutil.copyfile(shared.settings.snapshot, settings.warehouse)
    calls = shared.world.calls
    late_day, emptied = calls[3]["call_date"], calls[40]["call_date"]
    untouched = next(call["call_date"] for call in calls if call["call_date"] not in (late_day, emptied))
    late = {**calls[3], "call_key": "late", "started_at": calls[3]["started_at"] + dt.timedelta(minutes=1)}
    with warehouse.session(settings) as con:
        before = {table: contents(con, table, column) for table, column in BY_DATE.items()}
        con.execute("delete from ops.build_dates")
        con.execute("insert into ops.build_dates values ('fct_calls', ?), ('fct_calls', ?)", [late_day, emptied])
        mw.insert(con, "fct_calls", [late])
        mw.insert(con, "fct_call_agents", [mw.part_of(late)])
        con.execute("delete from marts.fct_calls where call_date = ?", [emptied])
        con.execute("delete from marts.fct_call_agents where call_date = ?", [emptied])
        con.execute("delete from marts.fct_orders where order_date = ?", [emptied])
        con.execute("delete from marts.fct_revenue where revenue_date = ?", [emptied])
        # A mark on another date: it must survive, which shows that the date was neither read nor written.
        con.execute("update marts.call_efficiency set ring_seconds = -1 where call_date = ?", [untouched])
        con.execute("insert into marts.call_efficiency from marts.call_efficiency where call_date = ?", [untouched])
    mw.dbt(settings, "build", "--select", "tag:marts")
    with warehouse.session(settings) as con:
        after = {table: contents(con, table, column) for table, column in BY_DATE.items()}
        assert con.execute(
            "select distinct ring_seconds from marts.call_efficiency where call_date = ?", [untouched]
        ).fetchall() == [(-1,)]
        counted = con.execute("select sum(calls) from marts.call_efficiency where call_date = ?", [late_day]).fetchone()
    assert counted == (sum(call["call_date"] == late_day for call in calls) + 1,)
    for table in BY_DATE:
        assert emptied in before[table]
        assert emptied not in after[table]
        changed = {
            day for day in before[table].keys() | after[table].keys() if before[table].get(day) != after[table].get(day)
        }
        expected = {emptied, late_day} | ({untouched} if table == "call_efficiency" else set())
        if not late["is_connected"]:
            assert table in ("duration_distribution", "high_intent_slots") or changed == expected, table
        else:
            assert changed == expected, table
    # Its tests read the replaced dates alone, and find a doubled row as soon as its date is one of them.
    with warehouse.session(settings) as con:
        con.execute("insert into ops.build_dates values ('fct_calls', ?)", [untouched])
    with pytest.raises(AssertionError, match="unique_combination_call_efficiency"):
        mw.dbt(settings, "test", "--select", "call_efficiency")
