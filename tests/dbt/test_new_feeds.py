"""Every feed beside those of the main job: a small file with Chinese headers, loaded, audited and typed."""

from __future__ import annotations

import ast
import datetime as dt
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from dial2deal import audit, loading, policy, transform, warehouse
from dial2deal.feeds.catalogue import feeds
from dial2deal.settings import Settings

FIXTURES = Path(__file__).parents[1] / "fixtures" / "feeds"
TYPES = {"text": "VARCHAR", "id": "VARCHAR", "phone": "VARCHAR", "map": "VARCHAR", "timestamp": "TIMESTAMP",
         "date": "DATE", "seconds": "INTEGER", "money": "DECIMAL(18,2)", "number": "DOUBLE", "boolean": "BOOLEAN",
         "list": "VARCHAR[]"}
SOURCES = ("generic_400", "generic_crm", "generic")
ENGLISH = ("Ticket ID,Created At,Customer Phone,Issue Type,Status,Is Resolved,Tags\n"
           "E1,2026-03-05 10:00:00,13800130009,refund,solved,yes,\"vip;late\"\n")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def source_of(feed: str) -> str:
    """The styles take turns, so that each is read by some profile."""
    names = sorted(path.stem for path in FIXTURES.glob("*.csv"))
    return "generic_400" if feed == "call_legs" else SOURCES[names.index(feed) % 3]


@pytest.fixture(scope="module")
def home(tmp_path_factory, parsed):
    """One home with a file of every feed, audited and built once."""
    settings = Settings(home=tmp_path_factory.mktemp("feeds")).ensure()
    shutil.copytree(parsed, settings.dbt_target, dirs_exist_ok=True)
    for file in FIXTURES.glob("*.csv"):
        folder = settings.landing / source_of(file.stem) / file.stem
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder / file.name)
    english = settings.landing / "generic" / "tickets"
    english.mkdir(parents=True, exist_ok=True)
    (english / "english.csv").write_text(ENGLISH.replace("Customer Phone", "phone"), encoding="utf-8")
    rules = policy.load(settings)
    with warehouse.session(settings) as con:
        policy.sync(con, rules)
        results = loading.load_landing(con, settings, rules)
    assert {result.status for result in results} == {"loaded"}, [r.message for r in results if r.status != "loaded"]
    audit.judge(settings, rules, "test")
    built = transform.run(settings, rules, "test")
    assert built.green, built.red_reasons
    return settings


def rows(home: Settings, sql: str) -> list[tuple]:
    with warehouse.session(home) as con:
        return con.execute(sql).fetchall()


def test_every_feed_has_a_file_and_every_file_was_accepted(home):
    assert {p.stem for p in FIXTURES.glob("*.csv")} == set(list(feeds())[8:])
    files = rows(home, "select feed, status, rows_read, rows_accepted, rows_quarantined, unknown_columns, message "
                       "from ops.export_files order by feed")
    assert [file for file in files if file[1:2] + file[4:6] != ("accepted", 0, None) or file[2] != file[3]] == []


@pytest.mark.parametrize("feed", sorted(set(list(feeds())[8:]) - {"call_legs"}))
def test_columns_are_typed_by_their_kind(home, feed):
    with warehouse.session(home) as con:
        found = {name: kind for name, kind, *_ in con.execute(f"describe staging.stg_{feed}").fetchall()}
    expected = {column.name: TYPES[column.kind] for column in feeds()[feed].columns.values()
                if column.name not in ("source_updated_at", "customer_number")}
    assert {name: found.get(name) for name in expected} == expected
    unmapped = {f"is_{column.name}_unmapped" for column in feeds()[feed].columns.values() if column.kind == "map"}
    assert unmapped <= found.keys()
    if "customer_number" in feeds()[feed].columns:
        assert {"number_status", "customer_phone_masked", "customer_key"} <= found.keys()
    assert not {"phone_e164", "customer_number"} & found.keys()


