"""Rendered reports of the demo against plain SQL on the snapshot, and their promises."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import re
import shutil
import subprocess
from collections import Counter

import openpyxl
import pytest

from dial2deal import policy, reports
from dial2deal.audit.suites import load_suites
from dial2deal.policy import findings as finding_rules
from dial2deal.policy.models import Setting
from dial2deal.presentation import pdf
from dial2deal.reports import rendering
from tests.integration.report_files import installation
from tests.structure.lints import phone_numbers

DAY, WEEK, MONTH = "2026-06-30", "2026-W26", "2026-06"  # the demo's data ends in the evening of 2026-06-30
SPANS = {
    ("daily", DAY): ("2026-06-30", "2026-06-30"),
    ("weekly", WEEK): ("2026-06-22", "2026-06-28"),
    ("monthly", MONTH): ("2026-06-01", "2026-06-30"),
}


@pytest.fixture(scope="module")
def home(demo, tmp_path_factory):
    """The latest reports as the build made them, and room for others."""
    rendered = installation(
        tmp_path_factory.mktemp("reports") / "home",
        demo.settings.published,
        (demo.settings.home / "policy" / "settings.yml").read_text(encoding="utf-8"),
    )
    shutil.copytree(demo.settings.reports, rendered.settings.reports, dirs_exist_ok=True)
    return rendered


@pytest.fixture(scope="module")
def english(demo, tmp_path_factory):
    return installation(
        tmp_path_factory.mktemp("english") / "home",
        demo.settings.published,
        "settings:\n  - {key: reports.locale, value: en}\n  - {key: reports.pdf, value: none}\n",
    )


def card(content, metric):
    return next(row for row in content["cards"] if row["metric"] == metric)


@pytest.mark.parametrize(("granularity", "period"), SPANS)
def test_cards_agree_with_plain_sql(demo, home, granularity, period):
    start, end = SPANS[granularity, period]
    content = home.content(granularity, period)
    ((calls, dials, connected_dials, high, tiered, talk, connected),) = demo.query(
        "select count(*), count(*) filter (where direction = 'outbound' and is_dial), "
        "count(*) filter (where direction = 'outbound' and is_dial and is_connected), "
        "count(*) filter (where is_high_intent), count(duration_tier), "
        "sum(talk_seconds) filter (where is_connected), count(*) filter (where is_connected) "
        "from fct_calls where is_customer_call and call_date between ? and ?",
        start,
        end,
    )
    ((leads, valid),) = demo.query(
        "select count(*), count(*) filter (where is_valid) from fct_leads where created_date between ? and ?",
        start,
        end,
    )
    ((revenue,),) = demo.query(
        "select coalesce(sum(amount_cny), 0) from fct_revenue where revenue_date between ? and ?", start, end
    )
    ((orders,),) = demo.query("select count(*) from fct_orders where is_won and order_date between ? and ?", start, end)
    expected = {
        "calls": calls,
        "high_intent_calls": high,
        "leads": leads,
        "orders": orders,
        "revenue_cny": float(revenue),
        "connect_rate": connected_dials / dials,
        "high_intent_rate": high / tiered,
        "mean_talk_seconds": talk / connected,
        "validity_rate": valid / leads,
        "average_order_value_cny": float(revenue) / orders if orders else None,
    }
    checked = 0
    for shown in content["cards"]:
        if shown["metric"] in expected:
            assert shown["value"] == pytest.approx(expected[shown["metric"]]), shown["metric"]
            checked += 1
    assert checked >= 3
    assert (card(content, "connect_rate")["numerator"], card(content, "connect_rate")["denominator"]) == (
        connected_dials,
        dials,
    )


def test_a_months_economics_agree_with_orders_and_costs(demo, home):
    content = home.content("monthly", MONTH)
    ((revenue,),) = demo.query(
        "select sum(amount_cny) from fct_revenue where revenue_date between '2026-06-01' and '2026-06-30'"
    )
    ((cost,),) = demo.query("select sum(amount_cny) from fct_costs where cost_month = '2026-06-01'")
    ((won,),) = demo.query(
        "select count(*) from fct_orders where order_number = 1 and order_date between '2026-06-01' and '2026-06-30'"
    )
    assert card(content, "revenue_cny")["value"] == pytest.approx(float(revenue))
    assert card(content, "total_cost_cny")["value"] == pytest.approx(float(cost))
    assert card(content, "cac_full_cny")["value"] == pytest.approx(float(cost) / won)
    assert card(content, "roi")["value"] == pytest.approx(float((revenue - cost) / cost))
    channels = content["sections"]["channels"]["rows"]
    assert sum(row["revenue_cny"] for row in channels) == pytest.approx(float(revenue))
    assert sum(row["total_cost_cny"] or 0 for row in channels) == pytest.approx(float(cost))


def test_comparisons_are_of_the_period_before(demo, home):
    content = home.content("weekly", WEEK)
    ((before,),) = demo.query("select count(*) from fct_leads where created_date between '2026-06-15' and '2026-06-21'")
    previous, year_ago = card(content, "leads")["comparisons"]
    assert (previous["period"], previous["value"]) == ("2026-W25", before)
    assert (year_ago["value"], year_ago["text"], year_ago["reason"]) == (None, "—", "short_history")


def test_a_held_file_is_named_and_stops_comparisons(demo, home):
    """The demo's damaged file covers 2026-06-18: its week and the week after cannot be compared by calls."""
    damaged = home.content("weekly", "2026-W25")
    files = [file for file in damaged["footer"]["held_files"] if file["first_date"] == "2026-06-18"]
    assert files
    assert all(file["rule"] and file["rows"] > 0 and file["file"].endswith(".csv") for file in files)
    assert all(file["title"] and "：" in file["fix"] and not file["details"] for file in files)
    assert damaged["footer"]["verdict"] == "incomplete"
    assert card(damaged, "high_intent_calls")["is_incomplete"]
    assert card(damaged, "high_intent_calls")["comparisons"][0]["reason"] == "own_incomplete"
    assert card(damaged, "leads")["comparisons"][0]["value"] is not None  # another feed
    after = home.content("weekly", WEEK)
    assert card(after, "connect_rate")["comparisons"][0]["reason"] == "incomplete"
    assert not [file for file in after["footer"]["held_files"] if file["first_date"] == "2026-06-18"]
    page = (home.folder("weekly", "2026-W25") / "report.html").read_text(encoding="utf-8")
    assert files[0]["file"] in page
    assert files[0]["title"] in page
    assert files[0]["rule"] not in page
    unreadable = next(file for file in damaged["footer"]["held_files"] if file["status"] == "failed")
    assert re.search(r"[\u4e00-\u9fff]", unreadable["title"])
    assert re.search(r"<details><summary>技术细节</summary>[^<]*" + re.escape(unreadable["details"][:20]), page)


