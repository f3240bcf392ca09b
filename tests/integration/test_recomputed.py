"""Published numbers equal those that plain Python counts from the raw files: exactly, money to the cent.

`tests.recompute` shares no code and no definition with the product; its words are those of the requirements.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict

import pytest

from tests.recompute.company import Company
from tests.recompute.figures import Period, Rate, callers, channel_costs, funnel, repurchase, staff

SPANS = {
    ("daily", "2026-06-30"): (dt.date(2026, 6, 30), dt.date(2026, 6, 30)),
    ("weekly", "2026-W26"): (dt.date(2026, 6, 22), dt.date(2026, 6, 28)),
    ("monthly", "2026-06"): (dt.date(2026, 6, 1), dt.date(2026, 6, 30)),
}
MONTHS = [dt.date(2026, n, 1) for n in (3, 4, 5, 6)]
KINDS = ("media", "lead_purchase", "labour", "telephony", "system")


@pytest.fixture(scope="session")
def company(demo) -> Company:
    return Company(demo.settings.home)


@pytest.fixture(params=SPANS, ids="-".join)
def report(demo, request) -> tuple[dict, tuple[dt.date, dt.date]]:
    """One of the three reports as the build published it, with its days."""
    granularity, period = request.param
    text = (demo.settings.reports / granularity / period / "report.json").read_text(encoding="utf-8")
    return json.loads(text), SPANS[request.param]


def equal(published: float | None, expected: float | Rate | None) -> bool:
    """Whole numbers exactly, rates to 1e-9 of their size, money to far less than a cent."""
    value = expected.value if isinstance(expected, Rate) else expected
    if value is None or published is None:
        return value is published
    return published == value if isinstance(value, int) else published == pytest.approx(value, rel=1e-9, abs=1e-9)


def is_share(published: dict, expected: Rate) -> bool:
    """A rate of a report's table: value, counts and interval."""
    bounds = expected.wilson or (None, None)
    return (
        (published["num"], published["den"]) == (expected.numerator, expected.denominator)
        and equal(published["value"], expected)
        and all(equal(published[name], bound) for name, bound in zip(("low", "high"), bounds, strict=True))
    )


def month_end(month: dt.date) -> dt.date:
    return (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)


def in_month(company: Company, month: dt.date) -> Period:
    return Period(company, month, month_end(month))


# --- reports -----------------------------------------------------------------------------------------------------


def test_every_card(company, report):
    content, span = report
    period = Period(company, *span)
    assert len(content["cards"]) == 8
    for card in content["cards"]:
        expected = period.card(card["metric"])
        assert equal(card["value"], expected), (card["metric"], card["value"], expected)
        if card.get("denominator") is not None:
            assert equal(card["numerator"], expected.numerator), card["metric"]
            assert equal(card["denominator"], expected.denominator), card["metric"]
        if card["kind"] == "share":
            assert (card["low"], card["high"]) == pytest.approx(expected.wilson, rel=1e-9), card["metric"]


def test_what_cards_are_compared_with(company, report):
    content, _ = report
    compared = 0
    for card in content["cards"]:
        for other in card["comparisons"]:
            if other["value"] is not None:
                expected = Period(company, *_span_of(content["granularity"], other["period"])).card(card["metric"])
                assert equal(other["value"], expected), (card["metric"], other["kind"])
                compared += 1
    assert compared >= 5


def _span_of(granularity: str, period: str) -> tuple[dt.date, dt.date]:
    if granularity == "daily":
        return (dt.date.fromisoformat(period),) * 2
    if granularity == "weekly":
        start = dt.date.fromisocalendar(int(period[:4]), int(period[6:]), 1)
        return start, start + dt.timedelta(days=6)
    start = dt.date.fromisoformat(f"{period}-01")
    return start, month_end(start)


