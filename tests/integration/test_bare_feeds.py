"""Exports that hold what a feed demands and nothing else: every model builds, and nothing unknown becomes zero."""

from __future__ import annotations

import csv

import duckdb
import pytest

from dial2deal import audit, loading, policy, warehouse
from dial2deal.feeds.catalogue import Column, Feed, feeds
from dial2deal.settings import Settings
from orchestration import run
from tests.helpers import few_reports

# A call's records come as one row a call or as legs; this home has both, of calls of their own.
_SOURCES = {"call_legs": "generic_400"}
_WORDS = {
    ("calls", "direction"): "inbound",
    ("call_legs", "direction"): "outbound",
    ("lead_events", "stage"): "intent",
    ("channel_costs", "cost_kind"): "media",
    ("queue_events", "event"): "enter",
    ("agent_states", "state"): "ready",
    ("web_events", "event"): "visit",
    ("app_events", "event"): "login",
}
_BY_KIND = {
    "timestamp": "2026-05-04 10:00:00",
    "date": "2026-05-04",
    "seconds": "65",
    "money": "100.50",
    "number": "3",
    "boolean": "yes",
    "text": "word",
    "map": "other",
}


def _value(feed: Feed, column: Column, round_: int) -> str:
    if column.kind == "phone":
        return "01088880000" if column.name == "own_number" else f"1390000000{round_}"
    if column.kind == "id":
        # One id for all feeds: whatever can be joined is joined.
        return f"X{round_}-legs" if feed.name == "call_legs" else f"X{round_}"
    return _WORDS.get((feed.name, column.name)) or _BY_KIND[column.kind]


def _rows(feed: Feed) -> list[dict[str, str]]:
    """Row 1: all columns, those filled that every profile must map. Row 2: only what may not be empty.

    Rows 3 and 4: the same, with every id that links feeds and every number of a customer.
    """
    rows = []
    for round_, (required, linked) in enumerate(((True, False), (False, False), (True, True), (False, True)), 1):
        rows.append(
            {
                column.name: _value(feed, column, round_)
                if column.not_empty
                or (required and column.required)
                or (linked and column.kind in ("id", "phone") and column.name != "merged_into")
                else ""
                for column in feed.columns.values()
            }
        )
    return rows


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("bare")).ensure()
    few_reports(settings)
    for feed in feeds().values():
        folder = settings.landing / _SOURCES.get(feed.name, "generic") / feed.name
        folder.mkdir(parents=True)
        rows = _rows(feed)
        with (folder / "bare.csv").open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    # A file of which much is missing is held; somebody looks at it and lets it in.
    rules = policy.load(settings)
    with warehouse.session(settings) as con:
        policy.sync(con, rules)
        loading.load_landing(con, settings, rules)
    audit.judge(settings, rules, "first")
    for file in ask(settings.warehouse, "select path from ops.export_files where status = 'held'"):
        audit.release(settings, file[0], "all that there is")
    outcome = run.build(settings)
    assert outcome.ok, outcome.build.problems
    assert outcome.build.published
    return settings


def ask(path, sql: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_every_file_is_accepted_and_no_row_refused(home):
    """Rows without any key stand for one another, so that not each is kept."""
    files = ask(
        home.warehouse, "select feed, status, rows_accepted > 0, rows_quarantined, message from ops.export_files"
    )
    assert {feed for feed, *_ in files} == set(feeds())
    assert [file for file in files if file[1:4] != ("accepted", True, 0)] == []


def test_what_an_order_cost_is_unknown_wherever_it_is_shown(home):
    """Order X4 has no amount: revenue of its lead, agent and customer is not 0."""
    assert ask(home.snapshot, "select amount_cny from marts.fct_orders where source_order_id = 'X4'") == [(None,)]
    assert ask(home.snapshot, "select revenue_cny from marts.fct_leads where source_lead_id = 'X4'") == [(None,)]
    assert ask(home.snapshot, "select revenue_cny from marts.agent_performance where agent_id = 'X4'") == [(None,)]