@pytest.mark.parametrize(("granularity", "period"), SPANS)
def test_tiers_and_staff_agree_with_plain_sql(demo, home, granularity, period):
    span = SPANS[granularity, period]
    sections = home.content(granularity, period)["sections"]
    tiers = dict(
        demo.query(
            "select duration_tier, count(*) from fct_calls where duration_tier is not null "
            "and call_date between ? and ? group by 1",
            *span,
        )
    )
    assert {row["tier"]: row["calls"] for row in sections["tiers"]["rows"] if row["calls"]} == tiers
    staff = {
        agent: (calls, high, tiered)
        for agent, calls, high, tiered in demo.query(
            "select agent_id, count(*), count(*) filter (where is_high_intent), count(duration_tier) from fct_calls "
            "where is_customer_call and call_date between ? and ? group by 1",
            *span,
        )
    }
    assert None in staff, "all calls have an agent: nothing would be missed without a row for the others"
    found = Counter()
    for row in sections["agents"]["rows"]:
        found[row["agent_id"]] += row["calls"]
        assert (row["high_intent"]["num"], row["high_intent"]["den"]) == staff[row["agent_id"]][1:]
    assert found == {agent: numbers[0] for agent, numbers in staff.items()}
    ranked = [row for row in sections["agents"]["rows"] if row["rank"]]
    assert [row["rank"] for row in ranked] == list(range(1, len(ranked) + 1))
    assert [row["high_intent_standardised"]["low"] for row in ranked] == sorted(
        (row["high_intent_standardised"]["low"] for row in ranked), reverse=True
    )
    assert all(row["high_intent"]["den"] >= sections["agents"]["min_n"] for row in ranked)
    assert all(
        row["high_intent"]["den"] < sections["agents"]["min_n"]
        for row in sections["agents"]["rows"]
        if not row["rank"] and row["is_assigned"]
    )