def test_tiers_of_a_report(company, report):
    content, span = report
    counts = Counter(call.tier for call in Period(company, *span).calls if call.connected)
    rows = {row["tier"]: row for row in content["sections"]["tiers"]["rows"]}
    assert rows.keys() == {"A+", "A", "A-", "B", "C", "D"}
    for tier, row in rows.items():
        assert is_share(row["share"], Rate(counts[tier], counts.total())), tier


@pytest.mark.parametrize(("section", "name"), [("agents", "agent_id"), ("teams", "team")])
def test_agents_and_teams_of_a_report(company, report, section, name):
    """With the row of what belongs to nobody, so that the rows add up to the cards."""
    content, span = report
    period = Period(company, *span)
    key = {"agents": lambda agent: agent or None, "teams": company.teams.get}[section]
    calls, orders, cents = defaultdict(list), Counter(), Counter()
    for call in period.calls:
        calls[key(call.agent)].append(call)
    for order in period.orders:
        orders[key(order.agent)] += 1
    for money, order in period.revenue:
        cents[key(order.agent)] += money
    rows = {row[name]: row for row in content["sections"][section]["rows"]}
    assert rows.keys() == {*calls, *orders, *(one for one, money in cents.items() if money)}
    hot = staff(period.calls)["high_intent"].value
    ways = {
        way: staff([call for call in period.calls if call.direction == way])["high_intent"].value
        for way in ("inbound", "outbound")
    }
    for one, row in rows.items():
        for field, expected in staff(calls[one]).items():
            found = row[field]
            assert is_share(found, expected) if isinstance(found, dict) else equal(found, expected), (one, field)
        assert (row["orders"], equal(row["revenue_cny"], Rate(cents[one], 100))) == (orders[one], True), one
        talks = [call for call in calls[one] if call.connected]
        # S06: as many hot calls as were to be expected of this mix of callers and called would be the mean of all.
        expected = sum(ways[call.direction] for call in talks)
        fair = sum(call.is_hot for call in talks) / expected * hot if expected else None
        assert equal(row["high_intent_standardised"]["value"], fair), one


def test_the_heat_map_of_a_report(company, report):
    """S06: callers and called apart."""
    content, (start, end) = report
    shown = content["sections"]["heatmap"]
    start = dt.date.fromisoformat(shown["start"])
    assert (end - start).days == (29 if content["granularity"] == "monthly" else 27)
    for grid in shown["grids"]:
        counts: Counter = Counter()
        for call in Period(company, start, end).calls:
            if call.direction == grid["direction"] and call.connected:
                counts[call.day.isoweekday(), call.start.hour, "tiered"] += 1
                counts[call.day.isoweekday(), call.start.hour, "hot"] += call.is_hot
        for field, kind in (("tiered_calls", "tiered"), ("high_intent_calls", "hot")):
            assert grid[field] == [[counts[day, hour, kind] for hour in shown["hours"]] for day in range(1, 8)]


def test_channels_of_a_report(company, report):
    content, (start, end) = report
    period, window = Period(company, start, end), Period(company, end - dt.timedelta(days=89), end)
    # Leads of one day are hardly called yet: a daily report judges those of 30 days.
    judged = Period(company, end - dt.timedelta(days=29), end) if content["granularity"] == "daily" else period
    # Leads of one day are hardly called yet: a daily report judges those of 30 days.
    judged = Period(company, end - dt.timedelta(days=29), end) if content["granularity"] == "daily" else period
    rows = {row["channel"]: row for row in content["sections"]["channels"]["rows"]}
    assert {lead.channel for lead in window.leads} <= rows.keys()

    def by(moment):
        return moment is not None and moment.date() <= end

    for channel, row in rows.items():
        leads = [lead for lead in judged.leads if lead.channel == channel]
        older = [lead for lead in window.leads if lead.channel == channel]
        assert row["leads"] == sum(lead.channel == channel for lead in period.leads), channel
        assert row["window_leads"] == len(older), channel
        assert is_share(row["valid"], Rate(sum(lead.is_valid for lead in leads), len(leads)))
        assert is_share(
            row["connect"], Rate(sum(bool(lead.talks) and by(lead.talks[0].start) for lead in leads), len(leads))
        )
        assert is_share(row["intent"], Rate(sum(by(lead.intent) for lead in leads), len(leads)))
        assert is_share(row["window_valid"], Rate(sum(lead.is_valid for lead in older), len(older)))
        assert is_share(row["window_intent"], Rate(sum(by(lead.intent) for lead in older), len(older)))
        assert is_share(row["window_deal"], Rate(sum(by(lead.deal) for lead in older), len(older)))
        assert row["orders"] == sum(order.channel == channel for order in period.orders)
        assert equal(row["revenue_cny"], period.revenue_yuan(lambda order, name=channel: order.channel == name))
        if end == company.last_day:
            own = [lead for lead in company.leads.values() if lead.channel == channel and lead.is_open(end)]
            assert is_share(row["dormancy"], Rate(sum(lead.is_dormant(end) for lead in own), len(own)))