TYPED = {
    "queue_events": ("event, occurred_at, position, wait_seconds, number_status, customer_phone_masked", [
        ("enter", at("2026-03-02 09:00:00"), 3.0, None, "ok", "138****0001"),
        ("connect", at("2026-03-02 09:00:20"), None, 20, "ok", "138****0001"),
        ("abandon", at("2026-03-02 09:05:00"), 1.0, 90, "masked", "138****0002")]),
    "agent_states": ("state, state_seconds, reason, ended_at", [
        ("ready", 600, None, at("2026-03-02 09:10:00")), ("break", 300, "就餐", at("2026-03-02 09:15:00")),
        ("talking", None, None, None)]),
    "campaigns": ("campaign_id, status, dial_mode, starts_on, budget_cny, target_count", [
        ("C1", "running", "predictive", on("2026-03-01"), Decimal("12000.00"), 1500.0),
        ("C2", "planned", "manual", on("2026-04-01"), None, None)]),
    "scripts": ("script_id, script_version, status, parts, confirmation_steps, valid_from", [
        ("S1", "v1", "retired", ["提醒", "优惠", "测算"], ["方案", "条款", "购买"], on("2026-01-01")),
        ("S1", "v2", "active", ["提醒", "测算"], None, on("2026-02-01"))]),
    "script_experiments": ("unit_id, arm, factor, is_control, script_version", [
        ("L1", "A", "script", True, "v1"), ("L2", "B", "script", False, "v2")]),
    "qa_scores": ("call_id, method, total_score, solving_score, is_passed, is_second_confirmed, deductions", [
        ("U1", "manual", 92.5, 22.5, True, True, ["语速过快", "未报工号"]),
        ("U2", "automatic", 55.0, 20.0, False, False, None)]),
    "recordings": ("recording_id, recording_seconds, status, is_status_unmapped, direction, retained_until", [
        ("R1", 120, "available", False, "inbound", on("2026-09-02")), ("R2", 0, "unknown", True, "inbound", None)]),
    "transcripts": ("segment_id, speaker, offset_seconds, end_offset_seconds, sentiment, confidence", [
        ("1", "agent", 0, 4, "neutral", 0.98), ("2", "customer", 4, 9, "positive", 0.91)]),
    "keyword_hits": ("phrase, lexicon, speaker, offset_seconds, solved_offset_seconds, is_correct", [
        ("价格可以谈吗", "buying_signal", "customer", 4, None, True),
        ("太贵了", "objection", "customer", 80, 110, False)]),
    "consents": ("number_status, consent_kind, contact_channel, is_granted, expires_on, customer_key is not null", [
        ("ok", "marketing", "phone", True, on("2027-02-01"), True),
        ("masked", "recording", None, False, None, True)]),
    "do_not_call": ("customer_phone_masked, listed_at, requested_at, origin, scope", [
        ("138****0003", at("2026-02-10 08:00:00"), at("2026-02-09 17:30:00"), "customer_request", "全局"),
        ("138****0004", at("2026-02-11 00:00:00"), None, "complaint", None)]),
    "complaints": ("complaint_id, severity, status, is_justified, resolved_at, compensation_cny", [
        ("T1", "high", "closed", True, at("2026-03-05 16:00:00"), Decimal("200.00")),
        ("T2", "low", "in_progress", None, None, None)]),
    "csat_surveys": ("survey_id, sent_at, survey_channel, score, max_score, is_problem_solved, tags", [
        ("V1", at("2026-03-02 09:10:00"), "sms", 5.0, 5.0, True, ["耐心", "专业"]),
        ("V2", at("2026-03-02 09:20:00"), "ivr", 2.0, 5.0, False, None)]),
    "tickets": ("ticket_id, issue_type, status, priority, resolved_at, is_resolved, tags", [
        ("E1", "refund", "resolved", None, None, True, ["vip", "late"]),
        ("G1", "物流延迟", "resolved", "high", at("2026-03-03 10:00:00"), True, ["物流", "催单"]),
        ("G2", "产品质量", "in_progress", "normal", None, False, None)]),
    "follow_ups": ("follow_up_id, planned_at, done_at, action, status", [
        ("F1", at("2026-03-03 09:00:00"), at("2026-03-03 09:30:00"), "call", "done"),
        ("F2", at("2026-03-04 10:00:00"), None, "wecom", "planned")]),
    "lines": ("record_kind, line_type, price_per_minute_cny, billing_unit_seconds, fault_seconds, connect_rate, "
              "mos_score", [
        ("tariff", "sip", Decimal("0.12"), 60, None, None, None),
        ("fault", None, None, None, 900, None, None),
        ("measurement", None, None, None, None, 0.865, 4.1)]),
    "trials": ("trial_id, status, is_accepted, is_attended, scheduled_at", [
        ("Y1", "attended", True, True, at("2026-03-08 14:00:00")), ("Y2", "declined", False, None, None)]),
    "courses": ("enrolment_id, starts_on, ends_on, lessons_left, amount_cny, status, is_renewal", [
        ("B1", on("2026-03-15"), on("2026-09-15"), 48.0, Decimal("6800.00"), "not_started", False),
        ("B2", on("2025-09-01"), on("2026-03-01"), 0.0, Decimal("5200.00"), "finished", True)]),
    "web_events": ("event, visitor_id, customer_phone_masked, stay_seconds, customer_key is not null", [
        ("page_view", "A-1", None, 45, False), ("form_submit", "A-1", "138****0001", 65, True)]),
    "app_events": ("event, agent_id, script_id, script_version, details", [
        ("select_script", "1002", "S1", "v2", None), ("write_note", "1002", None, None, "已记录")]),
    "promotions": ("promotion_name, promotion_kind, starts_on, ends_on, expected_uplift, budget_cny", [
        ("春季大促", "promotion", on("2026-03-08"), on("2026-03-10"), 3.0, Decimal("50000.00")),
        ("清明", "holiday", on("2026-04-04"), on("2026-04-06"), None, None)]),
    "agent_statistics": ("period_start, period_time, agent_id, inbound_calls, outbound_connected_calls, talk_seconds, "
                         "login_seconds, answer_rate", [
        (at("2026-03-02 00:00:00"), "09:00-10:00", "1001", 12.0, 5.0, 2700, 3600, 0.833),
        (at("2026-03-02 00:00:00"), "10:00-11:00", "1001", 6.0, 0.0, 1080, 3600, 1.0),
        (at("2026-03-03 00:00:00"), None, "1002", 0.0, 21.0, 3150, 28800, None)]),
    "queue_statistics": ("queue, offered_calls, abandoned_calls, answered_in_target_calls, service_level, "
                         "average_answer_wait_seconds, longest_wait_seconds", [
        ("售前", 100.0, 12.0, 80.0, 0.8, 14, 185), ("售后", 40.0, 0.0, 40.0, 1.0, 6, 30)]),
    "ad_statistics": ("period_start, platform, account_id, campaign_id, ad_id, impressions, clicks, spend, currency, "
                      "conversions, leads", [
        (on("2026-03-02"), "搜索推广", "账户甲", "P1", "A1", 12000.0, 360.0, Decimal("540.00"), "cny", 18.0, 12.0),
        (on("2026-03-02"), "搜索推广", "账户甲", "P1", "A2", 8000.0, 80.0, Decimal("160.50"), "cny", 2.0, 1.0),
        (on("2026-03-03"), "信息流", "账户乙", "P2", "A3", 12000.0, 100.0, Decimal("300.00"), "cny", 5.0, None)]),
    "opportunities": ("opportunity_id, opened_at, opened_date, stage, status, probability, amount, expected_close_on, "
                      "closed_at, customer_phone_masked, agent_id", [
        ("O1", at("2026-03-01 10:00:00"), on("2026-03-01"), "赢单", "won", 1.0, Decimal("58000.00"), on("2026-03-20"),
         at("2026-03-18 00:00:00"), "138****0001", "1001"),
        ("O2", at("2026-03-02 11:00:00"), on("2026-03-02"), "输单", "lost", 0.0, Decimal("12000.00"), on("2026-03-25"),
         at("2026-03-20 00:00:00"), "138****0002", "1002"),
        ("O3", None, on("1970-01-01"), "方案报价", "open", 0.4, Decimal("30000.00"), None, None, None, "1001")]),
    "opportunity_events": ("opportunity_id, from_stage, stage, status, occurred_at, amount", [
        ("O1", None, "初步接洽", "open", at("2026-03-01 10:00:00"), Decimal("58000.00")),
        ("O1", "初步接洽", "赢单", "won", at("2026-03-18 15:00:00"), Decimal("58000.00"))]),
    "accounts": ("account_id, account_name, parent_account, employees, annual_revenue, customer_phone_masked", [
        ("Q1", "样例公司甲", None, 1200.0, 25000.0, "022****0001"),
        ("Q2", "样例公司乙", "样例公司甲", 40.0, None, None)]),
    "products": ("product_id, series, list_price, currency, status, valid_to", [
        ("P-01", "云呼叫", Decimal("580.00"), "cny", "active", None),
        ("P-02", "云呼叫", Decimal("380.00"), "cny", "inactive", on("2025-12-31"))]),
    "contact_results": ("contact_id, attempts, connected_attempts, last_contacted_at, tech_result, is_won, "
                        "last_talk_seconds, total_talk_seconds", [
        ("M1", 3.0, 1.0, at("2026-03-02 10:00:00"), "connected", True, 120, 150),
        ("M2", 5.0, 0.0, at("2026-03-03 11:00:00"), "no_answer", False, 0, 0),
        ("M3", 0.0, None, None, None, None, None, None)]),
}


