"""The published marts say what was planted: counts exactly, chances within their intervals.

The expectations come from demo_truth.json, and tiers, rates and intervals are computed here by hand, so that a
wrong stage, channel, tier or sum in the models cannot agree with them.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from math import sqrt

import pytest

from tests.demo_reader import tier

MONTHS = "strftime(month_start, '%Y-%m')"


def flat(nested: dict) -> Counter:
    """{a: {b: n}} → {(a, b): n}."""
    result: Counter = Counter()
    for key, value in nested.items():
        if isinstance(value, dict):
            for path, n in flat(value).items():
                result[(key, *path)] += n
        else:
            result[(key,)] += value
    return result


def counter(rows: list[tuple]) -> Counter:
    """Rows whose last value is a number → {the other values: the number}."""
    return Counter({tuple(row[:-1]): row[-1] for row in rows})


def wilson(k: int, n: int, z: float) -> tuple[float, float]:
    p = k / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return centre - half, centre + half


# --- files -------------------------------------------------------------------------------------------------------


def test_every_file_reconciles_and_says_what_it_holds(demo):
    manifest = {
        row[0]: row[1:]
        for row in demo.query(
            "select path, status, rows_read, rows_accepted + rows_superseded, rows_quarantined, rows_duplicate, "
            "rows_total_line, first_event_date, last_event_date from warehouse.ops.export_files"
        )
    }
    expected = {f["path"]: f for f in demo.truth["files"] if f["status"] != "copy"}
    copies = {f["copy_of"]: f["path"] for f in demo.truth["files"] if f["status"] == "copy"}
    # A copy is known by its content under whichever of the two names came last.
    found = {next((o for o, c in copies.items() if c == path), path): row for path, row in manifest.items()}
    assert found.keys() == expected.keys()
    for path, file in expected.items():
        status, read, accepted, quarantined, duplicate, totals, first, last = found[path]
        assert status == file["status"], path
        assert read == accepted + quarantined + duplicate, path
        assert (read, totals) == (file["rows_read"], file["rows_total_line"]), path
        either_way = quarantined - file["rows_quarantined"]
        assert 0 <= either_way <= file["rows_either_way"], path
        assert duplicate == file["rows_duplicate"], path
        if file["first_event_date"]:
            assert (first.isoformat(), last.isoformat()) == (file["first_event_date"], file["last_event_date"]), path


def test_quarantine_keeps_the_broken_rows_with_reasons_and_without_numbers(demo):
    rows = demo.query("select reason, raw_line from warehouse.ops.quarantine")
    broken = sum(f["rows_quarantined"] for f in demo.truth["files"])
    either_way = sum(f["rows_either_way"] for f in demo.truth["files"])
    assert broken <= len(rows) <= broken + either_way
    assert sum("1.38001E+10" in reason for reason, _ in rows) == 2
    assert sum("2026-13-45" in reason for reason, _ in rows) == 2
    numbers = {call["number"] for call in demo.reader.calls().values() if len(call["number"]) == 11}
    assert not [line for _, line in rows for number in numbers if number in line]


def test_held_file_is_named_and_its_day_stays_empty(demo):
    held = demo.truth["planted"]["held"]
    assert demo.query(
        "select count(*) > 0 from warehouse.ops.check_results join warehouse.ops.export_files "
        "using (file_id) where outcome = 'failed' and severity = 'critical' and path = ?",
        held["path"],
    ) == [(True,)]
    ((verdict, incomplete),) = demo.query("select verdict, incomplete_files from warehouse.ops.build_info")
    assert verdict == "incomplete"
    assert held["path"] in incomplete
    assert held["date"] in incomplete
    assert demo.query("select count(*) from fct_calls where call_date = ?", held["date"]) == [(0,)]


# --- calls -------------------------------------------------------------------------------------------------------


def test_calls_by_day_and_direction(demo):
    rows = demo.query("select call_date::varchar, direction, count(*) from fct_calls group by all")
    assert counter(rows) == flat(demo.truth["calls"]["by_date_direction"])
    assert demo.query("select count(distinct call_key), count(*) from fct_calls") == [
        (demo.truth["calls"]["total"],) * 2
    ]


def test_calls_by_line_direction_and_result(demo):
    rows = demo.query("""
        select case when direction = 'internal' then 'none' else business_line end, direction, tech_result, count(*)
        from fct_calls group by all""")
    assert counter(rows) == flat(demo.truth["calls"]["by_line_direction_result"])


def test_calls_by_hour_agent_number_and_province(demo):
    truth = demo.truth["calls"]
    flag = "case when is_connected then 'connected' else 'not_connected' end"
    assert counter(
        demo.query(f"select call_hour::varchar, direction, {flag}, count(*) from fct_calls group by all")
    ) == flat(truth["by_hour_direction_connected"])
    assert counter(
        demo.query(f"select agent_id, {flag}, count(*) from fct_calls where agent_id is not null group by all")
    ) == flat(truth["by_agent_connected"])
    provinces = {key or "unknown": n for key, n in truth["by_province"].items()}
    assert counter(demo.query("select region_province, count(*) from fct_calls group by all")) == flat(provinces)
    numbers = Counter()
    for (number,), n in counter(
        demo.query("select coalesce(own_number, 'none'), count(*) from fct_calls group by all")
    ).items():
        numbers[number.replace("+86", "").replace("-", "")[-10:].lstrip("0") or "none"] += n
    assert numbers == {k.lstrip("0"): n for k, n in truth["by_own_number"].items()}


def test_talk_seconds_by_day_after_the_stretched_redelivery(demo):
    rows = demo.query(
        "select call_date::varchar, direction, sum(talk_seconds)::bigint from fct_calls where is_connected group by all"
    )
    assert counter(rows) == flat(demo.truth["calls"]["by_talk_seconds"])
    planted = demo.truth["planted"]["redelivery"]
    ((seconds, files),) = demo.query(
        "select sum(talk_seconds)::bigint, list(distinct source_file) from fct_calls where list_contains(?, "
        "source_call_id)",
        planted["changed_call_ids"],
    )
    assert len(files) == 1
    assert seconds > 0
    ((by_mart,),) = demo.query(
        "select sum(talk_seconds)::bigint + (select sum(talk_seconds) from fct_calls where call_date = ? "
        "and not is_customer_call)::bigint from call_efficiency where call_date = ?",
        planted["date"],
        planted["date"],
    )
    assert by_mart == planted["talk_seconds_after"]


def test_tiers_of_every_connected_call(demo):
    """From the histogram of talk seconds, with the documents' limits written out in the oracle."""
    expected: Counter = Counter()
    for (line, direction, seconds), n in flat(demo.truth["calls"]["by_histogram"]).items():
        if line != "none":
            expected[line, direction, tier(line, int(seconds))] += n
    assert expected == flat(demo.truth["calls"]["by_tiers"])
    by_call = demo.query(
        "select business_line, direction, duration_tier, count(*) from fct_calls "
        "where is_connected and is_customer_call group by all"
    )
    assert counter(by_call) == expected
    by_mart = demo.query(
        "select business_line, direction, duration_tier, sum(calls)::bigint from duration_distribution group by all"
    )
    assert counter(by_mart) == expected
    assert demo.query(
        "select count(*) from fct_calls where duration_tier is not null and not (is_connected and is_customer_call)"
    ) == [(0,)]


