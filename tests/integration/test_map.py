"""`dial2deal map`: vendors recognised by their files, profiles proposed for files nobody knows."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import yaml
from typer.testing import CliRunner

from dial2deal import warehouse
from dial2deal.cli import app
from dial2deal.feeds.profiles import Profiles
from dial2deal.mapping import map_path, probe
from dial2deal.mapping.result import Options
from dial2deal.mapping.run import examine, is_complete
from dial2deal.settings import Settings
from tests.integration.mapped_files import guesses, mapped, unknown_calls
from tests.unit.exports_support import Landing

FIXTURES = Path(__file__).parents[1] / "fixtures"
VENDORS = sorted(path for path in (FIXTURES / "vendors").glob("*/*") if path.is_file())
# Read with a profile of the folder alternatives, or refused on purpose: no installed profile is theirs.
OTHERS = {"wukong_crm/orders.business.csv", "wukong_crm/orders.receivables.csv"}


@pytest.fixture(scope="module")
def looking(tmp_path_factory) -> Iterator[tuple]:
    settings = Settings(home=tmp_path_factory.mktemp("map") / "home")
    with warehouse.scratch() as con:
        yield settings, con, Profiles(settings.profile_dirs)


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


@pytest.mark.parametrize("path", VENDORS, ids=[path.relative_to(FIXTURES / "vendors").as_posix() for path in VENDORS])
def test_each_vendor_is_recognised_as_itself(looking, tmp_path, path):
    if path.relative_to(FIXTURES / "vendors").as_posix() in OTHERS:
        pytest.skip("needs a profile of the folder alternatives")
    settings, con, profiles = looking
    (member,) = probe.members(path, tmp_path)
    _, found = examine(settings, con, profiles, member, tmp_path)
    assert found, "no profile fits"
    assert found[0].profile.source == path.parent.name, [(c.name, c.score) for c in found[:3]]
    assert is_complete(found[0])


@pytest.mark.parametrize("path", sorted((FIXTURES / "feeds").glob("*.csv")), ids=lambda path: path.stem)
def test_each_feed_is_recognised_by_its_headers(looking, tmp_path, path):
    settings, con, profiles = looking
    (member,) = probe.members(path, tmp_path)
    _, found = examine(settings, con, profiles, member, tmp_path)
    assert (found[0].profile.feed.name, found[0].match.missing) == (path.stem, [])


def test_unknown_headers_below_a_title_in_gb18030(landing):
    mapping = mapped(landing, "话单.csv", unknown_calls(), "gb18030")
    assert (mapping.recognised, mapping.feed, mapping.encoding, mapping.header_line) == (None, "calls", "gb18030", 3)
    assert guesses(mapping) == {
        "唯一流水": ("call_id", "low"),
        "来去电": ("direction", "medium"),
        "客户的手机号": ("customer_number", "medium"),
        "接入400": ("own_number", "medium"),
        "起始时刻": ("started_at", "medium"),
        # 接通了 is no business result, whatever the header says.
        "挂断时刻": ("ended_at", "medium"),
        "通话秒数": ("talk_seconds", "medium"),
        "处理结果描述": ("tech_result", "low"),
        "坐席人员": ("agent_name", "medium"),
        "录音URL": ("recording_ref", "low"),
        "星级": (None, ""),
    }
    assert mapping.missing == {}
    assert mapping.outcome.total("rows_accepted") == 60
    assert mapping.outcome.total("rows_total_line") == 1
    assert yaml.safe_load(mapping.profile_text)["values"] == {"tech_result": {"接通了": "connected"}}
    assert mapping.outcome.reports[0].totals_verdict == "differs"


def test_a_proposed_profile_loads_the_file_as_it_is(landing):
    mapping = mapped(landing, "x.csv", unknown_calls(), source="testvendor")
    assert mapping.written
    assert mapping.profile_path == landing.settings.home / "profiles/testvendor/calls.yml"
    landing.put("testvendor/calls/x.csv", unknown_calls())
    result = landing.one()
    assert (result.status, result.rows_accepted, result.rows_quarantined) == ("loaded", 60, 0)
    columns = "call_id, direction, customer_number, talk_seconds"
    assert landing.query(f"select {columns} from raw.calls order by 1 limit 1") == [
        ("TX00000", "去电", "13800130000", "0")
    ]


def test_numbers_are_masked_in_everything_that_is_shown(landing):
    mapping = mapped(landing, "x.csv", unknown_calls())
    shown = json.dumps(mapping.as_dict(), ensure_ascii=False, default=str) + mapping.profile_text
    assert "138****0001" in shown
    assert "1380013000" not in shown


def test_an_existing_profile_is_not_overwritten(landing):
    first = mapped(landing, "x.csv", unknown_calls(), source="mine")
    first.profile_path.write_text(first.profile_path.read_text() + "# edited\n", encoding="utf-8")
    kept = mapped(landing, "x.csv", unknown_calls(), source="mine", fresh=True)
    assert (kept.written, "# edited" in first.profile_path.read_text()) == (False, True)
    assert any("--force" in note for note in kept.notes)
    assert mapped(landing, "x.csv", unknown_calls(), source="mine", fresh=True, force=True).written
    assert "# edited" not in first.profile_path.read_text()


def test_after_editing_map_reads_through_the_edited_profile(landing):
    first = mapped(landing, "x.csv", unknown_calls(), source="mine")
    content = yaml.safe_load(first.profile_path.read_text(encoding="utf-8"))
    content["columns"]["csat_score"] = "星级"
    first.profile_path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    again = mapped(landing, "x.csv", unknown_calls(), source="mine", feed="calls")
    assert (again.recognised, guesses(again)["星级"]) == ("mine/calls", ("csat_score", "high"))
    assert not again.written


def test_a_source_that_exports_as_a_known_one_does(landing):
    path = FIXTURES / "vendors/wukong_crm/leads.csv"
    mapping = mapped(landing, "leads.csv", path.read_bytes(), source="ours")
    assert (mapping.recognised, mapping.source, mapping.feed) == ("wukong_crm/leads", "ours", "leads")
    assert "like: wukong_crm" in mapping.profile_text
    landing.put("ours/leads/leads.csv", path.read_bytes())
    assert landing.one().status == "loaded"


def test_caller_and_called_follow_the_direction(landing):
    lines = "".join(
        f"K{n},{'呼出' if n % 2 else '呼入'},{a},{b},2026-01-05 08:00:{n:02d},6{n}\n"
        for n in range(30)
        for a, b in [("4000000101", f"1380013{n:04d}") if n % 2 else (f"1380013{n:04d}", "4000000101")]
    )
    mapping = mapped(
        landing,
        "k.csv",
        f"话单编码,呼叫类型,主叫号码,被叫号码,何时开始,通话时长\n{lines}",
        fresh=True,
        source="kvendor",
    )
    landing.put("kvendor/calls/k.csv", f"话单编码,呼叫类型,主叫号码,被叫号码,何时开始,通话时长\n{lines}")
    assert landing.one().rows_accepted == 30
    assert mapping.outcome.total("rows_accepted") == 30
    assert landing.query("select distinct own_number, left(customer_number, 7) from raw.calls") == [
        ("4000000101", "1380013")
    ]


def test_date_and_time_of_day_become_one_moment(landing):
    lines = "".join(f"L{n},呼入,1380013{n:04d},2026-01-05,{8 + n % 12}:{n:02d}:00,{n}\n" for n in range(40))
    content = f"话单ID,呼叫类型,客户号码,某日,某时,通话时长\n{lines}"
    mapping = mapped(landing, "d.csv", content, fresh=True, source="dvendor")
    assert "{expression: \"{某日} || ' ' || {某时}\"}" in mapping.profile_text
    landing.put("dvendor/calls/d.csv", content)
    assert landing.one().rows_accepted == 40
    assert landing.query("select parse.ts(started_at)::varchar from raw.calls where call_id = 'L3'") == [
        ("2026-01-05 11:03:00",)
    ]


@pytest.mark.parametrize(("talk", "unit"), [("{}000", "ms"), ("0.{:02d}", "min")])
def test_units_follow_from_start_and_end(landing, talk, unit):
    lines = "".join(
        f"U{n},呼入,1380013{n:04d},2026-01-05 08:00:00,2026-01-05 08:00:{n:02d},"
        f"{talk.format(n if unit == 'ms' else round(n / 60 * 100))}\n"
        for n in range(20, 50)
    )
    content = f"话单ID,呼叫类型,客户号码,开始时间,结束时间,通话时长\n{lines}"
    mapping = mapped(landing, "u.csv", content, fresh=True, source="u")
    (entry,) = [c for c in mapping.columns if c["column"] == "talk_seconds"]
    assert entry["unit"] == unit
    landing.put("u/calls/u.csv", content)
    landing.load()
    ((error,),) = landing.query("select max(abs(parse.seconds(talk_seconds) - substr(call_id, 2)::int)) from raw.calls")
    assert error <= 1


def test_an_id_that_repeats_gets_company(landing):
    lines = "".join(f"{n % 10},L{n // 10},呼入,,2026-01-05 08:00:{n:02d},5\n" for n in range(50))
    content = f"通话ID,线路,呼叫类型,客户号码,开始时间,通话时长\n{lines}"
    mapping = mapped(landing, "i.csv", content, fresh=True, source="i")
    assert mapping.outcome.repeated_ids == 0
    assert any(f"{{{other}}} || '/' || {{通话ID}}" in mapping.profile_text for other in ("线路", "开始时间"))


def test_american_dates_and_what_is_lacking(landing):
    lines = "".join(f"A{n},01/{n:02d}/2026 08:00:00,{n}\n" for n in range(1, 29))
    mapping = mapped(landing, "a.csv", f"Call Id,Start Time,Talk Time\n{lines}", fresh=True, source="us", feed="calls")
    assert "date_order: mdy" in mapping.profile_text
    assert set(mapping.missing) == {"direction", "customer_number"}
    landing.put("us/calls/a.csv", f"Call Id,Start Time,Talk Time\n{lines}")
    landing.load()
    assert landing.query("select max(_event_date)::varchar from raw.calls") == [("2026-01-28",)]


def test_a_file_without_header_is_named_by_numbers(landing):
    mapping = mapped(
        landing,
        "n.txt",
        "".join(f"R{n}|2026-01-05 08:00:{n:02d}|1380013{n:04d}|7{n}\n" for n in range(30)),
        feed="calls",
        source="n",
    )
    assert (mapping.header_line, mapping.delimiter) == (0, "|")
    assert {c: guesses(mapping)[c][0] for c in ("column 1", "column 2", "column 3")} == {
        "column 1": "call_id",
        "column 2": "started_at",
        "column 3": "customer_number",
    }
    assert mapping.outcome.total("rows_accepted") == 30


def test_archives_are_looked_into(landing, tmp_path):
    path = landing.settings.home / "pack.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("话单.csv", unknown_calls())
        archive.writestr("same.csv.gz", gzip.compress(unknown_calls().encode()))
    (mapping,) = map_path(landing.settings, path, Options(write=False, audit=False))
    assert (mapping.path, mapping.name, mapping.outcome.total("rows_accepted")) == (path, "pack.zip!话单.csv", 60)
    assert mapping.notes == ["pack.zip!same.csv.gz!same.csv has the same columns"]


def test_a_workbook_with_an_id_that_the_generic_profile_does_not_know(landing):
    book = openpyxl.Workbook()
    for row in (
        ["某某呼叫中心话单"],
        [],
        ["独特标识", "呼叫类型", "客户号码", "开始时间", "通话时长(分)", "录音"],
        *([f"X{n}", "呼入", f"1380013{n:04d}", dt.datetime(2026, 1, 5, 8, n), n / 10, "r"] for n in range(30)),
        ["合计", None, None, None, 43.5],
    ):
        book.active.append(row)
    book.save(landing.settings.home / "b.xlsx")
    (mapping,) = map_path(landing.settings, landing.settings.home / "b.xlsx", Options(write=False, audit=False))
    assert (mapping.container, mapping.header_line, mapping.feed) == ("xlsx", 3, "calls")
    assert any("独特标识 differs in every row" in note for note in mapping.notes)
    assert [t.outcome for t in mapping.outcome.reports[0].totals] == ["agrees"]


def test_records_within_an_envelope_of_json(landing):
    rows = [
        {
            "callGuid": f"G{n}",
            "通话方向": "呼入",
            "客户电话": f"1380013{n:04d}",
            "开始时间": "2026-01-05 08:00:00",
            "通话时长": n,
        }
        for n in range(20)
    ]
    mapping = mapped(landing, "j.json", json.dumps({"code": 0, "data": {"total": 20, "rows": rows}}), source="j")
    assert mapping.recognised or "records: data.rows" in mapping.profile_text
    assert mapping.outcome.total("rows_accepted") == 20


def test_what_cannot_be_read_is_said(landing):
    mapping = mapped(landing, "x.pdf", b"%PDF-1.7 ...")
    assert "pdf" in mapping.problem
    empty = mapped(landing, "empty.csv", b"")
    assert "empty" in empty.problem


def test_the_command_prints_what_it_found(landing):
    path = landing.settings.home / "x.csv"
    path.write_text(unknown_calls(), encoding="utf-8")
    run = CliRunner()
    shown = run.invoke(app, ["--home", str(landing.settings.home), "map", str(path), "--no-write", "--no-audit"])
    assert shown.exit_code == 0, shown.output
    assert "No profile fits" in shown.stdout
    assert not (landing.settings.home / "profiles").exists()
    (entry,) = json.loads(
        run.invoke(app, ["--home", str(landing.settings.home), "map", str(path), "--json", "--rows", "20"]).stdout
    )
    assert (entry["dry_run"]["rows_read"], entry["dry_run"]["is_part"], entry["written"]) == (17, True, True)
    assert sorted(path.name for path in landing.settings.tmp.iterdir()) == []