def test_economics_of_channels_in_the_monthly_report(demo, company):
    text = (demo.settings.reports / "monthly" / "2026-06" / "report.json").read_text(encoding="utf-8")
    month = MONTHS[-1]
    period, costs = in_month(company, month), channel_costs(company, month)
    for row in json.loads(text)["sections"]["channels"]["rows"]:
        channel = row["channel"]
        cost = costs[channel].total() / 100
        operational = sum(costs[channel][kind] for kind in KINDS[2:]) / 100
        revenue = period.revenue_yuan(lambda order, name=channel: order.channel == name)
        won = sum(order.is_first and order.channel == channel for order in period.orders)
        orders = sum(order.channel == channel for order in period.orders)
        again = repurchase(company, period.end, lambda order, name=channel: order.channel == name)
        assert equal(row["total_cost_cny"], cost), channel
        assert equal(row["operational_cost_cny"], operational), channel
        assert equal(row["roi"], Rate(revenue - cost, cost)), channel
        assert equal(row["roas"], Rate(revenue, cost)), channel
        assert equal(row["cac_full_cny"], Rate(cost, won)), channel
        assert equal(row["cac_operational_cny"], Rate(operational, won)), channel
        assert is_share(row["repurchase"], again), channel
        clv = Rate(revenue, orders).value * again.value * 3 if orders and again.denominator else None
        assert equal(row["clv_simple_cny"], clv), channel


def test_the_funnel_of_a_report(company, report):
    content, (_, end) = report
    leads = Period(company, end - dt.timedelta(days=89), end).leads
    shown = content["sections"]["funnel"]
    assert shown["entered"] == len(leads)
    assert [row["reached"] for row in shown["rows"]] == funnel(leads, "six_stage", end)
    before = len(leads)
    for row in shown["rows"]:
        assert is_share(row["step"], Rate(row["reached"], before))
        before = row["reached"]


def test_the_call_list_of_a_report(company, report):
    content, (start, end) = report
    pool, shown = callers(company, end), content["sections"]["high_intent"]
    waiting = [caller for caller in pool if caller.status == "pending"]
    assert (shown["total"], shown["pending"], shown["new"], shown["late"], shown["focus"]) == (
        len(pool),
        len(waiting),
        sum(caller.last.day >= start for caller in pool),
        sum(caller.is_late(end) for caller in waiting),
        sum(caller.last.province == "天津" for caller in pool),
    )
    by_call = {(caller.last.start.isoformat(), caller.last.talk): caller for caller in pool}
    for row in shown["shown_rows"]:
        caller = by_call[row["last_long_call_at"], row["last_long_call_seconds"]]
        assert (
            row["duration_tier"],
            row["long_call_count"],
            row["call_count"],
            row["attempt_count"],
            row["status"],
            row["is_late"],
        ) == (
            caller.last.tier,
            caller.hot_calls,
            caller.own_calls,
            caller.our_calls,
            caller.status,
            caller.is_late(end),
        )