@pytest.mark.parametrize(
    ("line", "seconds", "expected"),
    [
        ("课程培训", 29, "D"),
        ("课程培训", 30, "C"),
        ("课程培训", 59, "C"),
        ("课程培训", 60, "B"),
        ("课程培训", 300, "B"),
        ("课程培训", 301, "A-"),
        ("课程培训", 420, "A-"),
        ("课程培训", 421, "A"),
        ("课程培训", 600, "A"),
        ("课程培训", 601, "A+"),
        ("企业服务", 60, "B"),
        ("企业服务", 301, "B"),
        ("企业服务", 600, "B"),
        ("企业服务", 601, "A-"),
        ("企业服务", 840, "A-"),
        ("企业服务", 841, "A"),
        ("企业服务", 1200, "A"),
        ("企业服务", 1201, "A+"),
    ],
)
def test_boundary_seconds(demo, line, seconds, expected):
    rows = demo.query(
        "select distinct duration_tier, is_high_intent from fct_calls where business_line = ? "
        "and talk_seconds = ? and is_connected",
        line,
        seconds,
    )
    assert rows == [(expected, expected.startswith("A"))]


def test_jammed_trunk_stands_out(demo):
    jam = demo.truth["planted"]["congestion"]
    rows = demo.query(
        "select case when line_id = ? and call_hour = ? and list_contains(?, region_province) then 'jammed' "
        "else 'free' end, case when is_connected then 'connected' else 'not_connected' end, count(*) "
        "from fct_calls where direction = 'outbound' group by all",
        jam["line_id"],
        jam["hour"],
        jam["provinces"],
    )
    found, expected = counter(rows), flat(demo.truth["calls"]["by_congestion"])
    assert found == expected
    rate = {
        where: found[where, "connected"] / (found[where, "connected"] + found[where, "not_connected"])
        for where in ("jammed", "free")
    }
    assert rate["jammed"] < 0.6 * rate["free"]


