"""What words mean, on a demo where each other meaning would give another number (settled definitions S01 to S12)."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from tests.integration.test_planted_truth import wilson

REPORTS = (("daily", "2026-06-30"), ("weekly", "2026-W26"), ("monthly", "2026-06"))
Z = 1.959964


def content(demo, granularity: str, period: str) -> dict:
    return json.loads((demo.settings.reports / granularity / period / "report.json").read_text(encoding="utf-8"))


def test_metrics_speak_of_customers(demo):
    """Calls between colleagues, some of them long, and work after calls in vain are in no mart of customers."""
    truth = demo.truth["calls"]
    customers = truth["by_customer_calls"]
    internal = truth["by_direction"]["internal"]
    assert internal > 20
    assert customers["calls"] == truth["total"] - internal
    expected = tuple(customers[name] for name in ("calls", "connected", "high_intent", "handling_seconds"))
    assert demo.query(
        "select sum(calls)::bigint, sum(connected)::bigint, sum(high_intent_calls)::bigint, "
        "sum(handling_seconds)::bigint from call_efficiency"
    ) == [expected]
    assert demo.query(
        "select sum(calls)::bigint, sum(connected_calls)::bigint, sum(high_intent_calls)::bigint, "
        "sum(handling_seconds)::bigint from agent_performance"
    ) == [expected]
    for mart, column, number in (
        ("intent_by_business_line", "calls", "calls"),
        ("duration_distribution", "calls", "connected"),
        ("high_intent_slots", "connected_calls", "connected"),
    ):
        assert demo.query(f"select sum({column})::bigint from {mart}") == [(customers[number],)], mart
    ((long_internal, in_vain),) = demo.query(
        "select count_if(not is_customer_call and talk_seconds > 600), "
        "sum(acw_seconds) filter (where is_customer_call and not is_connected)::bigint from fct_calls"
    )
    assert long_internal > 5, "no call between colleagues would have been a hot one"
    assert in_vain == customers["work_in_vain_seconds"] > 1000


def test_blocked_dials_are_no_attempts(demo):
    rows = demo.query(
        "select attempt_number::varchar, count(*) from fct_calls where attempt_number is not null group by all"
    )
    assert dict(rows) == demo.truth["calls"]["dials_by_attempt"]
    ((blocked,),) = demo.query(
        "select count(*) from fct_calls as b where is_platform_block and exists (select * from fct_calls as later "
        "where later.is_dial and later.customer_key = b.customer_key and later.call_date = b.call_date "
        "and later.started_at > b.started_at)"
    )
    assert blocked >= 3, "no attempt after a blocked dial: counting it would go unnoticed"


@pytest.mark.parametrize(("granularity", "period"), REPORTS)
def test_agents_and_teams_add_up_to_the_total(demo, granularity, period):
    """Abandoned calls and orders of nobody stand in a row of their own, at the end and unranked."""
    report = content(demo, granularity, period)
    start, end = report["start"], report["end"]
    ((calls, talks, hot),) = demo.query(
        "select count(*), count_if(is_connected), count_if(is_high_intent) from fct_calls "
        "where is_customer_call and call_date between ? and ?",
        start,
        end,
    )
    ((orders,),) = demo.query("select count(*) from fct_orders where is_won and order_date between ? and ?", start, end)
    ((revenue,),) = demo.query(
        "select coalesce(sum(amount_cny), 0) from fct_revenue where revenue_date between ? and ?", start, end
    )
    for section, key in (("agents", "agent_id"), ("teams", "team")):
        rows = report["sections"][section]["rows"]
        assert len({row[key] for row in rows}) == len(rows)
        assert tuple(
            sum(row[name] for row in rows) for name in ("calls", "connected_calls", "high_intent_calls", "orders")
        ) == (calls, talks, hot, orders)
        assert sum(row["revenue_cny"] for row in rows) == pytest.approx(float(revenue))
        assert (rows[-1][key], rows[-1]["name"], rows[-1]["rank"]) == (None, "未分配", None)
        assert rows[-1]["calls"] > 0


def test_agents_are_ranked_at_the_same_mix_of_directions(demo):
    report = content(demo, "monthly", "2026-06")
    cells = defaultdict(dict)
    for agent, way, hits, base in demo.query(
        "select agent_id, direction, count_if(is_high_intent), count(duration_tier) from fct_calls "
        "where duration_tier is not null and call_date between '2026-06-01' and '2026-06-30' group by all"
    ):
        cells[agent][way] = (hits, base)
    whole = {
        way: [sum(ways.get(way, (0, 0))[n] for ways in cells.values()) for n in (0, 1)]
        for way in ("inbound", "outbound")
    }
    overall = sum(hits for hits, _ in whole.values()) / sum(base for _, base in whole.values())
    lows = {}
    for agent, ways in cells.items():
        hits, base = (sum(cell[n] for cell in ways.values()) for n in (0, 1))
        if base >= 30 and agent:
            expected = sum(n * whole[way][0] / whole[way][1] for way, (_, n) in ways.items())
            lows[agent] = wilson(hits, base, Z)[0] * overall * base / expected
    ranked = [row["agent_id"] for row in report["sections"]["agents"]["rows"] if row["rank"]]
    assert ranked == sorted(lows, key=lambda agent: -lows[agent])
    plain = {row["agent_id"]: row["high_intent"]["low"] for row in report["sections"]["agents"]["rows"] if row["rank"]}
    assert ranked != sorted(plain, key=lambda agent: -plain[agent]), "the mix makes no difference here"


def test_the_heat_map_keeps_callers_and_called_apart(demo):
    report = content(demo, "weekly", "2026-W26")
    grids = {grid["direction"]: grid for grid in report["sections"]["heatmap"]["grids"]}
    hours = report["sections"]["heatmap"]["hours"]
    assert list(grids) == ["inbound", "outbound"]
    rows = demo.query(
        "select direction, weekday, call_hour, count_if(is_high_intent), count(duration_tier) "
        "from fct_calls where is_customer_call and call_date between ? and ? group by all",
        report["sections"]["heatmap"]["start"],
        report["end"],
    )
    for way, weekday, hour, hits, base in rows:
        grid = grids[way]
        cell = (weekday - 1, hours.index(hour))
        assert (grid["high_intent_calls"][cell[0]][cell[1]], grid["tiered_calls"][cell[0]][cell[1]]) == (hits, base)
    rate = {
        way: sum(map(sum, grid["high_intent_calls"])) / sum(map(sum, grid["tiered_calls"]))
        for way, grid in grids.items()
    }
    assert rate["inbound"] > 1.5 * rate["outbound"], "mixing them would not mislead"


@pytest.mark.parametrize(("granularity", "period"), REPORTS[1:])
def test_the_weakest_stage_is_the_one_of_the_mart(demo, granularity, period):
    """Of mature cohorts, by deals lost: the step with the lowest rate is another one."""
    report = content(demo, granularity, period)
    funnel = report["sections"]["funnel"]
    planted = demo.truth["funnel"]["six_stage"]["weakest"]
    assert funnel["weakest"] == planted["to"]
    lost = demo.query(
        "select stage, sum(expected_deals_lost) from funnel_by_stage where preset = 'six_stage' "
        "and is_all_channels and is_mature and cohort_week + 96 <= ?::date group by 1 "
        "order by 2 desc nulls last",
        report["end"],
    )
    assert lost[0][0] == planted["from"]
    (finding,) = [row for row in report["findings"] if row["rule"] == "weakest_stage"]
    assert finding["evidence"]["value"] == pytest.approx(lost[0][1])


def test_dormant_leads_of_a_report_are_those_of_the_mart(demo):
    """For the data's last day the count for any day equals the mart of today."""
    rows = content(demo, "monthly", "2026-06")["sections"]["channels"]["rows"]
    found = {row["channel"]: (row["dormancy"]["num"], row["dormancy"]["den"]) for row in rows if row["window_leads"]}
    expected = {
        channel: (dormant, aged)
        for channel, dormant, aged in demo.query(
            "select channel, sum(dormant_leads)::bigint, sum(open_aged_leads)::bigint from lead_quality group by all"
        )
    }
    assert found == expected
    assert any(dormant for dormant, _ in expected.values())


def test_an_installation_that_set_no_line_sees_no_alarm(demo):
    """A team at its usual level is not told every day that it is critical."""
    for granularity, period in REPORTS:
        rules = {row["rule"] for row in content(demo, granularity, period)["findings"]}
        assert not {rule for rule in rules if rule.startswith("connect_rate_") and rule != "connect_rate_drop"}
