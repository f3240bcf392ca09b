"""How outcomes of expectations become Dagster check results."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import pytest

from dial2deal import warehouse
from dial2deal.audit.latest import LatestOutcome, latest_outcomes
from dial2deal.publish.verdict import IncompleteFile
from orchestration.defs.quality import check_result, held_result


def outcome(state: str, path: str = "generic_400/calls/a.csv", failed: int = 0) -> LatestOutcome:
    return LatestOutcome(
        "b",
        dt.datetime(2026, 1, 5),
        "calls",
        "talk_plausible",
        state,
        path,
        10,
        failed,
        "number 13812345678" if state != "passed" else None,
        ({"line": 3, "value": "138****5678"},),
    )


@pytest.mark.parametrize(
    ("states", "severity", "passed", "state", "level"),
    [
        (["passed", "passed"], "critical", True, "passed", dg.AssetCheckSeverity.ERROR),
        (["passed", "failed"], "critical", False, "failed", dg.AssetCheckSeverity.ERROR),
        (["failed"], "warning", False, "failed", dg.AssetCheckSeverity.WARN),
        (["not_evaluable"], "critical", False, "not_evaluable", dg.AssetCheckSeverity.ERROR),
        (["not_evaluable", "failed"], "warning", False, "failed", dg.AssetCheckSeverity.WARN),
        ([], "critical", True, "no_file_yet", dg.AssetCheckSeverity.ERROR),
    ],
)
def test_outcomes_become_one_result(states, severity, passed, state, level):
    result = check_result("calls", "talk_plausible", severity, [outcome(s) for s in states], unchanged=False)
    assert (result.passed, result.metadata["outcome"].value, result.severity) == (passed, state, level)
    assert result.metadata["rows_checked"].value == 10 * len(states)


def test_not_evaluable_is_never_called_bad_data():
    result = check_result("calls", "talk_plausible", "critical", [outcome("not_evaluable")], unchanged=False)
    assert result.description.startswith("could not be evaluated: ")
    failed = check_result("calls", "talk_plausible", "critical", [outcome("failed")], unchanged=True)
    assert "could not be evaluated" not in failed.description
    assert failed.metadata["status"].value == "unchanged"


@pytest.mark.parametrize(
    ("policy", "level"), [("block", dg.AssetCheckSeverity.ERROR), ("publish_and_flag", dg.AssetCheckSeverity.WARN)]
)
def test_held_files_are_an_error_only_where_they_block(policy, level):
    held = IncompleteFile(
        "generic_400/calls/a.csv",
        "generic_400",
        "calls",
        "held",
        "talk_plausible",
        3,
        "2026-01-05",
        "2026-01-05",
        "too long",
    )
    result = held_result("calls", [held], policy)
    assert (result.passed, result.severity, result.metadata["files_not_used"].value) == (False, level, 1)
    assert "generic_400/calls/a.csv" in result.metadata["files"].value
    assert held_result("leads", [held], policy).passed


def test_latest_outcomes_are_those_of_the_last_files_and_of_held_ones(tmp_path):
    from dial2deal.settings import Settings

    settings = Settings(home=tmp_path).ensure()
    with warehouse.session(settings) as con:
        for file_id, status in (("old", "accepted"), ("held", "held"), ("new", "accepted"), ("gone", "superseded")):
            con.execute(
                "insert into ops.export_files (file_id, source, feed, path, sha256, bytes, status, loaded_at) "
                "values (?, 's', 'calls', ?, 'x', 1, ?, now())",
                [file_id, f"s/calls/{file_id}.csv", status],
            )
        for build, day, file_id, state in (
            ("b1", 1, "old", "failed"),
            ("b1", 1, "held", "failed"),
            ("b1", 1, "gone", "failed"),
            ("b2", 2, "new", "failed"),
            ("b2", 3, "new", "passed"),
        ):
            con.execute(
                "insert into ops.check_results (build_id, checked_at, kind, feed_or_model, check_name, "
                "severity, outcome, file_id) values (?, make_timestamp(2026, 1, ?, 0, 0, 0), 'expectation', "
                "'calls', 'c', 'critical', ?, ?)",
                [build, day, state, file_id],
            )
        found = [(latest.path, latest.outcome) for latest in latest_outcomes(con)]
    assert found == [("s/calls/held.csv", "failed"), ("s/calls/new.csv", "passed")]
