"""The real exports through the job, up to the published tables and the reports: nobody made them to fit."""

from __future__ import annotations

import csv
import os
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from dial2deal.settings import Settings
from orchestration import run
from tests.helpers import few_reports

FOLDER = Path(os.environ.get("DIAL2DEAL_REAL_DATA") or "/nonexistent")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="DIAL2DEAL_REAL_DATA names no folder"),
]
DEALS = FOLDER / "olist_funnel" / "olist_closed_deals_dataset.csv"
LEADS = FOLDER / "olist_funnel" / "olist_marketing_qualified_leads_dataset.csv"
CONTACTS = FOLDER / "uci_bank" / "bank-full.csv"
_DELIVERED = {
    "anonymous_bank/calls": FOLDER / "anonymous_bank" / "august_1999.csv",
    "olist/leads": LEADS,
    "olist/orders": DEALS,
    "olist/lead_events": DEALS,
    "uci_bank/contact_results": CONTACTS,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("real")).ensure()
    few_reports(settings)
    for place, file in _DELIVERED.items():
        folder = settings.landing / place
        folder.mkdir(parents=True)
        shutil.copy(file, folder)
    outcome = run.build(settings)
    assert outcome.ok, [*outcome.build.problems, *(problem for ran in outcome.reports for problem in ran.problems)]
    assert outcome.made
    return settings


def ask(home: Settings, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.snapshot), read_only=True) as con:
        return con.execute(sql).fetchall()


def rows(file: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle, delimiter=delimiter))


def test_calls_of_the_bank(home):
    """Known of the data set: 42,078 rows that count, 31,402 of them answered by a person."""
    assert ask(home, "select count(*), count(*) filter (where is_connected) from marts.fct_calls") == [(42078, 31402)]


def test_leads_and_deals_of_the_marketplace(home):
    """Each deal is of one lead; what it was worth the export does not say, so that no revenue is shown as 0."""
    deals = {row["mql_id"] for row in rows(DEALS)}
    channels = {row["mql_id"]: row["origin"] for row in rows(LEADS)}
    assert ask(home, "select count(*), count(*) filter (where order_count > 0) from marts.fct_leads") == [
        (len(channels), len(deals & channels.keys()))
    ]
    assert ask(
        home,
        "select count(*) filter (where revenue_cny is not null), min(revenue_cny), max(revenue_cny) "
        "from marts.fct_leads where order_count > 0",
    ) == [(0, None, None)]
    assert ask(home, "select count(*), count(amount_cny) from marts.fct_orders where is_won") == [(len(deals), 0)]


def test_contacts_of_the_other_bank(home):
    attempts = [int(row["campaign"]) for row in rows(CONTACTS, ";")]
    found = ask(home, "select count(*), sum(attempts) from marts.fct_contact_results")
    assert found == [(len(attempts), sum(attempts))]


def test_a_chinese_report_says_in_chinese_what_is_unknown(home):
    """The bank names no region, team or business line."""
    pages = sorted(home.reports.rglob("report.html"))
    assert pages
    for page in pages:
        text = re.sub(r"<(style|script|svg).*?</\1>|<[^>]+>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert re.findall(r"[^\n]*\bunknown\b[^\n]*", text) == [], page.parent.name
