"""Quirks that only the models can settle: files through the real loader, the audit and the transform."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import pytest

from dial2deal import audit, policy, transform, warehouse
from tests.integration.quirk_files import CALLS_HEADER, QuirkLanding, call

HEADER = CALLS_HEADER + ",接通时间,结束时间,渠道,标签,更新时间"
TEST_PHONE = "13800990099"
CALLS = {
    "voicemail": call(1, id="voicemail", direction="呼出", talk="00:00:12", state="语音信箱"),
    "reminder": call(2, id="reminder", direction="呼出", talk="00:00:09", state="来电提醒"),
    "announcement": call(3, id="announcement", direction="呼出", talk="00:00:02"),
    "talk": call(4, id="talk", direction="呼出", talk="00:00:40"),
    "midnight": call(5, id="midnight", at="2026-01-05 23:59:00", talk="00:02:00") + ",,2026-01-06 00:01:00",
    "hung": call(6, id="hung", talk="14401"),
    "negative": call(7, id="negative", talk="-5"),
    "clock jump": call(8, id="clock jump", at="2026-01-05 09:00:00", talk="30") + ",,2026-01-05 08:00:00",
    "extension": call(9, id="extension", customer="8001"),
    "test phone": call(10, id="test phone", customer=f"+86 {TEST_PHONE}"),
    "alias": call(11, id="alias") + ",,,老带新,报价、回访",
    "unmapped": call(12, id="unmapped") + ",,,神秘渠道,报价",
    "old year": call(13, id="old year", at="2003-01-06 09:00:00"),
    "landline": call(14, id="landline", customer="022-23456789"),
    "updated": call(15, id="updated", notes="旧") + ",,,,,2026-01-05 09:00:00",
}
LEGS = """call_id,leg_id,leg_role,direction,started_at,answered_at,ended_at,customer_number,agent_id,talk_seconds
D1,1,agent,双呼,2026-01-05 10:00:00,2026-01-05 10:00:05,2026-01-05 10:01:10,13900000077,A1,65
D1,2,customer,双呼,2026-01-05 10:00:10,2026-01-05 10:00:30,2026-01-05 10:01:10,13900000077,A1,40
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory, parsed):
    home = tmp_path_factory.mktemp("quirks")
    shutil.copytree(parsed, home / "dbt")
    (home / "policy").mkdir()
    numbers = f"number,note\n8001,分机\n{TEST_PHONE},测试\n"
    (home / "policy" / "internal_numbers.csv").write_text(numbers, encoding="utf-8")
    made = QuirkLanding(home)
    cells = HEADER.count(",")
    # Among many good calls: a file of which half breaks a rule is held.
    good = [call(100 + n, at="2026-01-05 08:00:00") + ",,2026-01-05 08:05:23" for n in range(300)]
    lines = [line + "," * (cells - line.count(",")) for line in [*CALLS.values(), *good]]
    made.calls("calls_20260107.csv", lines, header=HEADER)
    made.calls("calls_20260108.csv", [call(15, id="updated", notes="新") + ",,,,,2026-01-05 10:00:00"], header=HEADER)
    header = "坐席工号,坐席姓名,团队,入职日期"
    for day, first in (
        ("20260101", "A1,测试甲,一组,2025-01-01"),
        ("20260301", "A1,测试甲,二组,2025-01-01"),
        ("20260401", "A1,测试乙,二组,2026-04-01"),
    ):
        made.put(f"generic_400/agents/agents_{day}.csv", f"{header}\n{first}\nA2,测试丙,一组,2025-01-01\n")
    names = LEGS.splitlines()[0].split(",")
    made.profile(
        "house/call_legs.yml",
        f"columns: {json.dumps({name: name for name in names})}\n"
        "values: {leg_role: {agent: agent, customer: customer}}\n",
    )
    made.put("house/call_legs/legs_20260107.csv", LEGS)
    policy.sync(made.con, made.policy)
    assert {result.status for result in made.load()} == {"loaded"}
    made.con.close()
    audit.judge(made.settings, made.policy, "b1")
    result = transform.run(made.settings, made.policy, "b1")
    assert result.green, result.red_reasons
    made.con = warehouse.connect(made.settings)
    yield made
    made.con.close()