# --- tables of the snapshot ----------------------------------------------------------------------------------------


def test_calls_by_line_and_direction(demo, company):
    expected: dict = defaultdict(list)
    for call in company.customer_calls:
        expected[call.line, call.direction].append(call)
    rows = demo.query("""
        select business_line, direction, sum(calls), sum(dials), sum(connected_dials), sum(connected),
               coalesce(sum(abandoned), 0), sum(high_intent_calls), sum(talk_seconds), sum(handling_seconds)
        from call_efficiency  group by all""")
    found = {row[:2]: tuple(map(int, row[2:])) for row in rows}
    assert found == {
        key: (
            len(calls),
            sum(c.is_dial for c in calls),
            sum(c.is_dial and c.connected for c in calls),
            sum(c.connected for c in calls),
            sum(c.is_abandoned for c in calls),
            sum(c.is_hot for c in calls),
            sum(c.talk for c in calls if c.connected),
            sum(c.talk + c.acw for c in calls if c.connected),
        )
        for key, calls in expected.items()
    }


def test_tiers_by_line(demo, company):
    rows = demo.query("select business_line, duration_tier, sum(calls)::bigint from duration_distribution group by all")
    assert {row[:2]: row[2] for row in rows} == Counter(
        (call.line, call.tier) for call in company.customer_calls if call.connected
    )


def test_agents_over_all_days(demo, company):
    calls, orders, revenue = defaultdict(list), Counter(), Counter()
    for call in company.customer_calls:
        calls[call.agent].append(call)
    for order in company.orders:
        orders[order.agent] += order.sold
    for _, cents, order in company.revenue:
        revenue[order.agent] += cents
    rows = demo.query("""
        select agent_id, sum(calls)::bigint, sum(dials)::bigint, sum(connected_dials)::bigint,
               sum(high_intent_calls)::bigint, sum(talk_seconds)::bigint, sum(handling_seconds)::bigint,
               sum(orders)::bigint, (sum(revenue_cny) * 100)::bigint
        from agent_performance where agent_id <> 'unknown' group by all""")
    assert len(rows) == len(company.teams)
    for agent, *found in rows:
        talks = [call for call in calls[agent] if call.connected]
        assert found == [
            len(calls[agent]),
            sum(c.is_dial for c in calls[agent]),
            sum(c.is_dial and c.connected for c in calls[agent]),
            sum(c.is_hot for c in talks),
            sum(c.talk for c in talks),
            sum(c.talk + c.acw for c in talks),
            orders[agent],
            revenue[agent],
        ], agent


def test_channels_by_month(demo, company):
    """Leads, sales and every kind of cost, to the cent."""
    rows = {
        row[:2]: row[2:]
        for row in demo.query(f"""
        select channel, month_start, leads, valid_leads, dialled_leads, connected_leads, intent_leads, cohort_deals,
               deals, orders, customers_won, (revenue_cny * 100)::bigint,
               {", ".join(f"({kind}_cost_cny * 100)::bigint" for kind in KINDS)},
               repurchase_numerator, repurchase_denominator
        from channel_roi""")
    }
    for month in MONTHS:
        period, costs = in_month(company, month), channel_costs(company, month)
        channels = {lead.channel for lead in period.leads} | costs.keys() | {order.channel for order in period.orders}
        assert channels == {channel for channel, at in rows if at == month}
        for channel in channels:
            leads = [lead for lead in period.leads if lead.channel == channel]
            again = repurchase(company, period.end, lambda order, name=channel: order.channel == name)
            assert rows[channel, month] == (
                len(leads),
                sum(lead.is_valid for lead in leads),
                sum(bool(lead.calls) for lead in leads),
                sum(bool(lead.talks) for lead in leads),
                sum(lead.intent is not None for lead in leads),
                sum(lead.deal is not None for lead in leads),
                sum(lead.channel == channel for lead in period.deals),
                sum(order.channel == channel for order in period.orders),
                sum(order.is_first and order.channel == channel for order in period.orders),
                sum(money for money, order in period.revenue if order.channel == channel),
                *(costs[channel][kind] for kind in KINDS),
                again.numerator,
                again.denominator,
            ), (channel, month)