def test_the_funnel_counts_each_lead_once_at_its_furthest_stage(demo, home):
    """Oracle in Python: per lead the stages it has evidence of by the end of the week."""
    end = dt.date(2026, 6, 28)
    funnel = home.content("weekly", WEEK)["sections"]["funnel"]
    leads = demo.query(
        "select lead_key, first_dial_at, first_connect_at, first_high_intent_at, first_order_at, "
        "repurchase_at, referral_at from fct_leads where created_date between ? and ?",
        end - dt.timedelta(days=89),
        end,
    )
    events: dict[str, set[str]] = {}
    for key, stage, at in demo.query("select lead_key, stage, occurred_at from fct_lead_events"):
        if at.date() <= end:
            events.setdefault(key, set()).add(stage)
    reached = Counter()
    for key, dial, connect, high, order, again, referral in leads:
        marks = events.get(key, set())
        seen = [at is not None and at.date() <= end for at in (dial, connect, high, order, again, referral)]
        evidence = [
            seen[0],
            seen[1],
            seen[2] or "intent" in marks,
            "need_confirmed" in marks,
            seen[3],
            seen[4] or seen[5],
        ]
        furthest = max((n for n, has in enumerate(evidence) if has), default=-1)
        reached.update(range(furthest + 1))
    assert funnel["entered"] == len(leads)
    assert [row["reached"] for row in funnel["rows"]] == [reached[n] for n in range(6)]
    assert reached[5] > 0


def test_planted_channels_are_found_with_evidence(home, demo):
    findings = {(row["rule"], row["key"]): row for row in home.content("monthly", MONTH)["findings"]}
    worst, best = findings["channel_validity_low", "名单采购"], findings["channel_deal_rate_high", "转介绍"]
    assert worst["certain"]
    assert best["certain"]
    assert best["kind"] == "opportunity"
    for row in findings.values():
        evidence = row["evidence"]
        assert row["advice"]
        if evidence["low"] is not None:
            assert evidence["n"] > 0
            assert evidence["low"] <= evidence["value"] <= evidence["high"]
        if row["certain"] and evidence["test"] == "below" and evidence["low"] is not None:
            assert evidence["high"] < evidence["threshold"]


def test_the_same_snapshot_gives_the_same_bytes(home):
    periods = [("weekly", WEEK), ("daily", DAY), ("monthly", MONTH)]
    before = {period: _bytes(home, *period) for period in periods}
    rendering._opened = None  # as in a new process
    for granularity, period in reversed(periods):
        for path in home.folder(granularity, period).iterdir():
            path.unlink()
        home.render(granularity, period)
    assert {period: _bytes(home, *period) for period in periods} == before


def _bytes(home, granularity, period):
    home.content(granularity, period)
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.folder(granularity, period).iterdir())
    }


@pytest.mark.parametrize(
    ("granularity", "period", "reason"),
    [
        ("daily", "2026-07-01", "not complete"),
        ("weekly", "2026-W27", "not complete"),
        ("monthly", "2026-07", "not complete"),
        ("daily", "2020-01-01", "before the first data"),
    ],
)
def test_incomplete_and_empty_periods_are_skipped_with_a_reason(home, granularity, period, reason):
    result = home.render(granularity, period)
    assert reason in result.skipped_reason
    assert result.paths == []
    assert not home.folder(granularity, period).exists()


