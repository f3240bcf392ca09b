"""Marts against plain-Python oracles on planted facts."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter, defaultdict
from decimal import Decimal

import pytest

from dial2deal.insight.intervals import wilson
from dial2deal.metrics import catalog as catalogs
from dial2deal.published import SEMANTIC_MANIFEST
from tests.dbt import marts_world as mw

Z = 1.959964
HORIZON, MIN_N, POOL_DAYS, REPEAT_DAYS, DORMANCY_DAYS = 90, 30, 30, 30, 30


@pytest.fixture(scope="module")
def built():
    return mw.shared()


def days(count: int) -> dt.timedelta:
    return dt.timedelta(days=count)


def keyed(rows, *names):
    result = {tuple(row[name] for name in names): row for row in rows}
    assert len(result) == len(rows), f"{names} is not a key"
    return result


def assert_interval(row, numerator, denominator, low, high):
    expected = wilson(numerator or 0, denominator or 0, Z) or (None, None)
    assert (row[low], row[high]) == (pytest.approx(expected[0], abs=1e-12), pytest.approx(expected[1], abs=1e-12))


def test_the_facts_offer_the_planted_columns(built):
    """Planted tables look like the real ones: each column exists in the fact's contract with the same type."""
    import json

    nodes = json.loads((built.settings.dbt_target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    same = {"string": "varchar", "int": "integer"}
    for table, columns in mw.SCHEMA.items():
        contract = nodes[f"model.dial2deal.{table}"]["columns"]
        for name, kind in columns.items():
            assert name in contract, f"{table}.{name}"
            declared = contract[name]["data_type"].replace(" ", "")
            assert same.get(declared, declared) == kind, f"{table}.{name}"


def test_the_reference_pages_are_up_to_date(built):
    """They are generated: run ``python docs/generate_reference.py`` after changing a model or metric."""
    import importlib.util
    import json

    folder = built.settings.project_root / "docs"
    spec = importlib.util.spec_from_file_location("generate_reference", folder / "generate_reference.py")
    pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pages)
    manifest = json.loads((built.settings.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    catalog = catalogs.load(built.settings.dbt_target / SEMANTIC_MANIFEST)
    assert (folder / "reference/metrics.md").read_text(encoding="utf-8") == pages.metrics_page(manifest, catalog)
    assert (folder / "reference/marts.md").read_text(encoding="utf-8") == pages.marts_page(manifest)


def test_requirements_and_project_agree(built, monkeypatch):
    """What a metric, model or rule names stands in docs/requirements/, and what nothing names says what is missing."""
    import json

    monkeypatch.syspath_prepend(built.settings.project_root / "docs")
    import coverage

    manifest = json.loads((built.settings.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    known, found, exists = coverage.requirements(), coverage.evidence(manifest), coverage.names_of(manifest)
    assert coverage.problems(known, found, exists) == []
    page = built.settings.project_root / "docs" / "reference" / "coverage.md"
    assert page.read_text(encoding="utf-8") == coverage.page(known, found)
    planted = {"R001": coverage.Requirement("R001", "t", "Loads", seen=("fct_calls.nowhere",))}
    planted["R002"] = coverage.Requirement("R002", "t", "Is nowhere")
    told = coverage.problems(planted, {"R" + "999": coverage.Evidence(metrics=["deals"])}, exists)
    assert [one.partition(" ")[0].rstrip(":") for one in told] == ["R" + "999", "R001", "R002"]


def test_wilson_gives_the_published_values(built):
    cases = [
        (7, 50, 0.069508, 0.261862),
        (0, 20, 0, 0.161125),
        (20, 20, 0.838875, 1),
        (1, 1000, 0.000177, 0.005643),
        (38, 100, 0.290976, 0.477902),
    ]
    union = " union all ".join(f"select {n} as n, {d} as d" for n, d, _, _ in [*cases, (0, 0, 0, 0)])
    result = mw.dbt(
        built.settings,
        "compile",
        "--inline",
        f"select n, d, {{{{ wilson_low('n', 'd', '{Z}') }}}} as low, "
        f"{{{{ wilson_high('n', 'd', '{Z}') }}}} as high from ({union}) as cases",
    )
    found = keyed(built.rows(result.results[0].node.compiled_code), "n", "d")
    for numerator, denominator, low, high in cases:
        row = found[numerator, denominator]
        assert (row["low"], row["high"]) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))
    assert (found[0, 0]["low"], found[0, 0]["high"]) == (None, None)


def test_duration_distribution_counts_every_connected_call_once(built):
    connected = [call for call in built.world.calls if call["is_connected"]]
    names = ("call_date", "direction", "business_line", "duration_band", "duration_tier")
    expected = Counter(
        (*(call[name] for name in names[:3]), call["duration_band"] or "unknown", call["duration_tier"] or "none")
        for call in connected
    )
    rows = built.rows("select * from duration_distribution")
    assert {key: row["calls"] for key, row in keyed(rows, *names).items()} == expected
    base = Counter(tuple(call[name] for name in names[:3]) for call in connected)
    for row in rows:
        assert row["base_calls"] == base[tuple(row[name] for name in names[:3])]
        assert row["share_of_calls"] == pytest.approx(row["calls"] / row["base_calls"])
    # 300 s is B and 301 s is A- by the default profile; by the B2B profile both are B.
    tiers = {(c["business_line"], c["talk_seconds"]): c["duration_tier"] for c in connected}
    assert (tiers["课程培训", 300], tiers["课程培训", 301], tiers["企业服务", 301]) == ("B", "A-", "B")


def test_slots_lines_and_efficiency_add_up_to_the_calls(built):
    calls = built.world.calls

    def count(condition, *names):
        return Counter(
            tuple("unknown" if call[name] is None else call[name] for name in names)
            for call in calls
            if condition(call)
        )

    slots = keyed(
        built.rows(
            "select weekday, call_hour, region_province, sum(high_intent_calls) as n from "
            "high_intent_slots group by all having n > 0"
        ),
        "weekday",
        "call_hour",
        "region_province",
    )
    assert {k: r["n"] for k, r in slots.items()} == count(
        lambda c: c["is_high_intent"], "weekday", "call_hour", "region_province"
    )
    for column, condition in (
        ("calls", lambda c: True),
        ("tiered_calls", lambda c: c["duration_tier"]),
        ("high_intent_calls", lambda c: c["is_high_intent"]),
        ("invalid_intent_calls", lambda c: c["intent_level"] == "invalid"),
    ):
        rows = built.rows(f"select business_line, sum({column}) as n from intent_by_business_line group by 1")
        assert {(r["business_line"],): r["n"] for r in rows} == count(condition, "business_line")
    for column, condition in (
        ("dials", lambda c: c["is_dial"]),
        ("abandoned", lambda c: c["is_abandoned"]),
        ("connected_dials", lambda c: c["is_dial"] and c["is_connected"]),
        ("offered", lambda c: c["direction"] == "inbound"),
    ):
        rows = built.rows(f"select team, channel, sum({column}) as n from call_efficiency group by all having n > 0")
        assert {(r["team"], r["channel"]): r["n"] for r in rows} == count(condition, "team", "channel")
    for row in built.rows("select * from intent_by_business_line"):
        assert_interval(
            row, row["high_intent_calls"], row["tiered_calls"], "high_intent_wilson_low", "high_intent_wilson_high"
        )


def test_agent_days_add_up_to_calls_and_orders(built):
    rows = built.rows("select * from agent_performance")
    won = [order for order in built.world.rows["fct_orders"] if order["is_won"]]
    assert sum(row["calls"] for row in rows) == len(built.world.calls)
    assert sum(row["orders"] for row in rows) == len(won)
    assert sum(row["revenue_cny"] for row in rows) == sum(r["amount_cny"] for r in built.world.rows["fct_revenue"])
    found = keyed(rows, "activity_date", "agent_id")
    call = next(c for c in built.world.calls if c["is_dial"])
    same = [c for c in built.world.calls if (c["call_date"], c["agent_id"]) == (call["call_date"], call["agent_id"])]
    row = found[call["call_date"], call["agent_id"]]
    assert row["dials"] == sum(c["is_dial"] for c in same)
    assert row["talk_seconds"] == sum(c["talk_seconds"] or 0 for c in same if c["is_connected"])
    team = [r["dials"] for r in rows if (r["activity_date"], r["team"]) == (row["activity_date"], row["team"])]
    assert row["team_mean_dials"] == pytest.approx(statistics.mean(team))


def test_the_pool_holds_recent_long_callers_only(built):
    calls = [call for call in built.world.calls if call["customer_key"]]
    pool = {}
    for call in sorted(calls, key=lambda c: c["started_at"]):
        if call["is_high_intent"] and call["call_date"] > mw.AS_OF - days(POOL_DAYS):
            pool[call["customer_key"]] = call
    rows = built.rows("select * from high_intent_leads order by rank")
    found = keyed(rows, "customer_key")
    assert {key for (key,) in found} == set(pool)
    assert pool, "the planted world has no pool"
    won = [order for order in built.world.rows["fct_orders"] if order["is_won"]]
    for customer, last in pool.items():
        row = found[(customer,)]
        window = [
            c for c in calls if c["customer_key"] == customer and c["call_date"] > last["call_date"] - days(REPEAT_DAYS)
        ]
        assert row["last_call_key"] == last["call_key"]
        assert (row["call_count"], row["attempt_count"], row["long_call_count"]) == (
            sum(c["direction"] == "inbound" for c in window),
            sum(c["is_dial"] for c in window),
            sum(c["is_high_intent"] for c in window),
        )
        assert row["follow_up_due_at"] == last["started_at"] + dt.timedelta(hours=24)
        assert row["is_focus_region"] == (last["region_city"] == "天津")
        orders = [order for order in won if order["customer_key"] == customer]
        assert row["is_existing_customer"] == any(o["order_date"] < last["call_date"] for o in orders)
        assert row["has_ordered_since"] == any(o["ordered_at"] > last["started_at"] for o in orders)
        topic = "年费套餐" if last["lead_key"] else last["business_line"]
        assert row["suggested_opening"].startswith(f"您好，{last['started_at'].month}月{last['started_at'].day}日")
        assert topic in row["suggested_opening"]
        assert "{" not in row["suggested_opening"]
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    order = {"A+": 0, "A": 1, "A-": 2}
    called = [(order[row["duration_tier"]], not row["is_focus_region"], -row["long_call_count"]) for row in rows]
    assert called == sorted(called)
    assert len({is_elsewhere for _, is_elsewhere, _ in called}) == 2, "the planted pool lies in one region"


def test_lead_quality_counts_cohorts_and_dormant_leads(built):
    cut = mw.AS_OF - days(DORMANCY_DAYS)
    touched = {c["lead_key"] for c in built.world.calls if c["is_connected"] and c["call_date"] > cut}
    touched |= {e["lead_key"] for e in built.world.rows["fct_lead_events"] if e["event_date"] > cut}
    expected = defaultdict(Counter)
    for lead in built.world.rows["fct_leads"]:
        cell = expected[lead["channel"], lead["cohort_week"]]
        aged = not lead.get("first_order_at") and not lead.get("lost_at") and lead["created_date"] <= cut
        cell.update(
            leads=1,
            valid_leads=lead["is_valid"],
            connected_leads=lead["first_connect_at"] is not None,
            intent_leads=lead["intent_at"] is not None,
            deals=lead.get("first_order_at") is not None,
            open_aged_leads=aged,
            dormant_leads=aged and lead["lead_key"] not in touched,
        )
    found = keyed(built.rows("select * from lead_quality"), "channel", "created_week")
    assert set(found) == set(expected)
    for key, cell in expected.items():
        for name, number in cell.items():
            assert found[key][name] == number, (key, name)
        assert_interval(found[key], cell["deals"], cell["leads"], "deal_wilson_low", "deal_wilson_high")
        assert_interval(
            found[key], cell["dormant_leads"], cell["open_aged_leads"], "dormancy_wilson_low", "dormancy_wilson_high"
        )
        assert found[key]["is_mature"] == (key[1] + days(6 + HORIZON) <= mw.AS_OF)
    assert any(cell["dormant_leads"] for cell in expected.values())


def test_channel_roi_reconciles_to_the_cent(built):
    rows = built.rows("select * from channel_roi")
    won = [order for order in built.world.rows["fct_orders"] if order["is_won"]]
    costs = built.world.rows["fct_costs"]
    assert sum(row["revenue_cny"] for row in rows) == sum(r["amount_cny"] for r in built.world.rows["fct_revenue"])
    assert sum(row["orders"] for row in rows) == len(won)
    assert sum(row["leads"] for row in rows) == len(built.world.rows["fct_leads"])
    assert sum(row["allocated_cost_cny"] for row in rows) == 0
    for kind in ("media", "lead_purchase", "labour", "telephony", "system"):
        assert sum(row[f"{kind}_cost_cny"] for row in rows) == sum(
            cost["amount_cny"] for cost in costs if cost["cost_kind"] == kind
        ), kind
    assert sum(row["total_cost_cny"] for row in rows) == sum(cost["amount_cny"] for cost in costs)
    assert sum(row["operational_cost_cny"] for row in rows) == sum(
        cost["amount_cny"] for cost in costs if cost["is_operational"]
    )


def test_costs_without_channel_follow_talk_time(built):
    """Each share within a cent of amount × talk ÷ all talk; the sum exact."""
    rows = keyed(built.rows("select * from channel_roi"), "channel", "month_start")
    talk = defaultdict(lambda: defaultdict(int))
    for call in built.world.calls:
        if call["is_connected"]:
            month = call["call_date"].replace(day=1)
            talk[month, None][call["channel"]] += call["talk_seconds"] or 0
            talk[month, call["business_line"]][call["channel"]] += call["talk_seconds"] or 0
    for kind in ("labour", "telephony", "system"):
        for cost in built.world.rows["fct_costs"]:
            if cost["cost_kind"] != kind:
                continue
            seconds = talk[cost["cost_month"], cost["business_line"]]
            total = sum(seconds.values())
            for channel, part in seconds.items():
                found = rows[channel, cost["cost_month"]][f"{kind}_cost_cny"]
                assert abs(found - cost["amount_cny"] * part / total) <= Decimal("0.05"), (kind, channel)


def test_customer_economics_by_channel_and_month(built):
    orders = sorted(
        (o for o in built.world.rows["fct_orders"] if o["is_won"]), key=lambda o: (o["ordered_at"], o["order_key"])
    )
    first, second = {}, {}
    for order in orders:
        customer = order["customer_key"] or order["order_key"]
        if customer not in first:
            first[customer] = order
        elif customer not in second:
            second[customer] = order
    for row in built.rows("select * from channel_roi"):
        end = (row["month_start"] + days(32)).replace(day=1) - days(1)
        mine = [c for c, o in first.items() if o["channel"] == row["channel"]]
        won = [c for c in mine if first[c]["order_date"].replace(day=1) == row["month_start"]]
        base = [c for c in mine if first[c]["customer_key"] and end - days(365) < first[c]["order_date"] <= end]
        again = [c for c in base if c in second and second[c]["order_date"] <= end]
        assert (row["customers_won"], row["repurchase_denominator"], row["repurchase_numerator"]) == (
            len(won),
            len(base),
            len(again),
        )
        cost, revenue = float(row["total_cost_cny"]), float(row["revenue_cny"])
        assert row["cac_full_cny"] == (pytest.approx(cost / len(won)) if won else None)
        assert row["roi"] == (pytest.approx((revenue - cost) / cost) if cost else None)
        clv = revenue / row["orders"] * len(again) / len(base) * 3 if row["orders"] and base else None
        assert row["clv_simple_cny"] == (pytest.approx(clv) if clv is not None else None)
        assert row["n_ok"] == (len(won) >= MIN_N and len(base) >= MIN_N)
        assert row["n_ok"] or row["is_ltv_cac_healthy"] is None


STAGES = {
    "six_stage": [
        ["call"],
        ["connected_call"],
        ["intent", "high_intent_call"],
        ["need_confirmed"],
        ["order"],
        ["repeat_order", "referral"],
    ],
    "five_stage": [
        ["connected_call"],
        ["intent", "high_intent_call"],
        ["need_discovery", "need_confirmed"],
        ["proposal"],
        ["order"],
    ],
}
EVIDENCE = {
    "call": "first_dial_at",
    "connected_call": "first_connect_at",
    "high_intent_call": "first_high_intent_at",
    "order": "first_order_at",
    "repeat_order": "repurchase_at",
    "referral": "referral_at",
}


def moments_of(world, lead):
    """Evidence → first moments, within the horizon."""
    moments = defaultdict(list)
    for kind, column in EVIDENCE.items():
        if lead.get(column):
            moments[kind].append(lead[column])
    for event in world.rows["fct_lead_events"]:
        if event["lead_key"] == lead["lead_key"]:
            moments[event["stage"]].append(event["occurred_at"])
    limit = lead["created_date"] + days(HORIZON)
    return {kind: kept for kind, found in moments.items() if (kept := [at for at in found if at.date() < limit])}


@pytest.mark.parametrize("preset", STAGES)
def test_the_funnel_counts_reached_or_later_within_the_horizon(built, preset):
    cells, times = defaultdict(Counter), defaultdict(list)
    for lead in built.world.rows["fct_leads"]:
        moments = moments_of(built.world, lead)
        own = [min((min(moments[kind]) for kind in kinds if kind in moments), default=None) for kinds in STAGES[preset]]
        furthest = max((index for index, at in enumerate(own) if at), default=-1)
        for channel in (lead["channel"], "all"):
            for index, at in enumerate(own):
                key = (lead["cohort_week"], channel, index + 1)
                cells[key].update(entered=1, reached=index <= furthest, directly_reached=at is not None)
                if index and at and own[index - 1] and at >= own[index - 1]:
                    times[key].append(int((at - own[index - 1]).total_seconds()) / 86400)
    found = keyed(
        built.rows(f"select * from funnel_by_stage where preset = '{preset}'"), "cohort_week", "channel", "ordinal"
    )
    assert set(found) == set(cells)
    for key, cell in cells.items():
        row = found[key]
        assert {name: row[name] for name in ("entered", "reached", "directly_reached")} == dict(cell), key
        following = cells.get((key[0], key[1], key[2] + 1))
        assert row["next_reached"] == (following["reached"] if following else None)
        if following:
            assert_interval(row, following["reached"], cell["reached"], "wilson_low", "wilson_high")
        assert row["timed_leads"] == len(times[key])
        if times[key]:
            assert row["mean_days_from_previous"] == pytest.approx(statistics.mean(times[key]))
            assert row["median_days_from_previous"] == pytest.approx(statistics.median(times[key]))


@pytest.mark.parametrize("preset", STAGES)
def test_the_weakest_stage_loses_the_most_expected_deals(built, preset):
    rows = list(built.rows(f"select * from funnel_by_stage where preset = '{preset}'"))
    deal = next(index + 1 for index, kinds in enumerate(STAGES[preset]) if "order" in kinds)
    by_cohort = defaultdict(dict)
    for row in rows:
        by_cohort[row["cohort_week"], row["channel"]][row["ordinal"]] = row
    pooled = defaultdict(lambda: [0, 0])
    for (week, channel), stages in by_cohort.items():
        assert {s["is_mature"] for s in stages.values()} == {week + days(6 + HORIZON) <= mw.AS_OF}
        if channel != "all" and stages[1]["is_mature"]:
            for ordinal, stage in stages.items():
                pooled[ordinal][0] += stages[deal]["reached"]
                pooled[ordinal][1] += stage["reached"]
    assessed = 0
    for stages in by_cohort.values():
        losses = {
            n: (s["reached"] - stages[n + 1]["reached"]) * pooled[n + 1][0] / pooled[n + 1][1]
            for n, s in stages.items()
            if n < deal and s["is_mature"]
        }
        for ordinal, stage in stages.items():
            assert stage["expected_deals_lost"] == (pytest.approx(losses[ordinal]) if ordinal in losses else None)
            if not stage["is_mature"] or stage["entered"] < MIN_N:
                assert stage["is_weakest"] is None
            else:
                assessed += 1
                assert stage["is_weakest"] == (losses.get(ordinal) == max(losses.values()) > 0)
    assert assessed, "no cohort is mature and large enough to be judged"
