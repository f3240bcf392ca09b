"""Metrics through MetricFlow against plain Python, and what a question may not do."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from collections import Counter, defaultdict

import pytest

from dial2deal.insight.intervals import wilson
from dial2deal.metrics import MetricError, Metrics, sql
from dial2deal.published import NothingPublishedError
from dial2deal.settings import PROJECT_ROOT, Settings
from tests.dbt import marts_world as mw

FIRST, LAST = dt.date(2026, 3, 2), dt.date(2026, 4, 30)


@pytest.fixture(scope="module")
def built():
    return mw.shared()


@pytest.fixture(scope="module")
def metrics(built):
    return Metrics(built.settings)


def month(day):
    return day.replace(day=1)


def test_counts_and_rates_of_calls_by_team_and_week(built, metrics):
    calls = [c for c in built.world.calls if FIRST <= c["call_date"] <= LAST and c["channel"] == "转介绍"]
    expected = defaultdict(Counter)
    for call in calls:
        expected[call["team"], mw.monday(call["call_date"])].update(
            calls=1, dials=call["is_dial"], connected=call["is_dial"] and call["is_connected"])
    rows = metrics.query(["calls", "connect_rate"], ["team", "week"], start=FIRST, end=LAST,
                         filters=[("channel", "=", "转介绍")])
    assert {(r["team"], r["week"]): r["calls"] for r in rows} == {k: c["calls"] for k, c in expected.items()}
    for row in rows:
        cell = expected[row["team"], row["week"]]
        assert (row["connect_rate_num"], row["connect_rate_den"]) == (cell["connected"], cell["dials"])
        assert row["connect_rate_n_ok"] == (cell["dials"] >= 30)
        if not cell["dials"]:
            assert row["connect_rate"] is row["connect_rate_low"] is row["connect_rate_high"] is None
        else:
            assert row["connect_rate"] == pytest.approx(cell["connected"] / cell["dials"])
            assert (row["connect_rate_low"], row["connect_rate_high"]) == pytest.approx(
                wilson(cell["connected"], cell["dials"], 1.959964))


def test_metrics_of_four_facts_by_channel_and_month_do_not_fan_out(built, metrics):
    world = built.world.rows
    expected = defaultdict(lambda: defaultdict(int))
    for call in built.world.calls:
        expected[call["channel"], month(call["call_date"])]["calls"] += 1
    for lead in world["fct_leads"]:
        expected[lead["channel"], month(lead["created_date"])]["leads"] += 1
        if lead.get("first_order_at"):
            expected[lead["channel"], month(lead["first_order_at"].date())]["deals"] += 1
    for sale in world["fct_revenue"]:
        expected[sale["channel"], month(sale["revenue_date"])]["revenue_cny"] += sale["amount_cny"]
    for cost in world["fct_costs"]:
        expected[cost["channel"], cost["cost_month"]]["delivered_cost_cny"] += cost["amount_cny"]
    names = ["calls", "leads", "deals", "revenue_cny", "delivered_cost_cny"]
    rows = metrics.query(names, ["channel", "month"])
    found = {(r["channel"], r["month"]): {n: r[n] for n in names} for r in rows}
    assert found == {key: {n: cell[n] for n in names} for key, cell in expected.items()}


def test_a_period_is_exactly_its_days_whatever_the_grouping(built, metrics):
    for first, last, group in ((FIRST, LAST, "week"), (dt.date(2026, 3, 11), dt.date(2026, 3, 12), "month")):
        expected = sum(first <= call["call_date"] <= last for call in built.world.calls)
        assert sum(row["calls"] for row in metrics.query(["calls"], [group], start=first, end=last)) == expected
    march = metrics.query(["total_cost_cny", "calls"], start=dt.date(2026, 3, 1), end=dt.date(2026, 3, 31))[0]
    assert march["total_cost_cny"] == sum(c["amount_cny"] for c in built.world.rows["fct_costs"]
                                          if c["cost_month"] == dt.date(2026, 3, 1))
    assert march["calls"] == sum(month(c["call_date"]) == dt.date(2026, 3, 1) for c in built.world.calls)


def test_channel_economics_equal_the_mart(built, metrics):
    mart = {(r["channel"], r["month_start"]): r for r in built.rows("select * from channel_roi")}
    rows = metrics.query(["cac_full_cny", "cac_operational_cny", "clv_simple_cny", "ltv_cac", "roi", "roas",
                          "repurchase_rate", "total_cost_cny"], ["channel", "month"])
    assert {(r["channel"], r["month"]) for r in rows} == set(mart)
    for row in rows:
        truth = mart[row["channel"], row["month"]]
        for name in ("cac_full_cny", "cac_operational_cny", "clv_simple_cny", "ltv_cac", "roi", "roas",
                     "repurchase_rate"):
            assert row[name] == (pytest.approx(truth[name]) if truth[name] is not None else None), name
        assert row["repurchase_rate_low"] == (
            pytest.approx(truth["repurchase_wilson_low"]) if truth["repurchase_denominator"] else None)


def test_the_funnel_adds_up_over_channels(built, metrics):
    rows = metrics.query(["funnel_reached", "funnel_conversion_rate"], ["stage", "stage_ordinal", "week"],
                         filters=[("preset", "=", "six_stage")], order_by=["week", "stage_ordinal"])
    together = {(r["cohort_week"], r["stage"]): r for r in built.rows(
        "select * from funnel_by_stage where preset = 'six_stage' and is_all_channels")}
    assert len(rows) == len(together)
    for row in rows:
        truth = together[row["week"], row["stage"]]
        assert row["funnel_reached"] == truth["reached"]
        assert row["funnel_conversion_rate"] == (
            pytest.approx(truth["conversion_rate"]) if truth["conversion_rate"] is not None else None)
        assert row["funnel_conversion_rate_low"] == (
            pytest.approx(truth["wilson_low"]) if truth["wilson_low"] is not None else None)


def test_every_metric_answers_by_every_dimension_it_offers(metrics):
    catalog = metrics.catalog()
    assert len({entry["label_zh"] for entry in catalog}) == len(catalog)
    known = {entry["name"] for entry in catalog}
    by_offer = defaultdict(list)
    for entry in catalog:
        assert {entry["numerator"], entry["denominator"]} <= known | {None}
        assert entry["kind"] not in ("share", "ratio") or entry["numerator"] or entry["name"].startswith(
            ("median_", "p90_", "lifetime_")), f"{entry['name']} has no numerator and denominator"
        assert entry["kind"] in ("count", "sum", "money", "share", "ratio")
        by_offer[tuple(entry["dimensions"]), tuple(entry["grains"])].append(entry)
    for (dimensions, grains), entries in by_offer.items():
        within = sorted({name for entry in entries for name in entry["within"]})
        assert metrics.query([entry["name"] for entry in entries], [*within, grains[-1]])
        for group in (*dimensions, *grains):
            groups = list(dict.fromkeys([*entries[0]["within"], group]))
            assert metrics.query([entries[0]["name"]], groups), (group, entries[0]["name"])


def test_stages_of_two_funnels_are_never_added_up(built, metrics):
    """A question that names no funnel means the default one, and one that names no stage has no answer."""
    deals = built.rows("select preset, sum(reached)::bigint as reached from funnel_by_stage "
                       "where stage = 'deal' and not is_all_channels group by preset")
    assert len(deals) == 2
    (asked,) = metrics.query(["funnel_reached"], filters=[("stage", "=", "deal")])
    assert asked["funnel_reached"] == next(row["reached"] for row in deals if row["preset"] == "six_stage")
    by_preset = metrics.query(["funnel_reached"], ["preset"], filters=[("stage", "=", "deal")])
    assert {row["preset"]: row["funnel_reached"] for row in by_preset} == {
        row["preset"]: row["reached"] for row in deals}
    with pytest.raises(MetricError, match="within one stage only"):
        metrics.query(["funnel_reached"])
    with pytest.raises(MetricError, match="within one stage only"):
        metrics.query(["funnel_conversion_rate"], filters=[("stage", "in", ["intent", "deal"])])


# Published rates that come from the semantic layer: mart -> its key, the same words for a question, column -> metric.
# Of funnel_by_stage the rows of single channels, of advertisements those that are counted.
def _same(*names):
    return {name: name for name in names}


RATES = {
    "call_efficiency": (
        ["call_date", "call_hour", "direction", "business_line", "team", "channel"],
        ["day", "call_hour", "direction", "business_line", "team", "channel"],
        _same("connect_rate", "abandon_rate", "average_handling_seconds")),
    "intent_by_business_line": (
        ["call_date", "direction", "business_line", "own_number"], ["day", "direction", "business_line", "own_number"],
        _same("high_intent_rate")),
    "agent_performance": (["activity_date", "agent_id"], ["day", "agent"], _same("connect_rate", "high_intent_rate")),
    "lead_quality": (["channel", "created_week"], ["channel", "week"], _same(
        "validity_rate", "lead_connect_rate", "intent_rate", "deal_rate", "dormancy_rate")),
    "channel_roi": (["channel", "month_start"], ["channel", "month"], _same(
        "cac_operational_cny", "cac_full_cny", "cost_per_lead_cny", "cost_per_intent_lead_cny",
        "average_order_value_cny", "repurchase_rate", "clv_simple_cny", "ltv_cac", "roi", "roas")),
    "funnel_by_stage": (
        ["preset", "stage", "channel", "cohort_week"], ["preset", "stage", "channel", "week"],
        {"conversion_rate": "funnel_conversion_rate", "reached_rate": "funnel_reached_rate"}),
    "agent_statistics_daily": (
        ["stat_date", "source_system", "agent_id"], ["day", "agent_statistics_source", "agent"],
        {**_same("delivered_agent_answer_rate", "delivered_agent_connect_rate"),
         "occupancy": "delivered_agent_occupancy", "average_talk_seconds": "delivered_agent_mean_talk_seconds",
         "delivered_average_handling_seconds": "delivered_agent_average_handling_seconds"}),
    "queue_statistics_daily": (
        ["stat_date", "source_system", "queue"], ["day", "queue_statistics_source", "queue_statistics_queue"],
        {**_same("delivered_queue_answer_rate", "delivered_queue_abandon_rate"),
         "service_level": "delivered_queue_service_level",
         "delivered_average_handling_seconds": "delivered_queue_average_handling_seconds",
         "average_speed_of_answer_seconds": "delivered_queue_asa_seconds"}),
    "queue_waits_daily": (
        ["wait_date", "source_system", "queue"], ["day", "queue_events_source", "waiting_queue"],
        {**_same("queue_answer_rate", "queue_abandon_rate"), "service_level": "queue_service_level",
         "average_speed_of_answer_seconds": "queue_asa_seconds"}),
    "ad_performance": (
        ["stat_date", "source_system", "platform", "channel", "campaign_id"],
        ["day", "ad_source", "ad_platform", "channel", "ad_campaign"],
        {**_same("ad_click_rate", "ad_cost_per_click_cny", "ad_cost_per_lead_cny"), "lead_rate": "ad_lead_rate",
         "cost_per_conversion_cny": "ad_cost_per_conversion_cny"}),
    "contact_performance": (
        ["source_system", "campaign_id", "attempts"], ["contact_source", "contact_campaign", "contact_attempts_made"],
        {**_same("contact_reach_rate"), "conversion_rate": "contact_conversion_rate"}),
}
_ROWS = {"funnel_by_stage": "not is_all_channels", "ad_performance": "is_counted"}


@pytest.mark.parametrize("mart", RATES)
def test_published_rates_are_those_of_the_semantic_layer(built, metrics, mart):
    """Every rate and interval that a mart carries, asked for again by the same key."""
    keys, groups, rates = RATES[mart]
    published = built.rows(f"select * from {mart} where {_ROWS.get(mart, 'true')}")
    assert published
    found = {tuple(row[group] if row[group] is not None else "unknown" for group in groups): row
             for row in metrics.query(list(rates.values()), groups)}
    compared = Counter()
    for row in published:
        asked = found.get(tuple(row[key] if row[key] is not None else "unknown" for key in keys), {})
        for column, metric in rates.items():
            interval = {f"{column.replace('_rate', '')}_wilson_{side}": f"{metric}_{side}" for side in ("low", "high")}
            for name, value in {column: metric, **interval}.items():
                if name in row:
                    expected = None if row[name] is None else pytest.approx(float(row[name]))
                    assert asked.get(value) == expected, (mart, name, row)
                    compared[name] += row[name] is not None
    assert set(compared) >= set(rates)
    assert all(compared.values())
    assert compared.total() > 1000 or len(published) < 500


def test_every_rate_that_a_mart_takes_from_the_semantic_layer_is_compared():
    for path in sorted((PROJECT_ROOT / "dbt_project" / "models" / "marts").rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"metric_rate\('(\w+)'", text))
        for listed in re.findall(r"for metric in \[(.*?)\]", text, re.DOTALL):
            named |= set(re.findall(r"'(\w+)'", listed))
        assert named == set(RATES[path.stem][2].values() if path.stem in RATES else ()), path.stem


def test_the_planted_calls_hold_all_that_definitions_could_differ_on(built, metrics):
    """Unconnected calls with hold and after-call work, talks of unknown length, platform blocks, internal calls."""
    calls = built.world.rows["fct_calls"]
    for odd in (lambda c: not c["is_connected"] and c["hold_seconds"] and c["acw_seconds"],
                lambda c: c["is_customer_call"] and c["is_connected"] and not c["duration_tier"],
                lambda c: c["direction"] == "outbound" and not c["is_dial"],
                lambda c: not c["is_customer_call"] and c["customer_key"] and c["is_connected"]):
        assert sum(bool(odd(call)) for call in calls) > 20
    (total,) = metrics.query(["calls", "internal_calls", "connected_calls", "calling_agents"])
    assert (total["calls"], total["internal_calls"]) == (len(built.world.calls), len(calls) - len(built.world.calls))


def test_a_column_called_like_a_metric_is_that_metric(built, metrics):
    rates = {entry["name"] for entry in metrics.catalog() if entry["kind"] in ("share", "ratio")}
    marts = built.rows("select table_name, column_name from information_schema.columns where table_schema = 'marts' "
                       "and table_name not like 'fct_%'")
    assert not [row for row in marts if row["column_name"] in rates - {"lifetime_years"}
                and row["column_name"] not in RATES[row["table_name"]][2]]


def test_shares_stay_between_zero_and_one_with_their_interval(metrics):
    shares = {entry["name"]: ["channel" if "channel" in entry["dimensions"] else entry["dimensions"][0],
                              *entry["within"]]
              for entry in metrics.catalog() if entry["kind"] == "share"}
    for name, groups in shares.items():
        for row in metrics.query([name], list(dict.fromkeys(groups))):
            if row[name] is not None:
                assert 0 <= row[f"{name}_low"] <= row[name] <= row[f"{name}_high"] <= 1, name
    assert len(shares) > 10


def test_order_and_limit_are_stable(metrics):
    rows = metrics.query(["calls"], ["agent", "month"], order_by=["-calls"])
    assert [r["calls"] for r in rows] == sorted((r["calls"] for r in rows), reverse=True)
    ties = [(-r["calls"], r["agent"], r["month"]) for r in rows]
    assert ties == sorted(ties)
    assert metrics.query(["calls"], ["agent", "month"], order_by=["-calls"], limit=3) == rows[:3]
    rates = metrics.query(["cac_full_cny"], ["channel", "month"], order_by=["-cac_full_cny"])
    empty = [r["cac_full_cny"] is None for r in rates]
    assert empty == sorted(empty), "empty values come last"
    assert any(empty)


def test_values_of_a_dimension(metrics):
    assert set(metrics.values("channel")) == set(mw.CHANNELS)
    assert metrics.values("team") == sorted(set(mw.TEAMS.values()))
    assert set(metrics.values("direction")) == {"inbound", "outbound", "internal"}


def test_a_dimension_has_words_and_an_order(metrics):
    """Words of the entry itself and of policy tables; stages of a funnel follow each other as policy lists them."""
    assert list(metrics.labels("weekday")) == [str(day) for day in range(1, 8)]
    assert metrics.labels("direction")["inbound"] == ("呼入", "Inbound")
    assert metrics.labels("tech_result")["no_answer"] == ("无人接听", "No answer")
    assert metrics.values("direction") == ["inbound", "outbound", "internal"]
    rows = metrics.query(["funnel_reached"], ["stage"], filters=[("preset", "=", "six_stage")])
    stages = [row["stage"] for row in rows]
    assert stages == [stage for stage in metrics.labels("stage") if stage in stages]
    assert stages != sorted(stages)
    for entry in metrics.dimensions():
        assert entry["label_zh"]
        assert entry["label_en"]
        assert all(all(words) for words in metrics.labels(entry["name"]).values())


def test_what_does_not_add_up_says_so(metrics):
    known = {entry["name"]: entry for entry in metrics.catalog()}
    assert known["calls"]["is_additive"]
    assert not any(known[name]["is_additive"] for name in ("callers", "connect_rate", "repurchase_base",
                                                          "median_days_from_lead_to_deal"))
    assert [known[name]["grain"] for name in ("calls", "funnel_lost", "roi")] == ["day", "week", "month"]


@pytest.mark.parametrize("value", ["x' or 1=1 --", "{{ Dimension('call__team') }}", "{% raw %}", "a;b", "100%", "{#x#}",
                                   "it's {{'{{'}}", "\\", "转介绍"])
def test_a_value_is_data_whatever_it_says(built, metrics, value):
    found = metrics.query(["calls"], filters=[("channel", "=", value)])
    expected = sum(call["channel"] == value for call in built.world.calls)
    assert [row["calls"] or 0 for row in found] == [expected]


@pytest.mark.parametrize(("question", "message"), [
    (dict(metrics=["nonsense"]), "no metric 'nonsense'"),
    (dict(metrics=["calls"], group_by=["1); drop table x"]), "no dimension"),
    (dict(metrics=["calls"], filters=[("1=1 or channel", "=", "x")]), "no dimension"),
    (dict(metrics=["calls"], filters=[("channel", "= '' or 1=1 --", "x")]), "Unknown operator"),
    (dict(metrics=["calls"], filters=[("channel", "in", [])]), "non-empty list"),
    (dict(metrics=["calls"], filters=[("channel", "=", object())]), "type object"),
    (dict(metrics=["total_cost_cny"], group_by=["agent"]), "do not fit together"),
    (dict(metrics=["roi"], group_by=["week"]), "do not fit together"),
    (dict(metrics=["calls", "roi"], start=dt.date(2026, 3, 2)), "would cut a month in two"),
    (dict(metrics=["roi"], end=dt.date(2026, 3, 30)), "would cut a month in two"),
    (dict(metrics=["funnel_lost"], start=dt.date(2026, 3, 3)), "would cut a week in two"),
    (dict(metrics=["calls"], order_by=["team"]), "Cannot order by"),
    (dict(metrics=[]), "at least one"),
])
def test_a_wrong_question_is_told_what_is_wrong(metrics, question, message):
    with pytest.raises(MetricError, match=message):
        metrics.query(**question)


def test_sql_reads_marts_and_nothing_else(built, tmp_path):
    result = sql(built.settings, "select count(*) as calls from fct_calls")
    assert (result.columns, result.rows) == (["calls"], [(len(built.world.rows["fct_calls"]),)])
    assert len(sql(built.settings, "from fct_calls", limit=5).rows) == 5
    target = tmp_path / "out.csv"
    forbidden = {
        "create table warehouse.marts.x as select 1": "read-only", "delete from fct_calls": "read-only",
        "select * from read_text('/etc/hosts')": "disabled by configuration",
        f"copy (select 1) to '{target}'": "disabled by configuration",
        "attach 'x.duckdb'": "disabled by configuration", "set enable_external_access = true": "locked",
        "select * from nowhere": "nowhere does not exist"}
    for text, reason in forbidden.items():
        with pytest.raises(MetricError, match=reason):
            sql(built.settings, text)
    assert not target.exists()


def test_nothing_published_yet_says_what_to_run(tmp_path):
    settings = Settings(home=tmp_path)
    for ask in (lambda: Metrics(settings).query(["calls"]), lambda: sql(settings, "select 1")):
        with pytest.raises(NothingPublishedError, match="dial2deal build"):
            ask()


def test_a_new_snapshot_is_followed_and_the_old_one_stays_whole(built, tmp_path):
    settings = Settings(home=tmp_path).ensure()
    for name in ("dial2deal.duckdb", "semantic_manifest.json"):
        shutil.copyfile(built.settings.published / name, settings.published / name)
    service = Metrics(settings)
    before = service.query(["calls"])[0]["calls"]
    import duckdb
    con = duckdb.connect(str(tmp_path / "next.duckdb"))
    con.execute(f"attach '{built.settings.snapshot}' as old (read_only)")
    con.execute("copy from database old to next")
    con.execute("insert into marts.fct_calls select * from marts.fct_calls")
    con.close()
    os.replace(tmp_path / "next.duckdb", settings.snapshot)
    assert service.query(["calls"])[0]["calls"] == 2 * before
    service.close()


def test_a_ratio_is_what_metricflow_itself_makes_of_it(metrics):
    """Divided in Python from its two parts, by every grain and group; metrics of several tables and of distinct things."""
    state, compared = metrics._current(), 0
    by_offer = defaultdict(list)
    for entry in metrics.catalog():
        if entry["is_ratio"]:
            by_offer[tuple(entry["within"]), tuple(entry["dimensions"][:2]), entry["grain"]].append(entry["name"])
    for (within, dimensions, grain), names in by_offer.items():
        groups = list(dict.fromkeys([*within, *dimensions[:1], grain]))
        asked = {name: f"metric_time__{name}" if name == grain else state.catalog.dimension(name).qualified
                 for name in groups}
        raw = state._fetch(state.compile(tuple(names), tuple(asked.values()), ()), {}, None)
        theirs = {tuple(str(row[column])[:10] for column in asked.values()): row for row in raw}
        ours = metrics.query(names, groups)
        assert len(ours) == len(theirs)
        for row in ours:
            for name in names:
                assert row[name] == theirs[tuple(str(row[group])[:10] for group in groups)][name], (name, row)
                compared += row[name] is not None
    assert compared > 3000


def test_other_days_and_channels_are_not_compiled_again(built, metrics):
    other = next(call for call in built.world.calls if call["channel"] != "转介绍" and call["call_date"] >= FIRST)
    state = metrics._current()
    metrics.query(["calls", "connect_rate"], ["week"], start=FIRST, end=LAST, filters=[("channel", "=", "转介绍")])
    before = state.compile.cache_info().misses
    rows = metrics.query(["calls", "connect_rate"], ["week"], start=FIRST, end=other["call_date"],
                         filters=[("channel", "=", other["channel"])])
    assert state.compile.cache_info().misses == before
    assert max(row["week"] for row in rows) == mw.monday(other["call_date"])


def test_a_day_is_not_truncated_to_the_day(metrics):
    sql_text = metrics._current().compile(("calls",), ("metric_time__day",), ())
    assert "DATE_TRUNC('day'" not in sql_text
    weeks = metrics._current().compile(("calls",), ("metric_time__week",), ())
    assert "DATE_TRUNC('week', " in weeks


def test_an_answer_is_kept_and_cannot_be_spoilt(metrics, monkeypatch):
    question = dict(metrics=["calls", "connect_rate"], group_by=["team", "month"], start=FIRST, end=LAST)
    first = metrics.query(**question)
    state = metrics._current()
    monkeypatch.setattr(state, "_fetch", lambda *_: pytest.fail("asked again"))
    first[0]["calls"] = -1
    first.clear()
    again = metrics.query(**question)
    assert again
    assert again[0]["calls"] >= 0


def test_a_question_that_takes_too_long_is_stopped(metrics):
    with pytest.raises(MetricError, match=r"longer than 0\.05 s"):
        metrics._current()._fetch("select sum(a.range) from range(10000000) a, range(10000000) b", {}, 0.05)


def test_compiled_sql_stays_as_it_was():
    """MetricFlow is no stable API: a changed plan for a quotient over two facts should be looked at."""
    service = Metrics(mw.shared().settings)
    state = service._current()
    text = state.compile(("orders_per_customer_spoken_to",), ("channel", "metric_time__month"), ())
    assert text.count('"warehouse"."marts"."fct_orders"') == text.count('"warehouse"."marts"."fct_calls"') == 1
    assert "FULL OUTER JOIN" in text
    assert re.search(r"NULLIF\(.*connected_customers", text)


def test_satisfaction_is_of_verdicts_and_the_response_rate_of_what_is_known_to_be_sent(metrics):
    """Of five surveys one has no answer, one an answer without a verdict, one is known by its answer alone."""
    (row,) = metrics.query(["csat", "csat_response_rate"], ["agent"])
    assert (row["agent"], row["csat_num"], row["csat_den"]) == ("A1", 2, 3)
    assert (row["csat_response_rate_num"], row["csat_response_rate_den"]) == (3, 4)
