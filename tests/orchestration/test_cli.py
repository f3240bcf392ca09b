"""The command line at a built installation: output for people and programs, errors without tracebacks."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from dial2deal.cli import app
from dial2deal.commands import output
from dial2deal.settings import PROJECT_ROOT


def call(home, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["--home", str(home), *arguments])
    assert result.exit_code == code, result.output
    return result.stdout


def process(home, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "dial2deal.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT_ROOT,
        env={**os.environ, "DIAL2DEAL_HOME": str(home)},
    )


def test_help_lists_every_command(tmp_path):
    text = call(tmp_path, "--help")
    for command in (
        "build",
        "demo",
        "load",
        "report",
        "sql",
        "metrics",
        "files",
        "release",
        "forget",
        "doctor",
        "dev",
        "version",
    ):
        assert f" {command} " in text
        assert call(tmp_path, command, "--help").strip()


@pytest.mark.parametrize(
    "arguments",
    [
        ("sql", "select 1"),
        ("metrics", "list"),
        ("report", "daily"),
        ("load", "nowhere.csv"),
        ("build", "--from", "2026-01-05"),
        ("build", "--from", "2026-01-05", "--to", "2026-01-01"),
        ("release", "no-such-file", "--reason", "because"),
    ],
)
def test_errors_say_what_to_do_without_a_traceback(tmp_path, arguments):
    done = process(tmp_path, *arguments)
    assert done.returncode != 0
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr + done.stdout
    assert not (tmp_path / "tmp" / "last_error.txt").exists()


def test_sql_prints_tables_csv_and_json(built):
    settings, _ = built
    query = "select channel, count(*) as leads from marts.fct_leads group by channel order by leads desc, channel"
    rows = json.loads(call(settings.home, "sql", query, "--json"))
    assert rows
    assert list(rows[0]) == ["channel", "leads"]
    table = call(settings.home, "sql", query)
    assert all(row["channel"] in table for row in rows)
    lines = list(csv.DictReader(io.StringIO(call(settings.home, "sql", query, "--format", "csv"))))
    assert [(line["channel"], int(line["leads"])) for line in lines] == [(r["channel"], r["leads"]) for r in rows]


def test_sql_cannot_change_the_snapshot(built):
    settings, _ = built
    before = settings.snapshot.read_bytes()
    done = process(settings.home, "sql", "delete from marts.fct_calls")
    assert done.returncode == 1
    assert settings.snapshot.read_bytes() == before


def test_metrics_agree_with_sql(built):
    settings, _ = built
    names = {entry["name"] for entry in json.loads(call(settings.home, "metrics", "list", "--json"))}
    assert "calls" in names
    (row,) = json.loads(call(settings.home, "metrics", "query", "calls", "--json"))
    (total,) = json.loads(
        call(settings.home, "sql", "select count(*) as n from marts.fct_calls where is_customer_call", "--json")
    )
    assert row["calls"] == total["n"]


def test_files_lists_what_was_held_and_why(built):
    settings, _ = built
    files = json.loads(call(settings.home, "files", "--json"))
    statuses = {file["status"] for file in files}
    assert {"accepted", "held", "failed"} <= statuses
    assert all(file["message"] for file in files if file["status"] in ("held", "failed"))
    held = json.loads(call(settings.home, "files", "--status", "held", "--json"))
    assert {file["status"] for file in held} == {"held"}


def test_doctor_reports_the_state(built, tmp_path):
    settings, _ = built
    findings = {finding["subject"]: finding for finding in json.loads(call(settings.home, "doctor", "--json"))}
    assert findings["packages"]["state"] == "ok", findings["packages"]
    assert findings["snapshot"]["state"] == "ok"
    assert findings["files"]["state"] == "warning"
    broken = tmp_path / "policy"
    broken.mkdir()
    (broken / "settings.yml").write_text("settings: [", encoding="utf-8")
    result = CliRunner().invoke(app, ["--home", str(tmp_path), "doctor", "--json"])
    assert result.exit_code == 1
    bad = {finding["subject"]: finding["state"] for finding in json.loads(result.stdout)}
    assert bad["policy"] == "error"
    assert bad["snapshot"] == "warning"


def test_load_copies_audits_and_fails_on_a_bad_file(fresh, tmp_path):
    file = tmp_path / "calls.csv"
    file.write_text("not,a,call\n1,2,3\n", encoding="utf-8")
    done = process(fresh.home, "load", str(file), "--source", "generic_400", "--feed", "calls")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert (fresh.landing / "generic_400" / "calls" / "calls.csv").exists()
    (row,) = json.loads(call(fresh.home, "files", "--json"))
    assert (row["status"], row["path"]) == ("failed", "generic_400/calls/calls.csv")


def test_report_renders_a_named_period(built):
    settings, outcome = built
    period = max(report.period for report in outcome.made if report.granularity == "weekly")
    (made,) = json.loads(call(settings.home, "report", "weekly", "--period", period, "--json"))["reports"]
    assert made["period"] == period
    assert all(os.path.exists(path) for path in made["paths"])
    assert made["headline"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("metrics", "query", "conect_rate"), 1, "Did you mean connect_rate"),
        (("metrics", "query", "calls", "--by", "chanel"), 1, "Did you mean channel"),
        (("metrics", "query", "calls", "--where", "direction=inbund"), 1, "Did you mean inbound"),
        (("metrics", "query", "calls", "--from", "2026-06-02", "--to", "2026-06-01"), 2, "--from lies after --to"),
        (("metrics", "list", "no such thing"), 1, "No metric"),
        (("sql", ""), 1, "Give one SQL statement"),
        (("sql", " ; "), 1, "Give one SQL statement"),
        (("files", "nosuch.csv"), 1, "No file delivered is called 'nosuch.csv'"),
        (("files", "--status", "hold"), 2, "Did you mean held"),
        (("release", "nosuch.csv"), 1, "no such file was loaded"),
        (("forget", "nosuch.csv"), 1, "no such file"),
        (("report", "daily", "2026-06-31"), 1, "not a daily period"),
        (("load", "README.md", "--source", "generic_40", "--feed", "calls"), 2, "Did you mean generic_400"),
        (("load", "README.md", "--source", "generic_400", "--feed", "callz"), 2, "Did you mean calls"),
        (("load", "README.md", "--source", "generic_400", "--feed", "orders"), 2, "it has"),
    ],
)
def test_typing_mistakes_are_named_and_change_nothing(built, arguments, code, told):
    settings, _ = built
    before = sorted(settings.landing.rglob("*"))
    done = process(settings.home, *arguments)
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr
    assert sorted(settings.landing.rglob("*")) == before


def test_tables_are_readable_at_80_columns(built, monkeypatch):
    settings, _ = built
    monkeypatch.setattr(output.stdout, "_width", 80)
    block = call(settings.home, "sql", "select * from fct_calls limit 1")
    assert re.search(r"^direction +(in|out)bound$", block, re.MULTILINE)
    rates = call(settings.home, "metrics", "query", "connect_rate", "--by", "channel", "--by", "week")
    assert re.search(r"[0-9.]+% \([0-9,]+ of [0-9,]+; [0-9.]+%–[0-9.]+%\)", rates)
    assert max(map(len, rates.splitlines())) <= 80
    listed = call(settings.home, "metrics", "list", "connect_rate")
    assert "接通率" in listed
    assert "Connect rate" in listed
    (row,) = json.loads(call(settings.home, "metrics", "query", "revenue_cny", "--json"))
    assert isinstance(row["revenue_cny"], float | int)
    escaped = call(settings.home, "sql", r"select chr(27) || '[31mred' as a", "--format", "csv")
    assert "\x1b" not in escaped
    assert "\x1b" not in call(settings.home, "sql", r"select chr(27) || ']0;title' as a")
