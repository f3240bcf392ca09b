"""Real runs: what is recorded, what blocks, what a failure leaves behind."""

from __future__ import annotations

import json
import shutil

import dagster as dg
import pytest

from benchmarks import tasks
from dial2deal import published, warehouse
from dial2deal.publish import snapshot
from orchestration import alerts, partitions, run, verify
from orchestration.definitions import build_definitions
from orchestration.instance import instance
from tests.orchestration.shown import check_states

DAMAGED = """\
通话编号,呼叫类型,客户号码,400号码,开始时间,接通时间,结束时间,通话时长
c1,呼入,13800000001,4001230000,2026-01-05 10:00:00,2026-01-05 10:00:05,2026-01-05 09:00:00,00:05:00
c2,呼入,13800000002,4001230000,2026-01-05 11:00:00,2026-01-05 11:00:05,2026-01-05 10:00:00,00:05:00
"""


def steps_in_order(opened: dg.DagsterInstance, run_id: str) -> list[str]:
    return [entry.step_key for entry in opened.all_logs(run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)]


def materializations(opened: dg.DagsterInstance, run_id: str) -> dict[str, dg.AssetMaterialization]:
    events = opened.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    return {entry.asset_materialization.asset_key.to_user_string(): entry.asset_materialization for entry in events}


def test_build_runs_every_step_in_order_and_is_recorded(built):
    settings, outcome = built
    assert outcome.build.problems == []
    with instance(settings) as opened:
        record = opened.get_run_by_id(outcome.build.run_id)
        order = steps_in_order(opened, outcome.build.run_id)
    assert record.job_name == "build"
    assert record.tags[".dagster/repository"] == "__repository__@dial2deal"
    # Not by chance: the blocking check of each feed makes the transform wait for the audit.
    assert [step for step in order if step != "quality_report"] == [
        "policy",
        "load_landing",
        "audit",
        "dbt_models",
        "gate",
        "published__snapshot",
    ]


def test_reports_that_the_build_made_due_are_there(built):
    settings, outcome = built
    assert [report.problems for report in outcome.reports] == [[]] * len(outcome.reports)
    made = {(report.granularity, report.period) for report in outcome.made}
    assert {granularity for granularity, _ in made} == set(partitions.GRANULARITIES)
    for granularity, period in made:
        assert (settings.reports / granularity / period / "report.html").exists()
    ranges = [report.job for report in outcome.reports]
    assert len(ranges) == len(set(ranges)), "consecutive periods must share one run"


def test_models_carry_counts_columns_lineage_and_masked_previews(built):
    settings, outcome = built
    with instance(settings) as opened:
        made = materializations(opened, outcome.build.run_id)
    calls = made["marts/fct_calls"].metadata
    with published.connect(settings) as con:
        rows = con.execute("select count(*) from marts.fct_calls").fetchone()[0]
    assert calls["dagster/row_count"].value == rows > 0
    columns = {column.name: column for column in calls["dagster/column_schema"].value.columns}
    assert columns["call_date"].type == "DATE"
    assert columns["talk_seconds"].description
    sources = calls["dagster/column_lineage"].value.deps_by_column["talk_seconds"]
    assert dg.TableColumnDep(dg.AssetKey(["staging", "stg_calls"]), "talk_seconds") in sources
    text = json.dumps(
        [str(value.value) for event in made.values() for value in event.metadata.values()], ensure_ascii=False
    )
    with warehouse.session(settings) as con:
        numbers = [n for (n,) in con.execute("select distinct parse.e164(customer_number) from raw.calls").fetchall()]
    assert len(numbers) > 100
    assert [number for number in numbers if number and number.removeprefix("+86") in text] == []


def test_raw_assets_report_each_file(built):
    settings, outcome = built
    with instance(settings) as opened:
        calls = materializations(opened, outcome.build.run_id)["raw/calls"].metadata
    counts = {
        name: calls[name].value
        for name in ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_superseded")
    }
    read = counts.pop("rows_read")
    assert read == sum(counts.values()) > 0
    assert "generic_400/calls/" in calls["files"].value


