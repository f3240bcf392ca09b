"""`dial2deal map`: vendors recognised by their files, profiles proposed for files nobody knows."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
import shlex
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import yaml
from typer.testing import CliRunner

from dial2deal import policy, warehouse
from dial2deal.cli import app
from dial2deal.exports.profiles import Profiles
from dial2deal.mapping import map_path, probe
from dial2deal.mapping.guess import Vocabulary
from dial2deal.mapping.naming import source_name
from dial2deal.mapping.result import Mapping, Options
from dial2deal.mapping.run import examine, is_complete
from dial2deal.mapping.values import misspelt
from dial2deal.settings import Settings
from tests.unit.exports_support import Landing

FIXTURES = Path(__file__).parents[1] / "fixtures"
VENDORS = sorted(path for path in (FIXTURES / "vendors").glob("*/*") if path.is_file())
# Read with a profile of the folder alternatives, or refused on purpose: no installed profile is theirs.
OTHERS = {"wukong_crm/orders.business.csv", "wukong_crm/orders.receivables.csv"}
UNKNOWN = "唯一流水,来去电,客户的手机号,接入400,起始时刻,挂断时刻,通话秒数,处理结果描述,坐席人员,录音URL,星级"


@pytest.fixture(scope="module")
def looking(tmp_path_factory) -> Iterator[tuple]:
    settings = Settings(home=tmp_path_factory.mktemp("map") / "home")
    with warehouse.scratch() as con:
        yield settings, con, Profiles(settings.profile_dirs)


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


def unknown_calls(count: int = 60) -> str:
    lines = [
        f"TX{n:05d},{'来电' if n % 3 else '去电'},1380013{n:04d},4000000101,2026/1/5 {8 + n // 30}:{n % 60:02d}:00,"
        f"2026/1/5 {8 + n // 30}:{n % 60:02d}:50,{n % 50},接通了,张测试,https://example.com/r/{n}.mp3,{n % 5 + 1}"
        for n in range(count)]
    return "\n".join(["某某云通讯平台话单", "查询时间：全部", UNKNOWN, *lines, "合计,,,,,,999,,,,"]) + "\n"


def mapped(landing: Landing, name: str, content: str | bytes, encoding: str = "utf-8", **options) -> Mapping:
    path = landing.settings.home / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    (mapping,) = map_path(landing.settings, path, Options(**{"audit": False, **options}))
    return mapping


def guesses(mapping: Mapping) -> dict[str, tuple[str | None, str]]:
    return {entry["header"]: (entry["column"], entry["confidence"]) for entry in mapping.columns}


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
        "唯一流水": ("call_id", "low"), "来去电": ("direction", "medium"),
        "客户的手机号": ("customer_number", "medium"),
        "接入400": ("own_number", "medium"), "起始时刻": ("started_at", "medium"),
        # 接通了 is no business result, whatever the header says.
        "挂断时刻": ("ended_at", "medium"), "通话秒数": ("talk_seconds", "medium"),
        "处理结果描述": ("tech_result", "low"),
        "坐席人员": ("agent_name", "medium"), "录音URL": ("recording_ref", "low"), "星级": (None, "")}
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
        ("TX00000", "去电", "13800130000", "0")]


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
    lines = "".join(f"K{n},{'呼出' if n % 2 else '呼入'},{a},{b},2026-01-05 08:00:{n:02d},6{n}\n" for n in range(30)
                    for a, b in [("4000000101", f"1380013{n:04d}") if n % 2 else (f"1380013{n:04d}", "4000000101")])
    mapping = mapped(landing, "k.csv", f"话单编码,呼叫类型,主叫号码,被叫号码,何时开始,通话时长\n{lines}", fresh=True,
                     source="kvendor")
    landing.put("kvendor/calls/k.csv", f"话单编码,呼叫类型,主叫号码,被叫号码,何时开始,通话时长\n{lines}")
    assert landing.one().rows_accepted == 30
    assert mapping.outcome.total("rows_accepted") == 30
    assert landing.query("select distinct own_number, left(customer_number, 7) from raw.calls") == [
        ("4000000101", "1380013")]


def test_date_and_time_of_day_become_one_moment(landing):
    lines = "".join(f"L{n},呼入,1380013{n:04d},2026-01-05,{8 + n % 12}:{n:02d}:00,{n}\n" for n in range(40))
    content = f"话单ID,呼叫类型,客户号码,某日,某时,通话时长\n{lines}"
    mapping = mapped(landing, "d.csv", content, fresh=True, source="dvendor")
    assert '{expression: "{某日} || \' \' || {某时}"}' in mapping.profile_text
    landing.put("dvendor/calls/d.csv", content)
    assert landing.one().rows_accepted == 40
    assert landing.query("select parse.ts(started_at)::varchar from raw.calls where call_id = 'L3'") == [
        ("2026-01-05 11:03:00",)]


@pytest.mark.parametrize(("talk", "unit"), [("{}000", "ms"), ("0.{:02d}", "min")])
def test_units_follow_from_start_and_end(landing, talk, unit):
    lines = "".join(f"U{n},呼入,1380013{n:04d},2026-01-05 08:00:00,2026-01-05 08:00:{n:02d},"
                    f"{talk.format(n if unit == 'ms' else round(n / 60 * 100))}\n" for n in range(20, 50))
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
    mapping = mapped(landing, "n.txt", "".join(
        f"R{n}|2026-01-05 08:00:{n:02d}|1380013{n:04d}|7{n}\n" for n in range(30)), feed="calls", source="n")
    assert (mapping.header_line, mapping.delimiter) == (0, "|")
    assert {c: guesses(mapping)[c][0] for c in ("column 1", "column 2", "column 3")} == {
        "column 1": "call_id", "column 2": "started_at", "column 3": "customer_number"}
    assert mapping.outcome.total("rows_accepted") == 30


def test_archives_are_looked_into(landing, tmp_path):
    path = landing.settings.home / "pack.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("话单.csv", unknown_calls())
        archive.writestr("same.csv.gz", gzip.compress(unknown_calls().encode()))
    (mapping,) = map_path(landing.settings, path, Options(write=False))
    assert (mapping.path, mapping.name, mapping.outcome.total("rows_accepted")) == (path, "pack.zip!话单.csv", 60)
    assert mapping.notes == ["pack.zip!same.csv.gz!same.csv has the same columns"]


def test_a_workbook_with_an_id_that_the_generic_profile_does_not_know(landing):
    book = openpyxl.Workbook()
    for row in (["某某呼叫中心话单"], [], ["独特标识", "呼叫类型", "客户号码", "开始时间", "通话时长(分)", "录音"],
                *([f"X{n}", "呼入", f"1380013{n:04d}", dt.datetime(2026, 1, 5, 8, n), n / 10, "r"] for n in range(30)),
                ["合计", None, None, None, 43.5]):
        book.active.append(row)
    book.save(landing.settings.home / "b.xlsx")
    (mapping,) = map_path(landing.settings, landing.settings.home / "b.xlsx", Options(write=False))
    assert (mapping.container, mapping.header_line, mapping.feed) == ("xlsx", 3, "calls")
    assert any("独特标识 differs in every row" in note for note in mapping.notes)
    assert [t.outcome for t in mapping.outcome.reports[0].totals] == ["agrees"]


def test_records_within_an_envelope_of_json(landing):
    rows = [{"callGuid": f"G{n}", "通话方向": "呼入", "客户电话": f"1380013{n:04d}", "开始时间": "2026-01-05 08:00:00",
             "通话时长": n} for n in range(20)]
    mapping = mapped(landing, "j.json", json.dumps({"code": 0, "data": {"total": 20, "rows": rows}}), source="j")
    assert mapping.recognised or "records: data.rows" in mapping.profile_text
    assert mapping.outcome.total("rows_accepted") == 20


EVERYDAY = """拨打时间,手机,坐席,接通情况,通话时长,拨打方式,项目
2026-03-02 08:00:11,13800130071,王芳,通了,65,呼出,装修
2026-03-02 08:05:11,13800130072,王芳,没人接,0,呼出,装修
2026-03-02 08:07:30,13800130073,李雷,打不通,0,呼出,建材
2026-03-02 08:12:04,13800130074,李雷,断了,120,呼进,建材
"""


def test_everyday_words_are_proposed_as_values(landing):
    mapping = mapped(landing, "拨打记录.csv", EVERYDAY, source="daily")
    assert (mapping.feed, guesses(mapping)["拨打方式"][0], guesses(mapping)["项目"][0]) == (
        "calls", "direction", "business_line")
    values = yaml.safe_load(mapping.profile_text)["values"]
    assert values["tech_result"] == {"通了": "connected", "没人接": "no_answer", "打不通": "out_of_service_area"}
    assert values["direction"] == {"呼进": "inbound"}
    assert mapping.outcome.unmapped == {"tech_result": [("断了", 1)]}


def test_a_misspelt_value_of_a_profile_is_said(landing):
    mapping = mapped(landing, "拨打记录.csv", EVERYDAY, source="daily")
    mapping.profile_path.write_text(mapping.profile_text.replace("no_answer", "no_anser"), encoding="utf-8")
    again = mapped(landing, "拨打记录.csv", EVERYDAY, source="daily", feed="calls")
    assert again.recognised == "daily/calls"
    assert any("no_anser is no value of tech_result; did you mean no_answer?" in note for note in again.notes)


def test_values_of_the_projects_profiles_are_spelt_right(looking):
    settings, _, profiles = looking
    canonical = Vocabulary(None, policy.load(settings).rows("value_maps")).canonical
    assert [problem for source, feed in profiles.names() for problem in misspelt(profiles.get(source, feed), canonical)
            ] == []


def test_the_dry_run_says_what_the_audit_would_hold(landing):
    good = mapped(landing, "x.csv", unknown_calls(), audit=True)
    assert (good.outcome.is_held, [f for f in good.outcome.findings if f.holds]) == (False, [])
    bad = mapped(landing, "y.csv", unknown_calls().replace(",13800130", ",33"), source="bad", audit=True)
    held = [finding for finding in bad.outcome.findings if finding.holds]
    assert bad.outcome.is_held
    assert all(finding.what and finding.who and finding.todo for finding in held)
    assert bad.as_dict()["dry_run"]["would_be_held"] is True
    shown = CliRunner().invoke(app, ["--home", str(landing.settings.home), "map", str(landing.settings.home / "y.csv"),
                                     "--source", "bad", "--feed", "calls"]).stdout
    assert "The audit would HOLD this file" in shown
    assert held[0].todo in shown


def test_statistics_are_no_calls_and_strangers_are_no_feed(landing):
    daily = "".join(f"2026-01-0{n},90{n},{40 + n},{36 + n},{n % 3},00:02:1{n}\n" for n in range(1, 10))
    agents = mapped(landing, "operators.csv", f"date,operator_id,calls_count,calls_answered,missed,avg_talk\n{daily}")
    assert agents.feed == "agent_statistics"
    counts = mapped(landing, "counts.csv", "hour,calls_count,missed_count\n" + "".join(
        f"{n},{30 + n},{n}\n" for n in range(1, 10)))
    assert (counts.feed, counts.written, counts.outcome) == ("", False, None)
    assert "statistics, not single calls: calls_count, missed_count" in counts.verdict
    stock = "sku,description,warehouse,on_hand\n" + "".join(f"{n},Screw,R0{n},{n}00\n" for n in range(1, 9))
    stranger = mapped(landing, "inventory.csv", stock)
    assert (stranger.feed, stranger.profile_path) == ("", None)
    undated = mapped(landing, "leads.csv", "Name,Lead Source,Phone No,City\n" + "".join(
        f"A{n},Web,1380013000{n},Tianjin\n" for n in range(1, 9)))
    assert (undated.feed, undated.verdict) == (
        "", "Nearest is leads, of which it has Name, Lead Source, Phone No, City, but no created_at")
    shown = CliRunner().invoke(app, ["--home", str(landing.settings.home), "map",
                                     str(landing.settings.home / "inventory.csv")])
    assert (shown.exit_code, "None of our feeds" in shown.stdout, "--feed" in shown.stdout) == (0, True, True)
    assert not (landing.settings.home / "profiles").exists() or not list(
        (landing.settings.home / "profiles").glob("*/calls.yml"))


def test_a_vendors_own_profile_is_not_overridden(landing):
    master = (FIXTURES / "vendors/asterisk/call_legs_18.csv").read_bytes()
    landed = landing.put("asterisk/calls/Master.csv", master)
    (mapping,) = map_path(landing.settings, landed, Options(audit=False))
    assert (mapping.recognised, mapping.feed, mapping.profile_path) == ("asterisk/call_legs", "call_legs", None)
    ours = landing.settings.home / "profiles"
    for source in ("tinet", "asterisk"):    # asterisk has legs only, and its calls are delivered as such
        refused = mapped(landing, "x.csv", unknown_calls(), source=source, fresh=True, feed="calls")
        assert not refused.written
        assert any(f"the project's own profile {source}/" in note and "--force" in note for note in refused.notes)
    assert not ours.exists()
    assert mapped(landing, "x.csv", unknown_calls(), source="tinet", fresh=True, force=True).written
    assert (ours / "tinet/calls.yml").is_file()
    again = mapped(landing, "Master.csv", master, fresh=True, source="mine")
    assert any(note.startswith("already readable as asterisk/call_legs") for note in again.notes)


def test_legs_without_header_in_the_order_of_freepbx(landing):
    old = (FIXTURES / "vendors/freepbx/call_legs_old.csv").read_text(encoding="utf-8").partition("\n")[2]
    mapping = mapped(landing, "cdr.csv", old, source="ourpbx")
    assert (mapping.recognised, mapping.feed, mapping.sure, mapping.written) == (None, "call_legs", "high", True)
    assert mapping.outcome.total("rows_accepted") == mapping.outcome.total("rows_read") > 0


def test_caller_and_called_of_another_language(landing):
    lines = "".join(f"D{n};{'ausgehend' if n % 2 else 'eingehend'};{a};{b};02.03.2026 08:00:{n:02d};6{n}\n"
                    for n in range(30) for a, b in [("4000000101", f"1380013{n:04d}") if n % 2 else
                                                    (f"1380013{n:04d}", "4000000101")])
    content = f"Anruf-ID;Richtung;Anrufer;Angerufener;Beginn;Gesprächsdauer (s)\n{lines}"
    mapping = mapped(landing, "d.csv", content, source="anlage")
    assert (mapping.feed, mapping.sure) == ("calls", "high")
    landing.put("anlage/calls/d.csv", content)
    assert landing.one().rows_accepted == 30
    assert landing.query("select distinct own_number, left(customer_number, 7) from raw.calls") == [
        ("4000000101", "1380013")]


def test_numbers_of_other_countries_are_masked(landing):
    mapping = mapped(landing, "f.csv", "Call ID,Start Time,Phone,Duration\n" + "".join(
        f"F{n},2026-01-05 08:00:0{n},21255501{n}7,6{n}\n" for n in range(1, 9)), write=False)
    shown = json.dumps(mapping.as_dict(), ensure_ascii=False, default=str) + (mapping.profile_text or "")
    assert (mapping.feed, "21255501" in shown) == ("calls", False)


@pytest.mark.parametrize(("path", "name"), [
    ("/home/me/Downloads/acme_telecom_2026-01.csv", "acme_telecom"), ("/data/天润/话单.csv", "tianrun"),
    ("/data/globex/calls-export.csv", "globex"), ("/tmp/话单0105.csv", "my_calls"), ("/tmp/tinet.csv", "tinet_own")])
def test_the_source_is_named_after_folder_or_vendor(path, name):
    assert source_name(Path(path), "calls", ["tinet"]) == name


def test_the_guides_example_runs_as_it_is_shown(landing, tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs/guide/new_export.md").read_text(encoding="utf-8")
    ((name, text),) = re.findall(r"<!-- file: (\S+) -->\n```csv\n(.*?)```", page, re.DOTALL)
    (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (added,) = re.findall(r"<!-- add to values: tech_result -->\n```yaml\n(.*?)```", page, re.DOTALL)
    blocks = re.findall(r"<!-- run -->\n```bash\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    for number, block in enumerate(blocks):
        for line in block.splitlines():
            command, _, promised = line.partition("  #")
            shown = CliRunner().invoke(app, ["--home", str(landing.settings.home), *shlex.split(command)[1:]])
            assert shown.exit_code == 0, (command, shown.output)
            for fragment in re.findall('"(.*?)"', promised):
                assert fragment in shown.stdout, command
        if number == 0:
            profile = landing.settings.home / "profiles/acme/calls.yml"
            proposed = profile.read_text(encoding="utf-8")
            assert "断了" in proposed
            profile.write_text(proposed.replace("  tech_result:\n", f"  tech_result:\n{added}"), encoding="utf-8")


def test_costs_need_no_column_of_their_kind(landing):
    mapping = mapped(landing, "spend.csv", "dt,channel,costs\n" + "".join(
        f"2026-01-0{n},baidu,1{n}.20\n" for n in range(1, 9)))
    assert (mapping.feed, mapping.outcome.total("rows_accepted")) == ("channel_costs", 8)
    assert "cost_kind: {const: \"media\"}" in mapping.profile_text


def test_a_header_that_was_shown_is_not_called_lacking(landing):
    mapping = mapped(landing, "few.csv", "foo,order date,bar\na,2026-03-02,x\nb,2026-03-03,y\n", feed="orders")
    (report,) = mapping.outcome.reports
    assert mapping.failure(report).startswith("order date is all that the proposed profile knows of this file")
    assert not any(command.startswith("dial2deal load") for command in mapping.next_commands)


def test_what_cannot_be_read_is_said(landing):
    mapping = mapped(landing, "x.pdf", b"%PDF-1.7 ...")
    assert "pdf" in mapping.problem
    empty = mapped(landing, "empty.csv", b"")
    assert "empty" in empty.problem


def test_the_command_prints_what_it_found(landing):
    path = landing.settings.home / "x.csv"
    path.write_text(unknown_calls(), encoding="utf-8")
    run = CliRunner()
    shown = run.invoke(app, ["--home", str(landing.settings.home), "map", str(path), "--no-write"])
    assert shown.exit_code == 0, shown.output
    assert "No profile fits" in shown.stdout
    assert not (landing.settings.home / "profiles").exists()
    (entry,) = json.loads(run.invoke(
        app, ["--home", str(landing.settings.home), "map", str(path), "--json", "--rows", "20"]).stdout)
    assert (entry["dry_run"]["rows_read"], entry["dry_run"]["is_part"], entry["written"]) == (17, True, True)
    assert sorted(path.name for path in landing.settings.tmp.iterdir()) == []