READERS = [("zh", *key) for key in SPANS] + [("en", "weekly", WEEK)]


@pytest.mark.parametrize(("locale", "granularity", "period"), READERS)
def test_readers_see_no_keys_of_the_machine(home, english, locale, granularity, period):
    """Names of rules, checks and settings and numbers of requirements say nothing to those who read a report."""
    where = {"zh": home, "en": english}[locale]
    where.content(granularity, period)
    folder = where.folder(granularity, period)
    page = re.sub(
        r"<(style|script|svg).*?</\1>|<[^>]+>",
        " ",
        (folder / "report.html").read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    cells = [
        str(cell.value)
        for sheet in openpyxl.load_workbook(folder / "report.xlsx")
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]
    text = "\n".join([page, *cells])
    rules = policy.load(where.settings)
    keys = (
        {row.key for row in rules.rows(Setting)}
        | {rule.id for rule in finding_rules.load(where.settings)}
        | {check.check_name for checks in load_suites(where.settings).values() for check in checks.checks}
    )
    keys = {key for key in keys if "_" in key or "." in key} - {"privacy.call_list_phone"}  # readers are told of it
    assert [key for key in keys if re.search(rf"(?<![\w.]){re.escape(key)}(?![\w.])", text)] == []
    assert re.findall(r"\b(?:[RXQS]\d{2,3}|D\.\d+|min_n|findings\.yml)\b", text) == []
    assert not any(cell.startswith("'") for cell in cells)


@pytest.mark.parametrize(("granularity", "period"), SPANS)
def test_what_a_reader_divides_or_adds_agrees(home, granularity, period):
    content = home.content(granularity, period)
    shown = {row["metric"]: row for row in content["cards"]}
    if "average_order_value_cny" in shown:
        average, orders = shown["average_order_value_cny"], shown["orders"]
        assert average["value"] * orders["value"] == pytest.approx(shown["revenue_cny"]["value"])
    for row in shown.values():
        if row["kind"] in ("share", "money") and row.get("denominator"):
            assert row["value"] == pytest.approx(row["numerator"] / row["denominator"])
    sections = content["sections"]
    sums = {
        name: {column: sum(row[column] or 0 for row in sections[name]["rows"]) for column in ("orders", "revenue_cny")}
        for name in ("channels", "teams", "agents")
    }
    for name, total in sums.items():
        assert total == pytest.approx(sums["channels"]), name
        for column, value in total.items():
            if column in shown:
                assert value == pytest.approx(shown[column]["value"]), (name, column)
    if "calls" in shown:
        assert {sum(row["calls"] for row in sections[name]["rows"]) for name in ("teams", "agents")} == {
            shown["calls"]["value"]
        }
    tiers = sections["tiers"]
    assert sum(row["calls"] for row in tiers["rows"]) == tiers["total"]
    if "leads" in shown:
        assert sum(row["leads"] for row in sections["channels"]["rows"]) == shown["leads"]["value"]
    for before, row in itertools.pairwise(sections["funnel"]["rows"]):
        assert before["reached"] - row["lost"] == row["reached"]


@pytest.mark.skipif(
    shutil.which("pdftotext") is None or pdf.missing() is not None,
    reason="apt-get install poppler-utils fonts-noto-cjk libpango-1.0-0 libpangoft2-1.0-0",
)
def test_no_word_of_the_pdf_leaves_its_page(home):
    content = home.content("monthly", MONTH)
    told = subprocess.run(
        ["pdftotext", "-bbox", home.folder("monthly", MONTH) / "report.pdf", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    pages = re.split(r"<page ", told)[1:]
    for page in pages:
        width, height = (float(size) for size in re.match(r'width="([\d.]+)" height="([\d.]+)"', page).groups())
        assert (round(width), round(height)) == (595, 842)  # A4
        for left, top, right, bottom, word in re.findall(
            r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>', page
        ):
            assert 20 < float(left) < float(right) < width - 20, word
            assert 20 < float(top) < float(bottom) < height - 10, word
    words = {word for page in pages for word in re.findall(r">([^<>]+)</word>", page)}
    assert {"ROI", "LTV/CAC", "获客成本"} <= words
    assert all(row["label"] in words for row in content["sections"]["channels"]["rows"])


def test_without_a_chinese_font_there_is_no_pdf_but_a_line_that_says_so(demo, tmp_path, monkeypatch):
    monkeypatch.setattr(pdf, "chinese_font", lambda: None)
    bare = installation(tmp_path / "bare", demo.settings.published)
    result = bare.render("monthly", MONTH)
    assert not (bare.folder("monthly", MONTH) / "report.pdf").exists()
    assert [note for note in result.notes if "中文字体" in note or "libpango" in note] == result.notes != []


def test_what_is_no_period_is_an_error(home):
    with pytest.raises(reports.PeriodError, match="2026-W02"):
        home.render("weekly", "2026-06")


def test_pages_load_nothing_and_hold_no_number(home):
    for granularity, period in SPANS:
        home.content(granularity, period)
        page = (home.folder(granularity, period) / "report.html").read_text(encoding="utf-8")
        assert not re.search(r"""(src|href)=["'](?!data:|#)""", page)
        assert "@import" not in page
        assert "url(" not in page.replace("url(#", "")
        assert page.count("<svg") > 8
    assert phone_numbers(home.settings.reports) == []


def test_the_workbook_can_be_worked_with(home):
    home.content("weekly", WEEK)
    book = openpyxl.load_workbook(home.folder("weekly", WEEK) / "report.xlsx")
    assert book.sheetnames == ["概览", "高意向名单", "渠道", "漏斗", "坐席与团队", "问题与建议", "数据质量"]
    sheet = book["高意向名单"]
    assert sheet.freeze_panes == "D5"
    assert sheet.auto_filter.ref.startswith("A4:Y")
    assert {"客户编号", "线索编号", "通话编号", "名单编号"} <= {cell.value for cell in sheet[4]}
    assert "号码已脱敏" in sheet["A2"].value
    assert (int(sheet.page_setup.paperSize), sheet.page_setup.orientation) == (9, "landscape")
    (validation,) = sheet.data_validations.dataValidation
    assert validation.formula1.startswith('"待跟进,')
    assert book.properties.created == dt.datetime(2026, 6, 30)


def test_english_by_setting(english):
    english.render("monthly", MONTH)
    content = english.content("monthly", MONTH)
    page = (english.folder("monthly", MONTH) / "report.html").read_text(encoding="utf-8")
    assert content["title"] == "Phone sales · monthly report"
    assert "Referral" in page
    # What is left in Chinese is data: names of people, places, teams and files, and messages about files.
    own_words = {row["label"] for row in content["cards"]} | {
        row["title"].replace(row["evidence"]["label"], "") for row in content["findings"]
    }
    assert not [text for text in own_words if re.search(r"[\u4e00-\u9fff]", text)]
    assert openpyxl.load_workbook(english.folder("monthly", MONTH) / "report.xlsx").sheetnames[1] == "High-intent list"


@pytest.mark.parametrize(("granularity", "period"), [("daily", "2026-03-02"), ("weekly", "2026-W09")])
def test_a_period_of_costs_alone_renders(home, granularity, period):
    """The month's costs begin days before the first call, lead and order."""
    assert home.content(granularity, period)["cards"] is not None


def test_every_expected_latest_period_renders(demo, home):
    rules = policy.load(home.settings)
    ((as_of_date, as_of_at),) = demo.query("select as_of_date, as_of_at from ops.build_info")
    latest = {
        granularity: reports.expected_latest(granularity, as_of_date, as_of_at, rules)
        for granularity in reports.GRANULARITIES
    }
    assert latest == {"daily": DAY, "weekly": WEEK, "monthly": MONTH}
