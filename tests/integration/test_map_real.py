"""The real exports, loaded through what `map` proposes and the edits that the guide shows; known answers met."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dial2deal.loading import FileResult
from dial2deal.mapping import map_path
from dial2deal.mapping.result import Options
from tests.unit.exports_support import Landing

FOLDER = Path(os.environ.get("DIAL2DEAL_REAL_DATA") or "nonexistent")
GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "new_export.md"
EDITS = dict(re.findall(r"<!-- edits: (\S+) -->\n```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL))
MOST_LINES = 12
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="DIAL2DEAL_REAL_DATA names no folder"),
]


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


def loaded(landing: Landing, relative: str, name: str) -> tuple[Any, FileResult]:
    """(what map said, the load's result) of a real file through the proposed and edited profile."""
    source, feed = name.split("/")
    options = Options(source=source, feed=feed, fresh=True, audit=False)
    (mapping,) = map_path(landing.settings, FOLDER / relative, options)
    assert mapping.written
    edits = EDITS[name]
    assert edits.count("\n") <= MOST_LINES, "these are not small edits"
    profile = yaml.safe_load(mapping.profile_path.read_text(encoding="utf-8"))
    for column in re.findall(r"\w+", "".join(re.findall("# delete: (.*)", edits))):
        del profile["columns"][column]
    for part, entries in yaml.safe_load(edits).items():
        profile.setdefault(part, {}).update(entries)
    mapping.profile_path.write_text(yaml.safe_dump(profile, allow_unicode=True), encoding="utf-8")
    landing.put(f"{name}/{Path(relative).name}", (FOLDER / relative).read_bytes())
    return mapping, {result.feed: result for result in landing.load()}[feed]


def test_the_projects_own_profiles_are_found(landing):
    options = Options(write=False, rows=500, audit=False)
    found = {
        name: map_path(landing.settings, FOLDER / name, options)[0].recognised
        for name in (
            "anonymous_bank/august_1999.csv",
            "olist_funnel/olist_marketing_qualified_leads_dataset.csv",
            "olist_funnel/olist_closed_deals_dataset.csv",
        )
    }
    assert [str(name).partition("/")[0] for name in found.values()] == ["anonymous_bank", "olist", "olist"]


def test_the_banks_calls(landing):
    mapping, result = loaded(landing, "anonymous_bank/august_1999.csv", "bank/calls")
    assert mapping.outcome.repeated_ids == 0
    assert (result.rows_accepted, result.rows_quarantined, result.rows_duplicate) == (42078, 0, 0)
    assert dict(landing.query("select tech_result, count(*) from raw.calls group by 1")) == {
        "AGENT": 31402,
        "HANG": 10366,
        "PHANTOM": 310,
    }
    served = "from raw.calls where tech_result = 'AGENT'"
    assert landing.query(
        "select round(avg(parse.seconds(talk_seconds))), median(parse.seconds(talk_seconds)), "
        f"round(avg(parse.seconds(queue_seconds)), 1), count(*) - count(agent_id) {served}"
    ) == [(184, 110, 73.8, 391)]
    bands = dict(
        landing.query(
            "select case when s < 30 then 0 when s < 60 then 30 when s <= 300 then 60 else 301 end, "
            "round(100.0 * count(*) / sum(count(*)) over (), 1) from "
            f"(select parse.seconds(talk_seconds) as s {served}) group by 1"
        )
    )
    assert bands == {0: 10.3, 30: 14.8, 60: 59.9, 301: 15.0}
    assert landing.query(
        "select count(*), round(avg((tech_result = 'HANG')::int), 2) from raw.calls where queue = 'NW'"
    ) == [(6923, 0.43)]
    assert (
        landing.query(
            "select date_part('hour', parse.ts(started_at)), count(*) from raw.calls group by 1 order by 2 desc limit 1"
        )[0][0]
        == 10
    )
    assert landing.query("select count(distinct call_id) from raw.calls") == [(42078,)]
    assert landing.query(
        "select distinct canonical_value from ops.value_maps where source = 'bank' and raw_value = 'hang'"
    ) == [("abandoned_queue",)]


def test_the_marketplaces_leads_and_deals(landing):
    leads, result = loaded(landing, "olist_funnel/olist_marketing_qualified_leads_dataset.csv", "market/leads")
    assert leads.missing == {}
    assert (result.rows_accepted, result.rows_quarantined) == (8000, 0)
    deals = "olist_funnel/olist_closed_deals_dataset.csv"
    orders, result = loaded(landing, deals, "market/orders")
    assert set(orders.missing) == {"amount_cny"}
    assert (result.rows_accepted, result.rows_quarantined) == (842, 0)
    events, result = loaded(landing, deals, "market/lead_events")
    assert set(events.missing) == {"stage"}
    assert events.outcome.total("rows_accepted") == 0
    assert (result.rows_accepted, result.rows_quarantined) == (842, 0)
    found = {
        row[0]: row[1:]
        for row in landing.query(
            "select leads.channel, count(*), count(orders.order_id) from raw.leads left join raw.orders using (lead_id) "
            "group by 1"
        )
    }
    assert (found["organic search"], found["paid search"], found["social"]) == ((2296, 271), (1586, 195), (1350, 75))
    assert (found["unknown"], found[None], found["display"]) == ((1099, 179), (60, 14), (118, 6))
    assert landing.query("select count(*) from raw.orders join raw.leads using (lead_id)") == [(842,)]
    assert landing.query("select count(distinct agent_id) from raw.orders") == [(22,)]


def test_the_telemarketing_campaign(landing):
    _, result = loaded(landing, "uci_bank/bank-full.csv", "campaign/calls")
    assert (result.rows_accepted, result.rows_quarantined, result.rows_duplicate) == (45211, 0, 0)
    assert landing.query("select count(distinct call_id) from raw.calls") == [(45211,)]
    sold = "count(*), sum((business_result = 'yes')::int)"
    bands = landing.query(
        "select case when s < 30 then 0 when s < 60 then 30 when s <= 300 then 60 else 301 end as band, "
        f"{sold} from (select parse.seconds(talk_seconds) as s, business_result from raw.calls) group by 1 order by 1"
    )
    assert bands[:2] == [(0, 1947, 4), (30, 2712, 5)]
    assert [(band, n, round(100 * yes / n, 2)) for band, n, yes in bands[2:]] == [
        (60, 28278, 6.44),
        (301, 12274, 28.17),
    ]
    assert landing.query(f"select {sold} from raw.calls") == [(45211, 5289)]
    attempts = dict(
        landing.query(
            "select json_extract_string(_extra, '$.campaign')::int as attempt, "
            "round(100 * avg((business_result = 'yes')::int), 2) from raw.calls group by 1"
        )
    )
    assert [attempts[n] for n in range(1, 6)] == [14.6, 11.2, 11.19, 9.0, 7.88]
