"""Call lists of rendered reports of the demo: whom they name, in which order, with which numbers."""

from __future__ import annotations

import datetime as dt
import shutil

import openpyxl
import pytest

from tests.integration.report_files import installation

DAY = "2026-06-30"  # the demo's data ends in its evening


@pytest.fixture(scope="module")
def home(demo, tmp_path_factory):
    rendered = installation(tmp_path_factory.mktemp("call_lists") / "home", demo.settings.published)
    for folder in ("reports", "policy"):
        shutil.copytree(demo.settings.home / folder, rendered.settings.home / folder, dirs_exist_ok=True)
    return rendered


def test_the_list_of_the_last_day_is_the_published_list(demo, home):
    """For the data's last day the list for any date must equal the mart of today's pool, but in calling order."""
    home.render("daily", DAY)
    sheet = openpyxl.load_workbook(home.folder("daily", DAY) / "report.xlsx")["高意向名单"]
    header = [cell.value for cell in sheet[4]]
    column = {name: header.index(name) for name in header}
    found = [
        (
            row[column["客户号码"]],
            row[column["最近长通话"]],
            row[column["时长（秒）"]],
            row[column["来电次数"]],
            row[column["等级"]],
            row[column["回访截止"]],
            row[column["开场白"]],
        )
        for row in sheet.iter_rows(min_row=5, values_only=True)
        if row[0] is not None
    ]
    expected = demo.query(
        "select customer_phone_masked, last_long_call_at, last_long_call_seconds, call_count, "
        "duration_tier, follow_up_due_at, suggested_opening from high_intent_leads "
        "where not has_ordered_since order by rank"
    )
    assert len(expected) > 50
    assert sorted(found, key=str) == sorted(expected, key=str)
    places = [row[column["序"]] for row in sheet.iter_rows(min_row=5, values_only=True)]
    assert places == list(range(1, len(found) + 1))
    shown = home.content("daily", DAY)["sections"]["high_intent"]["shown_rows"]
    assert [row["place"] for row in shown] == places[: len(shown)]
    assert [row["customer_phone_masked"] for row in shown] == [row[0] for row in found[: len(shown)]]
    waiting = [
        (row[column["跟进状态"]] == "待跟进", row[column["最近长通话"]].date() == dt.date(2026, 6, 30))
        for row in sheet.iter_rows(min_row=5, values_only=True)
    ]
    assert waiting == sorted(waiting, reverse=True)


def test_each_agent_has_a_sheet_of_what_can_be_called_in_a_day(demo, home, tmp_path):
    few = installation(
        tmp_path / "few", demo.settings.published, "settings:\n  - {key: followup.calls_per_agent_day, value: 3}\n"
    )
    paths = few.render("daily", DAY).paths
    books = {path.name: openpyxl.load_workbook(path) for path in paths if path.name.startswith("call_list_")}
    teams = [team for (team,) in demo.query("select distinct coalesce(team, '未分配') from high_intent_leads")]
    assert sorted(books) == sorted(f"call_list_{team}.xlsx" for team in teams)
    for book in books.values():
        for sheet in book:
            names = [cell.value for cell in sheet[4]]
            rows = [dict(zip(names, row, strict=True)) for row in sheet.iter_rows(min_row=5, values_only=True)]
            assert len(rows) > 0
            assert len(rows) <= 3 or sheet.title == "未分配"
            assert {row["坐席"] or "未分配" for row in rows} == {sheet.title}
            assert [row["序"] for row in rows] == list(range(1, len(rows) + 1))
            assert "今天先打" in sheet["A2"].value
            assert int(sheet.page_setup.paperSize) == 9  # A4
    (few.folder("daily", DAY) / "call_list_gone.xlsx").write_bytes(b"")
    few.render("daily", DAY)
    assert not (few.folder("daily", DAY) / "call_list_gone.xlsx").exists()


def test_a_list_of_an_earlier_day_knows_nothing_later(demo, home):
    pool = home.content("daily", "2026-06-10")["sections"]["high_intent"]
    ((expected,),) = demo.query(
        "select count(distinct customer_key) from fct_calls where is_high_intent "
        "and customer_key is not null and call_date between '2026-05-12' and '2026-06-10'"
    )
    assert pool["total"] == expected
    assert max(row["last_long_call_at"] for row in pool["shown_rows"]) < "2026-06-11"


def test_a_long_list_is_cut_to_its_most_urgent_callers_and_says_so(demo, home, tmp_path):
    whole = home.content("daily", DAY)["sections"]["high_intent"]
    short = installation(
        tmp_path / "short", demo.settings.published, "settings:\n  - {key: reports.call_list_rows, value: 5}\n"
    )
    short.render("daily", DAY)
    pool = short.content("daily", DAY)["sections"]["high_intent"]
    counts = ("total", "new", "pending", "late", "focus")
    assert [pool[name] for name in counts] == [whole[name] for name in counts]
    assert whole["pending"] > 5
    sheet = openpyxl.load_workbook(short.folder("daily", DAY) / "report.xlsx")["高意向名单"]
    numbers = [row[1] for row in sheet.iter_rows(min_row=5, max_col=2, values_only=True)]
    assert numbers == [row["customer_phone_masked"] for row in whole["shown_rows"][:5]]
    assert any(f"{whole['total']:,}" in str(cell.value) for row in sheet["A1:S3"] for cell in row)


def test_full_numbers_go_to_the_call_list_only_when_policy_says_so(demo, tmp_path):
    asked = []

    def lookup(keys):
        asked.append(list(keys))
        return dict.fromkeys(asked[-1], "+8613800000000")

    masked = installation(tmp_path / "masked", demo.settings.published)
    masked.render("daily", DAY, phone_lookup=lookup)
    assert asked == []
    full = installation(
        tmp_path / "full", demo.settings.published, "settings:\n  - {key: privacy.call_list_phone, value: full}\n"
    )
    full.render("daily", DAY, phone_lookup=lookup)
    assert len(asked) == 2  # the list for all, and those of the teams
    sheet = openpyxl.load_workbook(full.folder("daily", DAY) / "report.xlsx")["高意向名单"]
    assert {row[1] for row in sheet.iter_rows(min_row=5, values_only=True) if row[0]} == {"13800000000"}
    assert "号码已脱敏" not in sheet["A2"].value
    for name in ("report.html", "report.json"):
        assert "13800000000" not in (full.folder("daily", DAY) / name).read_text(encoding="utf-8")