def test_money_given_back_by_month(demo, company):
    rows = demo.query(
        "select date_trunc('month', revenue_date)::date, count(*), (sum(-amount_cny) * 100)::bigint "
        "from fct_revenue where movement = 'refund' group by all"
    )
    given = [(day.replace(day=1), -cents) for day, cents, _ in company.revenue if cents < 0]
    assert given
    assert {row[0]: row[1:] for row in rows} == {
        month: (sum(at == month for at, _ in given), sum(cents for at, cents in given if at == month))
        for month in {at for at, _ in given}
    }


def test_lead_quality_by_channel(demo, company):
    """Leads, valid ones, open old ones and dormant ones, as of the last day."""
    found = demo.query(
        "select channel, sum(leads)::bigint, sum(valid_leads)::bigint, sum(deals)::bigint, "
        "sum(open_aged_leads)::bigint, sum(dormant_leads)::bigint from lead_quality group by all"
    )
    on = company.last_day
    for channel, *counts in found:
        leads = [lead for lead in company.leads.values() if lead.channel == channel]
        assert counts == [
            len(leads),
            sum(lead.is_valid for lead in leads),
            sum(bool(lead.deal) for lead in leads),
            sum(lead.is_open(on) for lead in leads),
            sum(lead.is_dormant(on) for lead in leads),
        ], channel


@pytest.mark.parametrize("preset", ["six_stage", "five_stage"])
def test_funnel_of_all_weeks_by_channel(demo, company, preset):
    """What a lead reached within ninety days after it came."""
    expected: Counter = Counter()
    for lead in company.leads.values():
        flags = lead.reached(preset, lead.created.date() + dt.timedelta(days=89))
        for ordinal, flag in enumerate(flags, 1):
            expected[lead.channel, ordinal] += flag
    rows = demo.query(
        "select channel, dense_rank() over (order by ordinal), reached from ("
        "select channel, ordinal, sum(reached)::bigint as reached from funnel_by_stage "
        "where preset = ? and not is_all_channels group by all)",
        preset,
    )
    assert {row[:2]: row[2] for row in rows} == expected


def test_first_contacts_and_days_to_deal(demo, company):
    """S05 and S07: two measures of the way to a deal, from the lead and from the first call."""
    leads = company.leads.values()
    assert demo.query("select count(first_connect_at), count_if(is_first_contact_deal) from fct_leads") == [
        (sum(bool(lead.talks) for lead in leads), sum(lead.is_first_contact_deal for lead in leads))
    ]
    rows = demo.query(
        "select source_lead_id, days_from_lead_to_deal, days_from_first_call_to_deal from fct_leads "
        "where deal_at is not null"
    )
    assert len(rows) == sum(lead.deal is not None for lead in leads)
    for key, from_lead, from_call in rows:
        lead = company.leads[key]
        for found, since in ((from_lead, lead.created), (from_call, lead.calls[0].start if lead.calls else None)):
            days = (lead.deal - since) / dt.timedelta(days=1) if since and since <= lead.deal else None
            assert equal(found, days), key


def test_the_pool_of_the_last_day(demo, company):
    """S03: how often the customer called, and beside it how often we tried."""
    rows = demo.query(
        "select last_long_call_at, last_long_call_seconds, long_call_count, call_count, attempt_count, "
        "duration_tier, is_focus_region, has_ordered_since from high_intent_leads order by all"
    )
    assert rows == sorted(
        (
            caller.last.start,
            caller.last.talk,
            caller.hot_calls,
            caller.own_calls,
            caller.our_calls,
            caller.last.tier,
            caller.last.province == "天津",
            caller.has_ordered,
        )
        for caller in callers(company, company.last_day)
    )
