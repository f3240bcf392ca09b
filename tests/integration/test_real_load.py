"""The real exports, loaded whole: every row accounted for, known answers met."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.exports_support import Landing

FOLDER = Path(os.environ.get("DIAL2DEAL_REAL_DATA") or "/nonexistent")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="DIAL2DEAL_REAL_DATA names no folder"),
]
BANK = FOLDER / "anonymous_bank" / "august_1999.csv"
DEALS = FOLDER / "olist_funnel" / "olist_closed_deals_dataset.csv"
CONTACTS = FOLDER / "uci_bank" / "bank-full.csv"
LEADS = FOLDER / "olist_funnel" / "olist_marketing_qualified_leads_dataset.csv"


@pytest.fixture(scope="module")
def landing(tmp_path_factory):
    place = Landing(tmp_path_factory.mktemp("real") / "home")
    place.put("anonymous_bank/calls/august_1999.csv", BANK.read_bytes())
    place.put("olist/leads/leads.csv", LEADS.read_bytes())
    place.put("olist/orders/deals.csv", DEALS.read_bytes())
    place.put("olist/lead_events/deals.csv", DEALS.read_bytes())
    place.put("uci_bank/contact_results/contacts.csv", CONTACTS.read_bytes())
    place.results = {r.path: r for r in place.load()}
    return place


def test_every_row_of_the_bank_is_accepted(landing):
    result = landing.results["anonymous_bank/calls/august_1999.csv"]
    # The dirt the data set is known for (an id that is no number, clocks that disagree) makes no row unusable.
    assert (result.rows_read, result.rows_accepted, result.rows_quarantined, result.rows_duplicate) == (
        42078,
        42078,
        0,
        0,
    )
    assert (str(result.first_event_date), str(result.last_event_date)) == ("1999-08-01", "1999-08-31")


def test_outcomes_and_talk_times_of_the_bank(landing):
    outcomes = dict(landing.query("select tech_result, count(*) from raw.calls group by all"))
    with BANK.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    in_queue = sum(row["outcome"] == "HANG" and row["q_start"] != "0:00:00" for row in rows)
    assert outcomes == {
        "connected": 31402,
        "abandoned_queue": in_queue,
        "abandoned_ivr": 10366 - in_queue,
        "client_error": 310,
    }
    ((mean, median, queue),) = landing.query(
        "select avg(talk), median(talk), avg(queue) from (select parse.seconds(talk_seconds) as talk, "
        "parse.seconds(queue_seconds) as queue from raw.calls where tech_result = 'connected')"
    )
    assert (round(mean), median, round(queue, 1)) == (184, 110, 73.8)
    bands = dict(
        landing.query(
            "select case when s < 30 then 0 when s < 60 then 30 when s <= 300 then 60 else 301 end as band, "
            "round(100.0 * count(*) / sum(count(*)) over (), 1) from "
            "(select parse.seconds(talk_seconds) as s from raw.calls "
            "where tech_result = 'connected') group by 1"
        )
    )
    assert bands == {0: 10.3, 30: 14.8, 60: 59.9, 301: 15.0}
    assert landing.query("select count(*), count(agent_id) from raw.calls where tech_result = 'connected'") == [
        (31402, 31402 - 391)
    ]


def test_calls_past_midnight_end_on_the_next_day(landing):
    assert landing.query(
        "select parse.ts(answered_at)::varchar, parse.ts(ended_at)::varchar from raw.calls "
        "where call_id = '1999-08-02/AA0206/47700'"
    ) == [("1999-08-02 23:58:54", "1999-08-03 00:04:25")]
    assert landing.query(
        "select count(*) from raw.calls where parse.ts(ended_at) < parse.ts(started_at) "
        "or parse.ts(answered_at) < parse.ts(started_at)"
    ) == [(0,)]


def test_leads_and_deals_by_channel(landing):
    with LEADS.open(encoding="utf-8-sig", newline="") as handle:
        expected = Counter(row["origin"] or None for row in csv.DictReader(handle))
    assert dict(landing.query("select channel, count(*) from raw.leads group by 1")) == dict(expected)
    assert (expected[None], expected["unknown"], expected.total()) == (60, 1099, 8000)
    deals = dict(
        landing.query("select leads.channel, count(*) from raw.orders join raw.leads using (lead_id) group by 1")
    )
    assert deals == {
        "organic search": 271,
        "paid search": 195,
        "social": 75,
        "unknown": 179,
        "direct traffic": 56,
        "email": 15,
        "referral": 24,
        "other": 4,
        "display": 6,
        "other publicities": 3,
        None: 14,
    }
    assert landing.query("select count(*), count(amount_cny), count(distinct agent_id) from raw.orders") == [
        (842, 0, 22)
    ]
    assert landing.query("select count(*), count(distinct lead_id) from raw.lead_events where stage = 'won'") == [
        (842, 842)
    ]


def test_contacts_of_the_bank_by_attempts(landing):
    result = landing.results["uci_bank/contact_results/contacts.csv"]
    assert (result.rows_read, result.rows_quarantined) == (45211, 0)
    with CONTACTS.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter=";"))
    found = dict(
        landing.query(
            "select attempts, round(100.0 * avg(parse.bool(is_won)::int), 2) from raw.contact_results group by 1"
        )
    )
    assert {n: found[n] for n in "12345"} == {"1": 14.60, "2": 11.20, "3": 11.19, "4": 9.00, "5": 7.88}
    ((attempts,),) = landing.query("select sum(parse.num(attempts)) from raw.contact_results")
    assert attempts == sum(int(row["campaign"]) for row in rows)