def test_hot_callers(demo):
    """The pool: last hot call, calls and hot calls around it, tier and lead of every caller."""
    expected = {c["last_hot_call_id"]: c for c in demo.truth["calls"]["pool"]["callers"]}
    rows = demo.query("""
        select c.source_call_id, i.last_long_call_seconds, i.call_count, i.attempt_count, i.long_call_count,
               i.duration_tier, i.business_line, i.customer_phone_masked, l.source_lead_id, i.is_focus_region,
               i.last_long_call_at
        from high_intent_leads i join fct_calls c on c.call_key = i.last_call_key
        left join fct_leads l on l.lead_key = i.lead_key""")
    assert {row[0] for row in rows} == expected.keys()
    for call_id, seconds, calls, attempts, hot, name, line, phone, lead, focus, at in rows:
        caller = expected[call_id]
        assert (seconds, calls, attempts, hot, name, line, lead) == (
            caller["last_hot_seconds"],
            caller["calls"],
            caller["attempts"],
            caller["hot_calls"],
            caller["last_hot_tier"],
            caller["line"],
            caller["lead_id"],
        ), call_id
        assert phone == caller["phone_masked"] or caller["phone_masked"] is None
        assert focus == (caller["province"] == "天津")
        assert at.isoformat() == caller["last_hot_at"]
    assert sum(caller["attempts"] for caller in expected.values()) > 20, "our own dials would not be noticed as calls"


# --- leads and funnel --------------------------------------------------------------------------------------------


def test_leads_by_month_channel_and_status(demo):
    truth = demo.truth["leads"]
    assert demo.query("select count(*), count(first_dial_at) from fct_leads") == [(truth["total"], truth["dialled"])]
    months = demo.query(f"select {MONTHS}, channel, leads from channel_roi where leads > 0")
    assert counter(months) == flat(truth["by_month_channel"])
    lines = demo.query("select business_line, count(*) from fct_leads group by all")
    assert counter(lines) == flat(truth["by_line"])
    codes = {
        "新线索": "new",
        "跟进中": "following",
        "有意向": "intent",
        "已成交": "converted",
        "流失": "lost",
        "无效": "invalid",
    }
    status = demo.query("select status, count(*) from fct_leads group by all")
    assert counter(status) == Counter({(codes[key],): n for key, n in truth["by_status"].items()})


@pytest.mark.parametrize("preset", ["six_stage", "five_stage"])
def test_funnel_by_week_and_channel(demo, preset):
    planted = demo.truth["funnel"][preset]
    rows = demo.query(
        "select cohort_week::varchar, channel, stage, entered, reached from funnel_by_stage "
        "where preset = ? and not is_all_channels",
        preset,
    )
    found: Counter = Counter()
    for week, channel, stage, entered, reached in rows:
        found[week, channel, "entered"] = entered
        found[week, channel, stage] = reached
    assert found == flat(planted["by_week_channel"])
    order = demo.query(
        "select stage from funnel_by_stage where preset = ? group by stage order by min(ordinal)", preset
    )
    assert [stage for (stage,) in order] == list(planted["stages"])


@pytest.mark.parametrize("preset", ["six_stage", "five_stage"])
def test_funnel_of_all_channels_rates_and_intervals(demo, preset):
    planted = demo.truth["funnel"][preset]
    weeks: dict = defaultdict(Counter)
    for (week, _, stage), n in flat(planted["by_week_channel"]).items():
        weeks[week][stage] += n
    rows = demo.query(
        "select cohort_week, stage, entered, reached, next_reached, conversion_rate, wilson_low, "
        "wilson_high, is_mature from funnel_by_stage where preset = ? and is_all_channels",
        preset,
    )
    assert len(rows) == len(weeks) * len(planted["stages"])
    following = dict(zip(planted["stages"], planted["stages"][1:], strict=False))
    for week, stage, entered, reached, next_reached, rate, low, high, mature in rows:
        expected = weeks[week.isoformat()]
        assert (entered, reached) == (expected["entered"], expected[stage])
        if stage in following and reached:
            k = expected[following[stage]]
            assert next_reached == k
            assert rate == pytest.approx(k / reached)
            assert (low, high) == pytest.approx(wilson(k, reached, 1.959964), abs=1e-6)
        else:
            assert rate is None
        assert mature == (week + dt.timedelta(days=6 + 90) <= dt.date.fromisoformat(demo.truth["last_date"]))


