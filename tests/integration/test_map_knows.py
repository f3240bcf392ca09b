"""`dial2deal map` says what it does not know, what the audit would hold, and overrides no vendor's profile."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from dial2deal import policy
from dial2deal.cli import app
from dial2deal.feeds.profiles import Profiles
from dial2deal.mapping import map_path
from dial2deal.mapping.guess import Vocabulary
from dial2deal.mapping.naming import source_name
from dial2deal.mapping.result import Options
from dial2deal.mapping.values import misspelt
from dial2deal.policy.models import ValueMap
from dial2deal.settings import Settings
from tests.integration.mapped_files import guesses, mapped, unknown_calls
from tests.unit.exports_support import Landing

FIXTURES = Path(__file__).parents[1] / "fixtures"
EVERYDAY = """拨打时间,手机,坐席,接通情况,通话时长,拨打方式,项目
2026-03-02 08:00:11,13800130071,王芳,通了,65,呼出,装修
2026-03-02 08:05:11,13800130072,王芳,没人接,0,呼出,装修
2026-03-02 08:07:30,13800130073,李雷,打不通,0,呼出,建材
2026-03-02 08:12:04,13800130074,李雷,断了,120,呼进,建材
"""


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


def test_everyday_words_are_proposed_as_values(landing):
    mapping = mapped(landing, "拨打记录.csv", EVERYDAY, source="daily")
    assert (mapping.feed, guesses(mapping)["拨打方式"][0], guesses(mapping)["项目"][0]) == (
        "calls",
        "direction",
        "business_line",
    )
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


def test_values_of_the_projects_profiles_are_spelt_right(tmp_path):
    settings = Settings(home=tmp_path)
    profiles = Profiles(settings.profile_dirs)
    canonical = Vocabulary(None, policy.load(settings).rows(ValueMap)).canonical
    assert [
        problem for source, feed in profiles.names() for problem in misspelt(profiles.get(source, feed), canonical)
    ] == []


def test_the_dry_run_says_what_the_audit_would_hold(landing):
    good = mapped(landing, "x.csv", unknown_calls(), audit=True)
    assert (good.outcome.is_held, [f for f in good.outcome.findings if f.holds]) == (False, [])
    bad = mapped(landing, "y.csv", unknown_calls().replace(",13800130", ",33"), source="bad", audit=True)
    held = [finding for finding in bad.outcome.findings if finding.holds]
    assert bad.outcome.is_held
    assert all(finding.what and finding.who and finding.todo for finding in held)
    assert bad.as_dict()["dry_run"]["would_be_held"] is True
    shown = (
        CliRunner()
        .invoke(
            app,
            [
                "--home",
                str(landing.settings.home),
                "map",
                str(landing.settings.home / "y.csv"),
                "--source",
                "bad",
                "--feed",
                "calls",
            ],
        )
        .stdout
    )
    assert "The audit would HOLD this file" in shown
    assert held[0].todo in shown


def test_statistics_are_no_calls_and_strangers_are_no_feed(landing):
    daily = "".join(f"2026-01-0{n},90{n},{40 + n},{36 + n},{n % 3},00:02:1{n}\n" for n in range(1, 10))
    agents = mapped(landing, "operators.csv", f"date,operator_id,calls_count,calls_answered,missed,avg_talk\n{daily}")
    assert agents.feed == "agent_statistics"
    counts = mapped(
        landing, "counts.csv", "hour,calls_count,missed_count\n" + "".join(f"{n},{30 + n},{n}\n" for n in range(1, 10))
    )
    assert (counts.feed, counts.written, counts.outcome) == ("", False, None)
    assert "statistics, not single calls: calls_count, missed_count" in counts.verdict
    stock = "sku,description,warehouse,on_hand\n" + "".join(f"{n},Screw,R0{n},{n}00\n" for n in range(1, 9))
    stranger = mapped(landing, "inventory.csv", stock)
    assert (stranger.feed, stranger.profile_path) == ("", None)
    undated = mapped(
        landing,
        "leads.csv",
        "Name,Lead Source,Phone No,City\n" + "".join(f"A{n},Web,1380013000{n},Tianjin\n" for n in range(1, 9)),
    )
    assert (undated.feed, undated.verdict) == (
        "",
        "Nearest is leads, of which it has Name, Lead Source, Phone No, City, but no created_at",
    )
    shown = CliRunner().invoke(
        app, ["--home", str(landing.settings.home), "map", str(landing.settings.home / "inventory.csv")]
    )
    assert (shown.exit_code, "None of our feeds" in shown.stdout, "--feed" in shown.stdout) == (0, True, True)
    assert not (landing.settings.home / "profiles").exists() or not list(
        (landing.settings.home / "profiles").glob("*/calls.yml")
    )


def test_a_vendors_own_profile_is_not_overridden(landing):
    master = (FIXTURES / "vendors/asterisk/call_legs_18.csv").read_bytes()
    landed = landing.put("asterisk/calls/Master.csv", master)
    (mapping,) = map_path(landing.settings, landed, Options(audit=False))
    assert (mapping.recognised, mapping.feed, mapping.profile_path) == ("asterisk/call_legs", "call_legs", None)
    ours = landing.settings.home / "profiles"
    for source in ("tinet", "asterisk"):  # asterisk has legs only, and its calls are delivered as such
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
    lines = "".join(
        f"D{n};{'ausgehend' if n % 2 else 'eingehend'};{a};{b};02.03.2026 08:00:{n:02d};6{n}\n"
        for n in range(30)
        for a, b in [("4000000101", f"1380013{n:04d}") if n % 2 else (f"1380013{n:04d}", "4000000101")]
    )
    content = f"Anruf-ID;Richtung;Anrufer;Angerufener;Beginn;Gesprächsdauer (s)\n{lines}"
    mapping = mapped(landing, "d.csv", content, source="anlage")
    assert (mapping.feed, mapping.sure) == ("calls", "high")
    landing.put("anlage/calls/d.csv", content)
    assert landing.one().rows_accepted == 30
    assert landing.query("select distinct own_number, left(customer_number, 7) from raw.calls") == [
        ("4000000101", "1380013")
    ]


def test_numbers_of_other_countries_are_masked(landing):
    mapping = mapped(
        landing,
        "f.csv",
        "Call ID,Start Time,Phone,Duration\n"
        + "".join(f"F{n},2026-01-05 08:00:0{n},21255501{n}7,6{n}\n" for n in range(1, 9)),
        write=False,
    )
    shown = json.dumps(mapping.as_dict(), ensure_ascii=False, default=str) + (mapping.profile_text or "")
    assert (mapping.feed, "21255501" in shown) == ("calls", False)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/me/Downloads/acme_telecom_2026-01.csv", "acme_telecom"),
        ("/data/天润/话单.csv", "tianrun"),
        ("/data/globex/calls-export.csv", "globex"),
        ("/tmp/话单0105.csv", "my_calls"),
        ("/tmp/tinet.csv", "tinet_own"),
    ],
)
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
    mapping = mapped(
        landing, "spend.csv", "dt,channel,costs\n" + "".join(f"2026-01-0{n},baidu,1{n}.20\n" for n in range(1, 9))
    )
    assert (mapping.feed, mapping.outcome.total("rows_accepted")) == ("channel_costs", 8)
    assert 'cost_kind: {const: "media"}' in mapping.profile_text


def test_an_average_in_brackets_is_no_total(landing):
    mapping = mapped(
        landing,
        "daily.csv",
        "Date,Incoming Calls,Answered Calls,Talk Duration (AVG),Waiting Time (AVG)\n"
        + "".join(f"2026-03-0{n},21{n},20{n},0:02:1{n},0:00:4{n}\n" for n in range(1, 9)),
        source="site",
    )
    assert (guesses(mapping)["Talk Duration (AVG)"], guesses(mapping)["Waiting Time (AVG)"]) == (
        ("average_talk_seconds", "high"),
        ("average_wait_seconds", "high"),
    )
    assert (mapping.feed, mapping.outcome.total("rows_accepted")) == ("queue_statistics", 8)


def test_a_flag_of_missed_calls_is_turned_round(landing):
    content = "call_id,date,operator_id,phone_number,is_missed_call,call_duration\n" + "".join(
        f"m{n},2026-03-02 08:0{n}:00,90{n},1380013000{n},{'true' if n % 2 else 'false'},{(n + 1) % 2 * 60}\n"
        for n in range(1, 9)
    )
    mapping = mapped(landing, "calls.csv", content, source="flags")
    landing.put("flags/calls/calls.csv", content)
    assert (mapping.feed, landing.one().rows_accepted) == ("calls", 8)
    assert landing.query("select is_connected, count(*) from raw.calls group by 1 order by 1") == [
        ("false", 4),
        ("true", 4),
    ]


def test_a_header_that_was_shown_is_not_called_lacking(landing):
    mapping = mapped(landing, "few.csv", "foo,order date,bar\na,2026-03-02,x\nb,2026-03-03,y\n", feed="orders")
    (report,) = mapping.outcome.reports
    assert mapping.failure(report).startswith("order date is all that the proposed profile knows of this file")
    assert not any(command.startswith("dial2deal load") for command in mapping.next_commands)
