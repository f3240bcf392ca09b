"""The rules of staging, quality and core on planted rows, each expected value worked out by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from dial2deal import transform

BUSINESS_LINES = """business_line,tier_profile,sector,label_zh,label_en,valid_from,valid_to
企业服务,b2b,enterprise,企业服务,Enterprise,,
课程培训,default,education,课程培训,Courses,,2026-03-09
课程培训,fmcg,education,课程培训,Courses,2026-03-10,
"""
COURSES, ENTERPRISE = "400-700-0001", "４００７００００２２"
ANNA, BERT, CARL = "13800000001", "13800000002", "13800000003"

# X08-X12: 300 s is B, 60 s is B, 30 s is C; a tier A begins above its limit; per profile and day of validity.
TIERS = {
    (COURSES, "2026-03-05"): {0: "D", 1: "D", 29: "D", 30: "C", 59: "C", 60: "B", 299: "B", 300: "B", 301: "A-",
                              420: "A-", 421: "A", 600: "A", 601: "A+"},
    (COURSES, "2026-03-12"): {59: "C", 60: "B", 180: "B", 181: "A-", 252: "A-", 253: "A", 360: "A", 361: "A+"},
    (ENTERPRISE, "2026-03-05"): {300: "B", 301: "B", 600: "B", 601: "A-", 840: "A-", 841: "A", 1200: "A", 1201: "A+"},
}


def call(call_id: str, started_at: str, **more: str) -> dict[str, str]:
    return {"call_id": call_id, "direction": "呼入", "started_at": started_at, "talk_seconds": "0",
            "customer_number": "", **more}


def lead(lead_id: str, created_at: str, number: str = "", **more: str) -> dict[str, str]:
    return {"lead_id": lead_id, "created_at": created_at, "customer_number": number, **more}


def order(order_id: str, ordered_at: str, amount: str, number: str = "", **more: str) -> dict[str, str]:
    return {"order_id": order_id, "ordered_at": ordered_at, "amount_cny": amount, "customer_number": number, **more}


def tier_calls() -> list[dict[str, str]]:
    return [call(f"tier {number} {day} {talk}", f"{day} 09:00:00", own_number=number, talk_seconds=str(talk),
                 is_connected="是")
            for (number, day), tiers in TIERS.items() for talk in tiers]


CALLS = [
    call("flag wins", "2026-03-02 09:00:00", is_connected="否", tech_result="已接通", talk_seconds="5"),
    call("result next", "2026-03-02 09:00:00", tech_result="无人接听", answered_at="2026-03-02 09:00:05"),
    call("clock last", "2026-03-02 09:00:00", answered_at="2026-03-02 09:00:05", ended_at="2026-03-02 09:01:10",
         hold_seconds="5", talk_seconds=""),
    call("unmapped", "2026-03-02 09:00:00", tech_result="奇怪的结果", direction="侧向"),
    call("negative", "2026-03-02 09:00:00", is_connected="是", talk_seconds="-7"),
    call("hung", "2026-03-02 09:00:00", is_connected="是", talk_seconds="14401"),
    call("one ring", "2026-03-02 09:00:00", is_connected="否", ring_seconds="9"),
    call("rang long", "2026-03-02 09:00:00", is_connected="否", ring_seconds="10"),
    call("mismatch", "2026-03-02 09:00:00", is_connected="是", answered_at="2026-03-02 09:00:00",
         ended_at="2026-03-02 09:01:00", talk_seconds="66", agent_id="8001"),
    call("within tolerance", "2026-03-02 09:00:00", is_connected="是", answered_at="2026-03-02 09:00:00",
         ended_at="2026-03-02 09:01:00", talk_seconds="65", agent_id="8001"),
    call("midnight", "2026-03-02 23:59:00", is_connected="是", ended_at="2026-03-03 00:01:00", talk_seconds="120"),
    call("province", "2026-03-02 09:00:00", customer_number="13022220001", region_province="上海市",
         region_city="上海市"),
    call("prefix", "2026-03-02 09:00:00", customer_number="13022220002"),
    call("landline", "2026-03-02 09:00:00", customer_number="022-23456789"),
    call("nowhere", "2026-03-02 09:00:00", customer_number="95588"),
    call("abandoned", "2026-03-02 09:00:00", tech_result="排队放弃"),
    call("make-up saturday", "2026-02-28 09:00:00"),
    call("new year", "2026-02-17 09:00:00"),
    # Attribution: leads L1 (Baidu, 1 March) and L2 (referral, 20 March) of Anna; look-back 90 days.
    call("before any lead", "2026-02-28 12:00:00", customer_number=ANNA, channel="抖音广告"),
    call("first lead", "2026-03-02 12:00:00", customer_number=f"'{ANNA}", direction="呼出"),
    call("again", "2026-03-02 13:00:00", customer_number=f"+86 {ANNA}", direction="呼出", is_connected="是",
         talk_seconds="700"),
    call("second lead", "2026-03-20 09:00:00", customer_number=ANNA, channel="抖音广告"),
    call("named lead", "2026-03-21 12:00:00", customer_number=ANNA, lead_id="L1"),
    call("look-back over", "2026-06-18 09:00:00", customer_number=ANNA),
    call("internal", "2026-03-21 12:00:00", customer_number=ANNA, direction="内部"),
    call("own line", "2026-03-02 12:00:00", customer_number=BERT, own_number=COURSES),
    call("lead's line", "2026-03-02 12:30:00", customer_number=BERT),
    call("after order", "2026-03-06 12:00:00", customer_number=BERT),
    call("masked", "2026-03-02 12:00:00", customer_number="138****0001"),
    call("by id", "2026-03-02 12:00:00", customer_id="77"),
]
LEADS = [
    lead("L1", "2026-03-01 08:00:00", ANNA, channel="百度推广", status="跟进中"),
    lead("L2", "2026-03-20 09:00:00", ANNA, channel="老带新", status="无效"),
    lead("L3", "2026-03-01 08:00:00", BERT, business_line="企业服务", interested_product="年费"),
    lead("L4", "2026-03-01 08:00:00", customer_id="K4", channel="Billboard", referrer_customer_id="K9"),
    lead("L9", "2026-01-01 08:00:00", customer_id="K9", channel="官网"),
]
EVENTS = [
    {"lead_id": "L1", "stage": "需求沟通", "occurred_at": "2026-03-04 10:00:00"},
    {"lead_id": "L1", "stage": "确认需求", "occurred_at": "2026-03-05 10:00:00"},
    {"lead_id": "L3", "stage": "输单", "occurred_at": "2026-03-08 10:00:00"},
]
ORDERS = [
    order("O1", "2026-03-06 09:00:00", "￥1,234.50", BERT, status="已付款"),
    order("O2", "2026-03-07 09:00:00", "1.2万", BERT, status="已付款"),
    order("O3", "2026-03-05 09:00:00", "5", BERT, status="待支付"),
    order("O4", "2026-03-30 09:00:00", "0.01", ANNA, lead_id="L1"),
    order("O5", "2026-03-30 09:00:00", "8", CARL, channel="展会"),
    order("O6", "2026-03-30 09:00:00", "-8", status="已付款"),
    order("O7", "2026-03-31 09:00:00", "3", customer_id="K4"),
]
COSTS = [
    {"cost_date": "2026-03-01", "channel": "百度SEM", "cost_kind": "media", "amount_cny": "100.10"},
    {"cost_date": "2026-03-01", "channel": "", "cost_kind": "labour", "amount_cny": "3万"},
    {"cost_date": "2026-03-01", "channel": "百度", "cost_kind": "咖啡", "amount_cny": "1"},
]


@pytest.fixture(scope="module")
def company(new_company):
    made = new_company(business_lines__csv=BUSINESS_LINES)
    at = "2026-07-01 06:00:00"
    made.deliver("hotline", "calls", [*tier_calls(), *CALLS], at)
    made.deliver("hotline", "own_numbers", [{"own_number": "4007000001", "business_line": "课程培训"},
                                            {"own_number": "400-700-0022", "business_line": "企业服务"}], at)
    made.deliver("hotline", "agents", [{"agent_id": "8001", "agent_name": "测试甲", "team": "一组"}], at)
    made.deliver("crm", "leads", LEADS, at)
    made.deliver("crm", "customers",
                 [{"customer_id": "K4", "created_at": "2026-03-01 08:00:00", "customer_number": CARL}], at)
    made.deliver("crm", "lead_events", EVENTS, at)
    made.deliver("crm", "orders", ORDERS, at)
    made.deliver("crm", "channel_costs", COSTS, at)
    result = transform.run(made.settings, made.policy, "test")
    assert result.green, result.red_reasons
    return made


def rows(company, columns: str, table: str, key: str) -> dict[str, tuple]:
    return {row[0]: row[1:] for row in company.query(f"select {key}, {columns} from {table}")}


@pytest.fixture(scope="module")
def call_of(company):
    def find(columns: str, table: str = "marts.fct_calls") -> dict[str, tuple]:
        if table == "marts.fct_calls":
            return rows(company, columns, table, "source_call_id")
        return rows(company, columns, f"{table} join marts.fct_calls using (call_key)", "source_call_id")
    return find


def test_tiers_follow_line_day_and_talk_time(call_of):
    found = call_of("duration_tier")
    expected = {f"tier {number} {day} {talk}": (tier,)
                for (number, day), tiers in TIERS.items() for talk, tier in tiers.items()}
    assert {key: found[key] for key in expected} == expected


def test_the_number_of_a_customer_is_made_of_his_key_alone(call_of):
    """So it is the same in every build and every order of deliveries; an anonymous caller has none."""
    found = call_of("customer_key, customer_no").values()
    assert [number for _, number in found] == [key and int(key[:15], 16) for key, _ in found]
    assert len({number for _, number in found}) == len({key for key, _ in found}) > 3
    assert (None, None) in found


def test_what_counts_as_connected(call_of):
    found = call_of("is_connected, tech_result, talk_seconds, duration_tier, is_valid_for_tiers, is_high_intent")
    assert found["flag wins"] == (False, "connected", 5, None, False, False)
    assert found["result next"] == (False, "no_answer", 0, None, False, False)
    assert found["clock last"] == (True, "connected", 60, "B", True, False)
    assert found["negative"] == (True, "connected", None, None, False, False)
    assert found["hung"] == (True, "connected", 14401, "A+", False, False)
    short = call_of("is_short_unanswered, is_abandoned")
    assert (short["one ring"][0], short["rang long"][0], short["abandoned"][1]) == (True, False, True)


def test_quality_flags_say_what_is_wrong_and_remove_nothing(company, call_of):
    found = call_of("negative_talk, duration_mismatch, over_max_seconds, midnight_crossing, unmapped_direction, "
                    "unmapped_result, talk_without_connect", "quality.dq_calls")
    expected = {"negative": (1, 0, 0, 0, 0, 0, 0), "mismatch": (0, 1, 0, 0, 0, 0, 0), "within tolerance": (0,) * 7,
                "hung": (0, 0, 1, 0, 0, 0, 0), "midnight": (0, 0, 0, 1, 0, 0, 0), "unmapped": (0, 0, 0, 0, 1, 1, 0),
                "flag wins": (0, 0, 0, 0, 0, 0, 1)}
    assert {key: found[key] for key in expected} == expected
    assert call_of("direction, tech_result, dq_flag_count")["unmapped"] == ("unknown", "unknown", 2)
    assert company.query("select rows_checked, rows_flagged from quality.dq_scorecard where flag = 'over_max_seconds' "
                         "and month_start = date '2026-03-01'") == [(len(tier_calls()) + len(CALLS) - 4, 1)]


def test_regions_come_from_the_export_then_the_number(call_of):
    found = call_of("region_province, region_city, region_source, number_status")
    assert found["province"] == ("上海", "上海", "export", "ok")
    assert found["prefix"] == ("天津", "天津", "prefix", "ok")
    assert found["landline"] == ("天津", "天津", "prefix", "ok")
    assert found["nowhere"] == ("unknown", None, "unknown", "short_code")


def test_the_chinese_calendar_decides_working_days(company, call_of):
    found = call_of("is_workday, weekday, call_hour")
    assert found["make-up saturday"] == (True, 6, 9)
    assert found["new year"] == (False, 2, 9)
    assert company.query("select is_workday, is_weekend, holiday_name, is_calendar_known from marts.dim_dates "
                         "where date_day = date '2026-02-28'") == [(True, True, "春节调休", True)]
    (first, last, days), = company.query("select min(date_day), max(date_day), count(*) from marts.dim_dates")
    assert (first, last, days) == (dt.date(2026, 1, 1), dt.date(2026, 12, 31), 365)


def test_a_call_belongs_to_the_named_or_the_last_lead(company, call_of):
    ids = dict(company.query("select lead_key, source_lead_id from marts.fct_leads"))
    found = {key: (ids.get(lead), *rest) for key, (lead, *rest) in call_of("lead_key, channel, attribution").items()}
    assert found["before any lead"] == (None, "抖音信息流", "export")
    assert found["first lead"] == ("L1", "百度搜索", "last_touch")
    assert found["second lead"] == ("L2", "转介绍", "last_touch")
    assert found["named lead"] == ("L1", "百度搜索", "lead_id")
    assert found["look-back over"] == (None, "unattributed", "unattributed")
    assert found["internal"] == (None, "unattributed", "unattributed")
    assert found["own line"] == ("L3", "unattributed", "last_touch")


def test_customers_lines_and_attempts(call_of):
    found = call_of("customer_key, attempt_number, business_line, is_existing_customer, customer_phone_masked")
    anna = found["first lead"][0]
    assert found["again"][:2] == (anna, 2)
    assert found["first lead"][1] == 1
    assert found["masked"][0] is None
    assert found["masked"][4] == "138****0001"
    assert found["by id"][0] not in (None, anna)
    assert [found[key][2] for key in ("own line", "lead's line", "first lead")] == ["课程培训", "企业服务", "unknown"]
    assert (found["own line"][3], found["after order"][3]) == (False, True)


def test_leads_gather_their_evidence(company):
    found = rows(company, "channel, channel_group, is_valid, dial_count, connect_count, talk_seconds, "
                 "need_discovery_at, need_confirmed_at, intent_at, order_count, revenue_cny, "
                 "days_from_first_call_to_deal, furthest_stage, lost_at, referral_at",
                 "marts.fct_leads", "source_lead_id")
    assert found["L1"] == (
        "百度搜索", "paid_search", True, 2, 1, 700, dt.datetime(2026, 3, 4, 10), dt.datetime(2026, 3, 5, 10),
        dt.datetime(2026, 3, 2, 13), 1, Decimal("0.01"), 27.875, "deal", None, None)
    assert found["L2"][2] is False
    assert found["L3"][:3] == ("unattributed", "unattributed", False)
    assert found["L3"][9:] == (2, Decimal("13234.50"), pytest.approx(3 + 21 / 24), "repurchase",
                               dt.datetime(2026, 3, 8, 10), None)
    assert found["L4"][:2] == ("Billboard", "unmapped")
    assert found["L9"][-1] == dt.datetime(2026, 3, 1, 8)


def test_orders_are_numbered_and_credited(company):
    ids = dict(company.query("select lead_key, source_lead_id from marts.fct_leads"))
    found = {key: (ids.get(lead), *rest) for key, (lead, *rest) in rows(
        company, "lead_key, status, is_won, order_number, is_repeat, channel, attribution, amount_cny, business_line",
        "marts.fct_orders", "source_order_id").items()}
    assert found == {
        "O1": ("L3", "won", True, 1, False, "unattributed", "last_touch", Decimal("1234.50"), "企业服务"),
        "O2": ("L3", "won", True, 2, True, "unattributed", "last_touch", Decimal("12000.00"), "企业服务"),
        "O3": ("L3", "pending", False, None, False, "unattributed", "last_touch", Decimal("5.00"), "企业服务"),
        "O4": ("L1", "won", True, 1, False, "百度搜索", "lead_id", Decimal("0.01"), "unknown"),
        "O5": ("L4", "won", True, 2, True, "Billboard", "last_touch", Decimal("8.00"), "unknown"),
        "O6": (None, "won", False, None, False, "unattributed", "unattributed", Decimal("-8.00"), "unknown"),
        "O7": ("L4", "won", True, 3, True, "Billboard", "last_touch", Decimal("3.00"), "unknown"),
    }


def test_costs_keep_every_cent(company):
    assert sorted(company.query("select channel, cost_kind, is_operational, amount_cny from marts.fct_costs")) == [
        ("unattributed", "labour", True, Decimal("30000.00")), ("百度搜索", "media", False, Decimal("100.10")),
        ("百度搜索", "unknown", False, Decimal("1.00"))]


def test_full_numbers_stay_in_the_private_schemas(company):
    for table, found in company.tables(("marts", "quality")).items():
        assert not [row for row in found if ANNA in repr(row) or BERT in repr(row)], table
    assert ("+86" + ANNA,) in company.query("select phone_e164 from core.customer_phones")