@pytest.mark.parametrize("preset", ["six_stage", "five_stage"])
def test_weakest_stage_is_the_planted_one(demo, preset):
    """Pooled over the mature cohorts: the step that loses most expected deals."""
    rows = demo.query(
        "select stage, sum(expected_deals_lost) as lost from funnel_by_stage where preset = ? "
        "and is_all_channels and is_mature group by stage order by lost desc nulls last",
        preset,
    )
    assert rows[0][0] == demo.truth["funnel"][preset]["weakest"]["from"]


def test_planted_chances_lie_in_the_intervals_of_the_marts(demo):
    """Intent given connect and discovery given intent, by channel, among leads old enough."""
    planted = demo.truth["conversion"]
    stages = (
        ("six_stage", "connect", "intent", "intent_given_connect"),
        ("five_stage", "intent", "need_discovery", "discovery_given_intent"),
    )
    for preset, given, then, step in stages:
        rows = demo.query(
            "select channel, sum(reached) filter (where stage = ?)::bigint, "
            "sum(reached) filter (where stage = ?)::bigint from funnel_by_stage "
            "where preset = ? and not is_all_channels and cohort_week + 6 < ?::date group by all",
            given,
            then,
            preset,
            planted["created_before"],
        )
        assert {row[0] for row in rows} == planted["by_channel"].keys()
        for channel, n, k in rows:
            low, high = wilson(k, n, 3.9)
            assert low <= planted["by_channel"][channel][step]["planted"] <= high, (channel, step, k, n)


def test_deals_by_tier_of_the_first_hot_call(demo):
    planted = demo.truth["conversion"]
    rows = demo.query(
        """
        with first_hot as (
            select lead_key, duration_tier from fct_calls where is_high_intent and lead_key is not null
            qualify row_number() over (partition by lead_key order by started_at) = 1)
        select coalesce(f.duration_tier, 'event_only'), count(*), count(l.first_order_at)
        from fct_leads l left join first_hot f using (lead_key)
        where l.intent_at is not null and l.created_date < ?::date group by all""",
        planted["created_before"],
    )
    assert {row[0]: row[1:] for row in rows} == {
        name: (t["intent"], t["deals"]) for name, t in planted["by_tier"].items()
    }


def test_valid_leads_are_those_with_a_need_that_were_spoken_to(demo):
    """Nearly every lead names a product and has a complete number: that says nothing about it."""
    truth = demo.truth["leads"]
    rows = demo.query("select channel, count(*) from fct_leads where is_valid group by all")
    assert counter(rows) == flat(truth["valid"])
    ((plausible,),) = demo.query("select count(*) from fct_leads where is_plausible")
    assert plausible > 2 * sum(n for _, n in rows)


def test_first_contact_deals(demo):
    truth = demo.truth["leads"]
    assert truth["first_contact_deals"] > 0
    assert demo.query("select count_if(is_first_contact_deal), count(first_connect_at) from fct_leads") == [
        (truth["first_contact_deals"], truth["first_contacts"])
    ]
    # Most of them talked again afterwards, so that "exactly one talk" would have missed them.
    ((talked_again,),) = demo.query("select count(*) from fct_leads where is_first_contact_deal and connect_count > 1")
    assert talked_again > 0


def test_money_given_back_counts_on_its_own_day(demo):
    truth = demo.truth["orders"]
    assert truth["refunds"] > 0
    rows = demo.query(
        "select count(*), (sum(-fct_revenue.amount_cny) * 100)::bigint, "
        "count_if(revenue_date > order_date) from fct_revenue "
        "join fct_orders using (order_key) where movement = 'refund'"
    )
    assert rows == [(truth["refunds"], truth["refunded_cents"], truth["refunds"])]


def test_dormant_leads(demo):
    assert demo.query("select sum(dormant_leads)::bigint from lead_quality") == [(demo.truth["leads"]["dormant"],)]


# --- money -------------------------------------------------------------------------------------------------------


def test_orders_revenue_and_first_customers_by_month_and_channel(demo):
    truth = demo.truth["orders"]
    rows = demo.query(f"select {MONTHS}, channel, orders, revenue_cny, customers_won from channel_roi")
    assert Counter({(m, c): n for m, c, n, *_ in rows}) == flat(truth["by_month_channel"])
    assert Counter({(m, c): int(r * 100) for m, c, _, r, _ in rows}) == flat(truth["revenue_by_month_channel_cents"])
    assert Counter({(m, c): w for m, c, *_, w in rows}) == flat(truth["customers_won_by_month_channel"])