@pytest.mark.parametrize("feed", sorted(TYPED))
def test_values_are_typed_and_mapped(home, feed):
    columns, expected = TYPED[feed]
    order = "source_line" if feed != "tickets" else "ticket_id"
    assert rows(home, f"select {columns} from staging.stg_{feed} order by {order}") == expected


def test_customers_meet_across_feeds_by_their_number(home):
    """The masked numbers show who is meant; the keys are those of the calls."""
    [(key,)] = rows(home, "select customer_key from staging.stg_calls union "
                          "select customer_key from staging.stg_complaints where complaint_id = 'T1' union "
                          "select customer_key from staging.stg_web_events where customer_key is not null")
    assert len(key) == 32


def test_legs_make_a_call(home):
    found = rows(home, "select source_call_id, started_at, answered_at, ended_at, talk_seconds, tech_result, agent_id, "
                       "agent_ids, tags, leg_count, transfer_count, customer_phone_masked from staging.stg_calls")
    assert found == [("U1", at("2026-03-02 09:00:00"), at("2026-03-02 09:00:25"), at("2026-03-02 09:02:25"), 120,
                      "connected", "1002", ["1001", "1002"], ["价格敏感", "决策人"], 3, 0, "138****0001")]


def test_a_staging_model_lists_exactly_the_columns_of_its_feed():
    """The models name columns with their kinds as the feeds do."""
    folder = Settings(home=Path("unused")).dbt_project / "models" / "staging"
    for name in TYPED:
        text = (folder / f"stg_{name}.sql").read_text(encoding="utf-8")
        listed = ast.literal_eval(text[text.index("columns={") + len("columns="):text.rindex("}) }}") + 1])
        assert listed == {c.name: c.kind for c in feeds()[name].columns.values() if c.name != "source_updated_at"}
