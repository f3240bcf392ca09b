"""Calls united from their legs, with planted cases whose outcome is worked out by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from dial2deal import transform

NUMBER = "13800130001"


def leg(call: str, leg_id: str, start: str, talk: str | None = "0", **more: str) -> dict:
    """A leg of an inbound call; times are of March 2026, ``start`` as 'DD HH:MM:SS'."""
    return {"call_id": call, "leg_id": leg_id, "started_at": f"2026-03-{start}", "direction": "inbound",
            "customer_number": NUMBER, "talk_seconds": talk, "leg_role": "agent",
            **{k: f"2026-03-{v}" if k in ("answered_at", "ended_at") else v for k, v in more.items()}}


# Two phones ring, one is answered.
RING_GROUP = [
    leg("ring", "1", "02 09:00:00", tech_result="no_answer", agent_id="1001", ring_seconds="8", ended_at="02 09:00:08"),
    leg("ring", "2", "02 09:00:00", "60", tech_result="connected", agent_id="1002", ring_seconds="8",
        answered_at="02 09:00:08", ended_at="02 09:01:08", recording_ref="r2"),
]
# A menu answers, A talks, B asks and holds 4 of his 20 s, C ends: two transfers.
TRANSFERRED = [
    leg("transfer", "1", "02 10:00:00", "15", leg_role="ivr", tech_result="connected", ivr_seconds="15",
        answered_at="02 10:00:00", ended_at="02 10:00:15"),
    leg("transfer", "2", "02 10:00:15", "30", tech_result="connected", agent_id="A", queue_seconds="5",
        answered_at="02 10:00:20", ended_at="02 10:00:50", hangup_side="agent"),
    leg("transfer", "3", "02 10:00:50", "20", tech_result="connected", agent_id="B", hold_seconds="4",
        answered_at="02 10:00:52", ended_at="02 10:01:12", tags="a、b"),
    leg("transfer", "4", "02 10:01:12", "90", tech_result="connected", agent_id="C", acw_seconds="7",
        answered_at="02 10:01:15", ended_at="02 10:02:45", hangup_side="customer", leg_role="transfer"),
]
# The agent's phone is called first and talks to nobody until the customer answers (Q35).
DOUBLE_CALL = [
    leg("double", "1", "02 11:00:00", "100", tech_result="connected", agent_id="1001", direction="outbound",
        answered_at="02 11:00:05", ended_at="02 11:01:45", ring_seconds="5"),
    leg("double", "2", "02 11:00:05", "70", tech_result="connected", leg_role="customer", direction="outbound",
        answered_at="02 11:00:35", ended_at="02 11:01:45", ring_seconds="30"),
]
# The agent waits, the customer does not answer: no call took place.
DOUBLE_MISSED = [
    leg("missed", "1", "02 11:30:00", "40", tech_result="connected", agent_id="1001", direction="outbound",
        answered_at="02 11:30:05", ended_at="02 11:30:45"),
    leg("missed", "2", "02 11:30:05", "0", tech_result="busy", leg_role="customer", direction="outbound",
        ended_at="02 11:30:45", ring_seconds="40"),
]
MIDNIGHT = [
    leg("night", "1", "03 23:59:50", tech_result="no_answer", agent_id="1001", ended_at="03 23:59:58"),
    leg("night", "2", "04 00:00:00", "50", tech_result="connected", agent_id="1002", answered_at="04 00:00:05",
        ended_at="04 00:00:55"),
]
UNANSWERED = [
    leg("nobody", "1", "05 09:00:00", tech_result="no_answer", agent_id="1001", ended_at="05 09:00:10"),
    leg("nobody", "2", "05 09:00:10", tech_result="busy", agent_id="1002", ended_at="05 09:00:12"),
]
# Only the menu answered, and the caller was gone.
MENU_ONLY = [leg("menu", "1", "05 10:00:00", "12", leg_role="ivr", tech_result="connected", ivr_seconds="12",
                 answered_at="05 10:00:00", ended_at="05 10:00:12")]
# The second file brings the end of a call of the first, and a leg from before it.
LATER = leg("later", "2", "06 09:00:20", "45", tech_result="connected", agent_id="1002", answered_at="06 09:00:25",
            ended_at="06 09:01:10")
FIRST_SEEN = leg("later", "3", "06 09:00:30", "5", tech_result="connected", agent_id="1003",
                 answered_at="06 09:01:10", ended_at="06 09:01:15")
EARLIER_DAY = leg("later", "1", "05 23:59:55", tech_result="no_answer", agent_id="1001", ended_at="06 00:00:10")

FILES = [
    (RING_GROUP + TRANSFERRED + DOUBLE_CALL + DOUBLE_MISSED, "2026-03-03 06:00:00"),
    (MIDNIGHT[:1] + UNANSWERED + MENU_ONLY, "2026-03-06 06:00:00"),
    ([*MIDNIGHT[1:], FIRST_SEEN], "2026-03-07 06:00:00"),
    ([LATER], "2026-03-08 06:00:00"),
    ([EARLIER_DAY], "2026-03-09 06:00:00"),
    # Another file corrects a leg: it began a day later than first said.
    ([leg("moved", "1", "07 12:00:00", "30", tech_result="connected", agent_id="1001")], "2026-03-09 07:00:00"),
    ([leg("moved", "1", "08 12:00:00", "33", tech_result="connected", agent_id="1001")], "2026-03-09 08:00:00"),
]
COLUMNS = ("source_call_id, call_date, started_at, answered_at, ended_at, talk_seconds, tech_result, is_connected, "
           "agent_id, leg_count, transfer_count")


def t(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"2026-03-{text}")


def d(day: int) -> dt.date:
    return dt.date(2026, 3, day)


EXPECTED = [
    ("double", d(2), t("02 11:00:00"), t("02 11:00:35"), t("02 11:01:45"), 70, "connected", True, "1001", 2, 0),
    ("later", d(5), t("05 23:59:55"), t("06 09:00:25"), t("06 09:01:15"), 50, "connected", True, "1003", 3, 1),
    ("menu", d(5), t("05 10:00:00"), None, t("05 10:00:12"), 0, "ivr_only", False, None, 1, 0),
    ("missed", d(2), t("02 11:30:00"), None, t("02 11:30:45"), 0, "busy", False, "1001", 2, 0),
    ("moved", d(8), t("08 12:00:00"), None, None, 33, "connected", True, "1001", 1, 0),
    ("night", d(3), t("03 23:59:50"), t("04 00:00:05"), t("04 00:00:55"), 50, "connected", True, "1002", 2, 0),
    ("nobody", d(5), t("05 09:00:00"), None, t("05 09:00:12"), 0, "busy", False, "1002", 2, 0),
    ("ring", d(2), t("02 09:00:00"), t("02 09:00:08"), t("02 09:01:08"), 60, "connected", True, "1002", 2, 0),
    ("transfer", d(2), t("02 10:00:00"), t("02 10:00:20"), t("02 10:02:45"), 136, "connected", True, "C", 4, 2),
]


def build(company) -> transform.TransformResult:
    result = transform.run(company.settings, company.policy, "test")
    assert result.green, result.red_reasons
    company.published()
    return result


@pytest.fixture(scope="module")
def whole(new_company):
    """Everything delivered, then built once."""
    company = new_company()
    for rows, at in FILES:
        company.deliver("hotline", "call_legs", rows, at)
    company.deliver("crm", "calls", [
        {"call_id": "plain", "direction": "outbound", "customer_number": NUMBER, "started_at": "2026-03-02 15:00:00",
         "talk_seconds": "33", "tech_result": "connected", "agent_id": "2001,2002", "tags": "x/y"},
    ], "2026-03-03 06:00:00")
    build(company)
    return company


def test_each_case_becomes_the_call_it_was(whole):
    found = whole.query(f"select {COLUMNS} from staging.stg_calls where source_system = 'hotline' order by 1")
    assert found == EXPECTED
    assert whole.query("select count(*), sum(leg_count) from marts.fct_calls") == [(10, 19)]


def test_durations_and_details_come_from_the_right_legs(whole):
    found = whole.query(
        "select source_call_id, ivr_seconds, queue_seconds, ring_seconds, hold_seconds, acw_seconds, total_seconds, "
        "hangup_side, recording_ref, agent_ids, tags, direction, customer_phone_masked from staging.stg_calls "
        "where source_call_id in ('double', 'ring', 'transfer') order by 1")
    assert found == [
        ("double", None, None, 30, None, None, 105, None, None, ["1001"], None, "outbound", "138****0001"),
        ("ring", None, None, 8, None, None, 68, None, "r2", ["1001", "1002"], None, "inbound", "138****0001"),
        ("transfer", 15, 5, 5, 4, 7, 165, "customer", None, ["A", "B", "C"], ["a", "b"], "inbound", "138****0001")]


def test_a_call_delivered_whole_is_as_before(whole):
    assert whole.query("select agent_id, agent_ids, tags, talk_seconds, leg_count from staging.stg_calls "
                       "where source_call_id = 'plain'") == [("2001", ["2001", "2002"], ["x", "y"], 33, None)]


def test_a_late_leg_rebuilds_the_days_of_its_call_and_any_order_gives_the_same(whole, new_company):
    company = new_company()
    for order in ((3, 1), (5, 0), (2,), (6, 4)):
        for index in order:
            company.deliver("hotline", "call_legs", *FILES[index])
        rebuilt = build(company).dates_rebuilt
    # The last increment moved the first leg of `later` to the fifth and the leg of `moved` to the eighth.
    assert rebuilt["fct_calls"] == [d(5), d(6), d(7), d(8)]
    assert company.query(f"select {COLUMNS} from staging.stg_calls order by 1") == EXPECTED
    for table, key in (("staging.stg_call_legs", "call_leg_key"), ("staging.stg_calls", "call_key"),
                       ("marts.fct_calls", "call_key")):
        rows = f"select columns(c -> c <> 'loaded_at') from {table} where source_system = 'hotline' order by {key}"
        assert company.query(rows) == whole.query(rows), table


def test_a_call_that_the_source_also_delivers_whole_counts_once(new_company):
    company = new_company()
    company.deliver("hotline", "call_legs", RING_GROUP, "2026-03-03 06:00:00")
    build(company)
    company.deliver("hotline", "calls", [
        {"call_id": "ring", "direction": "inbound", "customer_number": NUMBER, "started_at": "2026-03-02 09:00:00",
         "talk_seconds": "61", "tech_result": "connected", "agent_id": "1002"}], "2026-03-04 06:00:00")
    build(company)
    assert company.query("select talk_seconds from staging.stg_calls") == [(61,)]