def test_orders_are_attributed_as_planted_and_reconcile(demo):
    truth = demo.truth["orders"]
    how = demo.query("select attribution, count(*) from fct_orders where is_won group by all")
    assert dict(how) == truth["by_attribution"]
    assert demo.query(
        "select count(*), count_if(is_won), count_if(is_repeat), "
        "(sum(amount_cny) filter (where is_won) * 100)::bigint from fct_orders"
    ) == [(truth["total"], truth["won"], truth["repeat"], truth["revenue_cents"] + truth["refunded_cents"])]
    assert demo.query("select (sum(amount_cny) * 100)::bigint from fct_revenue") == [(truth["revenue_cents"],)]


def test_costs_by_month_channel_and_kind(demo):
    expected = flat(demo.truth["costs"]["by_month_channel_kind_cents"])
    rows = demo.query(
        "select strftime(cost_month, '%Y-%m'), channel, cost_kind, (sum(amount_cny) * 100)::bigint "
        "from fct_costs group by all"
    )
    assert counter(rows) == expected
    for kind in ("media", "lead_purchase"):
        mart = demo.query(f"select {MONTHS}, channel, ({kind}_cost_cny * 100)::bigint from channel_roi")
        assert counter(mart) == Counter({k[:2]: n for k, n in expected.items() if k[2] == kind})
    # Labour, lines and systems have no channel: they are shared out, and every cent arrives.
    for kind in ("labour", "telephony", "system"):
        by_month: Counter = Counter()
        for (month, _, of_kind), n in expected.items():
            by_month[month] += n if of_kind == kind else 0
        mart = demo.query(f"select {MONTHS}, (sum({kind}_cost_cny) * 100)::bigint from channel_roi group by all")
        assert dict(mart) == by_month
    assert demo.query("select (sum(total_cost_cny) * 100)::bigint from channel_roi") == [
        (demo.truth["costs"]["total_cents"],)
    ]


def test_best_and_worst_channel(demo):
    rows = demo.query(
        "select channel, sum(revenue_cny) / sum(total_cost_cny) as back from channel_roi "
        "where channel <> 'unattributed' group by channel order by back desc"
    )
    assert rows[0][0] == demo.truth["conversion"]["best_channel"]
    assert rows[-1][0] == demo.truth["conversion"]["worst_channel"]
    assert rows[-1][1] < 1 < rows[0][1]


# --- statistics, opportunities and contacts ----------------------------------------------------------------------


def test_statistics_agree_with_the_calls_but_for_the_planted_day(demo):
    truth = demo.truth["planted"]["statistics"]
    assert demo.query(
        "select count(distinct stat_date), count(*), sum(calls)::bigint, sum(talk_seconds)::bigint "
        "from agent_statistics_daily"
    ) == [tuple(truth["agents"][name] for name in ("days", "rows", "calls", "talk_seconds"))]
    assert demo.query(
        "select sum(offered_calls)::bigint, sum(answered_calls)::bigint, sum(abandoned_calls)::bigint "
        "from queue_statistics_daily"
    ) == [tuple(truth["queues"].values())]
    wrong = truth["agents"]["disagreement"]
    assert demo.query(
        "select stat_date::varchar, subject, measure, difference from statistics_reconciliation "
        "where verdict <> 'agrees' order by measure"
    ) == [
        (wrong["date"], wrong["agent_id"], measure, wrong["talk_seconds" if measure == "talk_seconds" else "calls"])
        for measure in ("answered_calls", "calls", "outbound_calls", "outbound_connected_calls", "talk_seconds")
    ]
    assert demo.query("select count(*) > 100 from statistics_reconciliation where verdict = 'agrees'") == [(True,)]


def test_ads_opportunities_and_contacts(demo):
    truth = demo.truth["planted"]["statistics"]
    assert demo.query(
        "select sum(impressions)::bigint, sum(clicks)::bigint, sum(leads)::bigint, "
        "(sum(spend_cny) * 100)::bigint from ad_performance"
    ) == [tuple(truth["ads"][name] for name in ("impressions", "clicks", "leads", "spend_cents"))]
    assert demo.query("select count(*), count_if(is_won), count_if(is_open) from fct_opportunities") == [
        tuple(truth["opportunities"].values())
    ]
    assert demo.query(
        "select sum(contacts)::bigint, sum(attempt_count)::bigint, sum(reached_contacts)::bigint "
        "from contact_performance"
    ) == [tuple(truth["contacts"].values())]
    assert demo.query("select count(*) from fct_costs where cost_source <> 'channel_costs'") == [(0,)]
