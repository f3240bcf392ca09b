"""The suites as data: complete, documented, and refused with a useful message when wrong."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from dial2deal import audit, policy, warehouse
from dial2deal.audit import candidates, suites
from dial2deal.settings import PROJECT_ROOT, Settings
from tests.unit.quality_support import make_home


@pytest.fixture
def settings(tmp_path):
    return Settings.from_env(tmp_path)


@pytest.fixture
def copy(tmp_path):
    """Settings over a copy of the expectations, and a function that edits one of its files."""
    root = tmp_path / "project"
    shutil.copytree(PROJECT_ROOT / "expectations", root / "expectations")

    def edit(name, change):
        path = root / "expectations" / name
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")

    return replace(Settings.from_env(tmp_path), project_root=root), edit


def test_every_feed_has_critical_and_warning_rules_and_the_common_ones(settings):
    loaded = suites.load_suites(settings)
    assert set(loaded) == set(suites.feeds())
    for suite in loaded.values():
        assert {check.severity for check in suite.on("row")} == {"critical", "warning"}
        assert {"has_rows", "rows_reconcile", "rows_stored", "mostly_readable"} <= {
            check.check_name for check in suite.on("file") if check.severity == "critical"
        }


def test_every_parameter_comes_from_the_policy(settings):
    rules = policy.load(settings)
    for suite in suites.load_suites(settings).values():
        values, errors = suites.resolve(suite, rules)
        assert not errors
        assert all(value not in (None, []) for value in values.values())
        used = set().union(*(suites.parameters_of(check) for check in suite.checks))
        assert used == set(values)


def test_every_derived_column_binds_and_is_used(tmp_path):
    home = make_home(tmp_path)
    with warehouse.session(home) as con:
        candidates.attach(con, home.tmp / "candidate.duckdb", read_only=False)
        candidates._file_facts(con, [candidates.LoadedFile("x", "demo", "calls", "p", 0)])
        for suite in suites.load_suites(home).values():
            assert candidates._binding_error(con, suite, list(suite.columns)) is None
            assert {c.name for c in suite.columns} == {check.column for check in suite.on("row")}


def test_readme_names_every_check_with_severity_and_who_fixes():
    readme = (PROJECT_ROOT / "expectations" / "README.md").read_text(encoding="utf-8")
    documented = {
        tuple(cell.strip(" `") for cell in line.split("|")[1:6])
        for line in readme.splitlines()
        if re.match(r"\| [a-z_ ]+ \| `", line)
    }
    checks = audit.checks(Settings.from_env("unused"))
    expected = {
        (
            "every file" if c.on == "file" else c.feed,
            c.check_name,
            c.severity,
            f"{c.title_zh} – {c.title_en}",
            f"{c.who_fixes.zh} – {c.who_fixes.en}",
        )
        for c in checks
    }
    assert documented == expected


def test_checks_are_listed_without_great_expectations():
    code = (
        "import sys; from dial2deal import audit; from dial2deal.settings import Settings; "
        "audit.checks(Settings.from_env('x')); sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=PROJECT_ROOT).returncode == 0


def _first(content):
    return content["expectations"][0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: _first(c).update(severity="fatal"), "severity 'fatal'"),
        (lambda c: _first(c)["kwargs"].pop("column"), "only expectations about one column"),
        (lambda c: _first(c)["kwargs"].update(row_condition="x"), "derived column"),
        (lambda c: _first(c)["meta"].update(on="file"), "stand in every_file.json"),
        (lambda c: _first(c)["meta"].pop("fix_zh"), "lacks meta ['fix_zh']"),
        (lambda c: _first(c)["meta"].update(who_fixes="nobody"), "'nobody' is not in roles.json"),
        (lambda c: c["expectations"].append(_first(c)), "must be unique"),
        (lambda c: c["meta"]["columns"].update(x={"sql": "1", "map": "stage"}), "exactly one of 'sql' and 'map'"),
        (lambda c: c["meta"]["columns"].update(x={"sql": "1"}), "feeds/lead_events.yml does not list"),
        (lambda c: c["meta"].pop("data_owner"), "data_owner None"),
    ],
)
def test_wrong_suite_is_refused_naming_file_and_remedy(copy, change, message):
    settings, edit = copy
    edit("suites/lead_events.json", change)
    with pytest.raises(suites.SuiteError, match=re.escape(message)) as caught:
        suites.load_suites(settings)
    assert "lead_events.json" in str(caught.value)


def test_missing_and_broken_suite_files_are_named(copy):
    settings, _ = copy
    path = settings.suites / "orders.json"
    path.write_text("{\n  oops", encoding="utf-8")
    with pytest.raises(suites.SuiteError, match=r"orders\.json is not valid JSON, line 2"):
        suites.load_suites(settings)
    path.unlink()
    with pytest.raises(suites.SuiteError, match=r"orders\.json is missing"):
        suites.load_suites(settings)