def test_check_results_follow_the_audit(built):
    settings, outcome = built
    with warehouse.session(settings) as con:
        held = {path for (path,) in con.execute("select path from ops.export_files where status = 'held'").fetchall()}
    with instance(settings) as opened:
        found = [
            entry.asset_check_evaluation
            for entry in opened.all_logs(outcome.build.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        ]
    assert held, "the demo plants a file that must be held"
    by_name = {(check.asset_key.path[-1], check.check_name): check for check in found}
    guard = by_name["calls", "every_file_used"]
    assert not guard.passed
    assert guard.severity == dg.AssetCheckSeverity.WARN
    assert all(path in guard.metadata["files"].value for path in held)
    bad = [check for check in found if check.asset_key.path[0] == "raw" and not check.passed]
    assert any(check.severity == dg.AssetCheckSeverity.ERROR for check in bad)
    assert all(check.metadata["outcome"].value == "failed" for check in bad if check.check_name != "every_file_used")
    assert any(check.asset_key.path[0] == "marts" and check.passed for check in found)


def test_second_build_says_unchanged(built):
    settings, _ = built
    before = settings.snapshot.stat().st_mtime_ns
    with instance(settings) as opened:
        before_states = check_states(settings, opened)
    again = run.build(settings)
    assert again.build.problems == []
    assert (again.build.files_new, again.reports) == (0, [])
    assert settings.snapshot.stat().st_mtime_ns == before
    with instance(settings) as opened:
        assert check_states(settings, opened) == before_states
        assert len(before_states) > 200
        planned = opened.all_logs(again.build.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED)
        assert not planned, "a check that is planned and has no news turns grey"
        made = materializations(opened, again.build.run_id)
        latest = opened.get_latest_materialization_event(dg.AssetKey(["marts", "fct_calls"])).asset_materialization
    assert not [
        name for name in made if name.split("/")[0] in ("raw", "staging", "quality", "intermediate", "core", "marts")
    ]
    assert {f"{schema}/{name}" for schema, name in (("marts", "fct_calls"), ("staging", "stg_calls"))} <= set(
        made["ops/model_tests"].metadata["unchanged"].value
    )
    assert latest.metadata["dagster/row_count"].value > 0, "the UI shows rows and columns of the latest materialization"
    assert latest.metadata["dagster/column_schema"].value.columns
    assert {
        made[name].metadata["status"].value for name in ("policy", "ops/files", "ops/bookkeeping", "published/snapshot")
    } == {"unchanged"}


def test_range_of_reports_is_one_run_with_a_materialization_per_period(built):
    settings, outcome = built
    periods = sorted(report.period for report in outcome.made if report.granularity == "daily")[:3]
    (again,) = run.render(settings, "daily", periods)
    assert again.problems == []
    assert [report.period for report in again.reports] == periods
    with instance(settings) as opened:
        events = opened.all_logs(again.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    assert [event.asset_materialization.partition for event in events] == periods
    assert all("open report.html" in event.asset_materialization.metadata for event in events)


def test_a_named_period_without_data_is_no_failed_run_and_leaves_an_alert(built):
    settings, _ = built
    (outcome,) = run.render(settings, "weekly", ["2026-W40"])
    assert not outcome.ok
    (alert,) = alerts.read(settings, outcome.run_id)
    assert (alert["kind"], alert["job"], alert["partition"]) == ("not_made", "weekly_report", "2026-09-28")
    assert alert["message"] in outcome.problems
    assert "2026-W40" in alert["message"]
    with instance(settings) as opened:
        assert opened.get_run_by_id(outcome.run_id).status == dg.DagsterRunStatus.SUCCESS


def test_failure_alert_is_masked_and_names_the_step(fresh, runs):
    job = build_definitions(fresh).resolve_job_def("build")
    result = job.execute_in_process(instance=runs, asset_selection=[dg.AssetKey("gate")], raise_on_error=False)
    assert not result.success
    (alert,) = alerts.read(fresh, result.run_id)
    assert (alert["kind"], alert["step"]) == ("step_failed", "gate")
    assert "job 'build' runs all steps in order" in alert["message"]
    alerts.write(fresh, result.dagster_run, kind="run_failed", step=None, message="number 13812345678 is wrong")
    assert "138****5678" in alerts.read(fresh, result.run_id)[1]["message"]


@pytest.mark.parametrize("policy", ["block", "publish_and_flag"])
def test_held_file_blocks_the_transform_only_when_the_policy_says_so(fresh, runs, policy):
    folder = fresh.landing / "generic_400" / "calls"
    folder.mkdir(parents=True)
    (folder / "calls.csv").write_text(DAMAGED, encoding="gb18030")
    (fresh.home / "policy").mkdir()
    (fresh.home / "policy" / "settings.yml").write_text(
        f"settings:\n- {{key: on_held_file, value: {policy}}}\n", encoding="utf-8"
    )
    job = build_definitions(fresh).resolve_job_def("build")
    result = job.execute_in_process(instance=runs, raise_on_error=False)
    with warehouse.session(fresh) as con:
        assert con.execute("select status from ops.export_files").fetchall() == [("held",)]
    assert result.success == (policy == "publish_and_flag")
    guard = next(check for check in result.get_asset_check_evaluations() if check.check_name == "every_file_used")
    assert not guard.passed
    assert "calls.csv" in guard.metadata["files"].value
    started = {event.step_key for event in result.all_events if event.is_step_start}
    assert ("dbt_models" in started) == (policy == "publish_and_flag")
    if policy == "block":
        (alert,) = alerts.read(fresh, result.run_id)
        assert "generic_400/calls/calls.csv" in alert["message"]
        assert "ends_after_start" in alert["message"]


def test_skipped_asset_is_found_after_a_green_run(fresh, runs):
    """A green run does not prove that everything selected is there."""
    specs = [dg.AssetSpec("there", skippable=True), dg.AssetSpec("missing", skippable=True)]

    @dg.multi_asset(specs=specs)
    def two():
        yield dg.MaterializeResult("there")

    result = dg.materialize([two], instance=runs)
    assert result.success
    assert verify.not_materialized(runs, result.run_id) == ["missing"]


def test_events_are_readable_by_the_default_storage(fresh, runs, tmp_path):
    """The event log differs from Dagster's in how it connects, not in what it writes."""

    @dg.asset
    def one() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"rows": 3})

    result = dg.materialize([one], instance=runs)
    home = tmp_path / "plain"
    shutil.copytree(fresh.dagster_home, home)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    with dg.DagsterInstance.from_config(str(home)) as plain:
        event = plain.get_latest_materialization_event(dg.AssetKey("one"))
        assert event.run_id == result.run_id
        assert event.asset_materialization.metadata["rows"].value == 3
        assert len(plain.all_logs(result.run_id)) == len(runs.all_logs(result.run_id))


def test_the_benchmarks_build_is_the_job(built, monkeypatch):
    """What is measured runs: its reporter fits the job's, and each step is timed."""
    settings, _ = built
    monkeypatch.setattr(snapshot, "SPARE_MIN_AGE_SECONDS", snapshot.SPARE_MIN_AGE_SECONDS)
    said = tasks.build(str(settings.home), "no reports")
    assert said["published"] is False
    assert {"load_landing", "audit", "dbt_models"} <= said["steps"].keys()