def calls(built, columns: str, table: str = "marts.fct_calls") -> dict[str, tuple]:
    keys = "" if table != "quality.dq_calls" else "join marts.fct_calls using (call_key)"
    return {row[0]: row[1:] for row in built.query(f"select source_call_id, {columns} from {table} {keys}")}


def test_q17_regions_come_from_the_number_where_the_export_has_none(built):
    assert calls(built, "region_province, region_source")["landline"] == ("天津", "prefix")


def test_q25_the_newest_content_of_an_id_wins(built):
    assert calls(built, "notes", "staging.stg_calls")["updated"] == ("新",)


def test_q27_tags_become_lists(built):
    found = calls(built, "tags", "staging.stg_calls")
    assert (found["alias"], found["unmapped"], found["talk"]) == ((["报价", "回访"],), (["报价"],), (None,))


def test_q34_announcements_are_no_answers(built):
    found = calls(built, "is_connected, tech_result")
    assert found["voicemail"] == (False, "voicemail")
    assert found["reminder"] == (False, "call_forwarded")
    flags = calls(built, "short_answer", "quality.dq_calls")
    assert {name: flags[name] for name in ("announcement", "talk", "midnight")} == {
        "announcement": (1,),
        "talk": (0,),
        "midnight": (0,),
    }


def test_q35_a_double_call_talks_as_long_as_its_customer_leg(built):
    assert calls(built, "talk_seconds, leg_count, agent_id, direction")["D1"] == (40, 2, "A1", "outbound")


def test_q37_agents_have_a_history(built):
    assert built.query(
        "select agent_id, version_number, agent_name, team, valid_from, valid_to, is_current "
        "from marts.dim_agent_versions order by 1, 2"
    ) == [
        ("A1", 1, "测试甲", "一组", None, dt.date(2026, 2, 28), False),
        ("A1", 2, "测试甲", "二组", dt.date(2026, 3, 1), dt.date(2026, 3, 31), False),
        ("A1", 3, "测试乙", "二组", dt.date(2026, 4, 1), None, True),
        ("A2", 1, "测试丙", "一组", None, None, True),
    ]


def test_q38_spellings_of_channels_are_mapped_or_reported(built):
    found = calls(built, "channel")
    assert (found["alias"], found["unmapped"]) == (("转介绍",), ("神秘渠道",))
    assert built.query("select channel from marts.dim_channels where not is_mapped and channel <> 'unattributed'") == [
        ("神秘渠道",)
    ]


def test_q40_impossible_lengths_and_clocks_are_flagged(built):
    flags = calls(built, "midnight_crossing, over_max_seconds, negative_talk, ended_before_start", "quality.dq_calls")
    assert {name: flags[name] for name in ("midnight", "hung", "negative", "clock jump", "talk")} == {
        "midnight": (1, 0, 0, 0),
        "hung": (0, 1, 0, 0),
        "negative": (0, 0, 1, 0),
        "clock jump": (0, 0, 0, 1),
        "talk": (0, 0, 0, 0),
    }
    found = calls(built, "talk_seconds, is_valid_for_tiers, call_date")
    assert found["negative"][:2] == (None, False)
    assert found["hung"][1] is False
    assert found["midnight"][2] == dt.date(2026, 1, 5)


def test_q41_own_extensions_and_test_phones_are_internal(built):
    found = calls(built, "direction, is_high_intent")
    assert (found["extension"][0], found["test phone"][0], found["talk"][0]) == ("internal", "internal", "outbound")


def test_q42_a_year_without_calendar_is_a_warning(built):
    """6 January 2003 was a Monday: whether people worked, the calendar does not say."""
    assert built.query("select is_workday, weekday from marts.fct_calls where year(call_date) = 2003") == [(None, 1)]
    assert built.query("select count(is_workday), count(*) from marts.dim_dates where year(date_day) = 2003") == [
        (0, 365)
    ]
    assert built.query("select count(*) from marts.dim_dates where is_workday is null and is_calendar_known") == [(0,)]
    years = "select year(date_day), bool_and(is_calendar_known) from marts.dim_dates group by 1 order by 1"
    assert built.query(years) == [(2003, False), *((year, True) for year in range(2004, 2027))]
    assert built.query("select severity, outcome from ops.check_results where check_name like '%calendar_known%'") == [
        ("warning", "failed")
    ]
