"""Day after day through the job, on one small installation: news, parts of the models, failing tests, killed runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import dagster as dg
import pytest
from typer.testing import CliRunner

from dial2deal import audit, loading, policy, warehouse
from dial2deal.cli import app
from dial2deal.settings import PROJECT_ROOT, Settings
from dial2deal.transform.build import arguments
from orchestration import alerts, lock, run
from orchestration.definitions import build_definitions
from orchestration.instance import instance
from tests.cases import world
from tests.orchestration.shown import check_states

CALLS = "select call_date, talk_seconds from marts.fct_calls order by 1"


def deliver(settings: Settings, day: str, talk_seconds: int = 65) -> None:
    file = settings.landing / "generic_400" / "calls" / f"{day}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        "call_id,direction,customer_number,start_time,talk_seconds,answered\n"
        f"a-{day},inbound,13800000001,{day} 10:00:00,{talk_seconds},yes\n",
        encoding="utf-8",
    )


def models_of_last_dbt_run(settings: Settings) -> tuple[set[str], set[str]]:
    results = json.loads((settings.dbt_target / "run_results.json").read_text(encoding="utf-8"))["results"]
    names = {
        kind: {result["unique_id"] for result in results if result["unique_id"].startswith(f"{kind}.")}
        for kind in ("model", "test")
    }
    return {name.split(".")[-1] for name in names["model"]}, {name.split(".")[2] for name in names["test"]}


def to_do(settings: Settings) -> list[tuple]:
    with warehouse.session(settings) as con:
        return con.execute(
            "select 'date', feed, event_date::varchar from ops.build_dates union all "
            "select 'key', kind, key from ops.touched_keys union all "
            "select 'state', name, value from ops.state where name in ('models_built_with', 'full_refresh_pending') "
            "order by all"
        ).fetchall()


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("many_days") / "home").ensure()
    deliver(settings, "2026-03-02")
    assert run.build(settings, reports=False).build.problems == []
    return settings


def test_a_second_day_of_one_feed_builds(home):
    """Feeds without news are idle beside models that are built; both are reported in the graph's order."""
    deliver(home, "2026-03-03")
    outcome = run.build(home, reports=False)
    assert outcome.build.problems == []
    assert world.ask(home, CALLS) == [["2026-03-02", 65], ["2026-03-03", 65]]
    with instance(home) as opened:
        told = opened.all_logs(outcome.build.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        shown = check_states(home, opened)
    statuses = {str(entry.asset_check_evaluation.metadata.get("status")) for entry in told}
    assert "unchanged" not in statuses
    assert {name for (_, name), (passed, _) in shown.items() if not passed} == set()
    assert len(shown) > len(told), "tests without a reason to run keep their last result"


def test_what_a_killed_build_did_not_tell_the_next_one_tells(home):
    """Dagster hears of results after they are in the warehouse; a build that dies in between loses none."""
    with instance(home) as opened:
        before = check_states(home, opened)
    deliver(home, "2026-03-03", talk_seconds=66)
    rules = policy.load(home)
    with warehouse.session(home) as con:
        loading.load_landing(con, home, rules)
    audit.judge(home, rules, "killed")
    outcome = run.build(home, reports=False)
    with instance(home) as opened:
        raw = opened.get_latest_materialization_event(dg.AssetKey(["raw", "calls"]))
        assert raw.run_id == outcome.build.run_id
        assert check_states(home, opened).keys() == before.keys()
        told = opened.all_logs(outcome.build.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    assert {entry.asset_check_evaluation.asset_key.path[-1] for entry in told} > {"calls", "stg_calls"}


def test_a_selection_builds_what_is_selected(home):
    """Exactly the selected models and their tests; what the next build has to do stays as it was."""
    deliver(home, "2026-03-04")
    definitions = build_definitions(home)
    job = definitions.resolve_implicit_global_asset_job_def()
    with instance(home) as opened:
        loaded = job.execute_in_process(
            instance=opened,
            asset_selection=[
                dg.AssetKey("policy"),
                dg.AssetKey(["raw", "calls"]),
                dg.AssetKey(["staging", "stg_calls"]),
            ],
        )
        planned = {
            check.check_name for check in loaded.get_asset_check_evaluations() if check.asset_key.path[0] == "staging"
        }
        before = to_do(home)
        built, tested = models_of_last_dbt_run(home)
        assert built == {"stg_calls"}
        assert tested == planned != set()
        result = job.execute_in_process(instance=opened, asset_selection=[dg.AssetKey(["marts", "call_efficiency"])])
        assert models_of_last_dbt_run(home)[0] == {"call_efficiency"}
        assert [event.asset_key for event in result.get_asset_materialization_events()] == [
            dg.AssetKey(["marts", "call_efficiency"])
        ]
        refused = definitions.resolve_job_def("build").execute_in_process(
            instance=opened,
            raise_on_error=False,
            asset_selection=[
                dg.AssetKey(["marts", "call_efficiency"]),
                dg.AssetKey(["ops", "model_tests"]),
                dg.AssetKey("gate"),
                dg.AssetKey(["published", "snapshot"]),
            ],
        )
        assert not refused.success
        (alert,) = alerts.read(home, refused.run_id)
        assert "built only the selected models" in alert["message"]
    assert to_do(home) == before != []
    assert len(world.ask(home, CALLS)) == 2, "nothing was published"
    assert run.build(home, reports=False).build.problems == []
    assert len(world.ask(home, CALLS)) == 3


def test_a_failed_test_makes_the_run_fail_and_the_gate_red(home, tmp_path):
    """dbt skips the models below the failed test; the gate speaks all the same."""
    root = tmp_path / "project"
    shutil.copytree(PROJECT_ROOT / "dbt_project", root / "dbt_project")
    for name in ("policy", "profiles", "expectations", "dial2deal"):
        (root / name).symlink_to(PROJECT_ROOT / name)
    (root / "dbt_project/tests/singular/nobody_talks_long.sql").write_text(
        "select call_key from {{ ref('stg_calls') }} where talk_seconds > 600", encoding="utf-8"
    )
    before = home.snapshot.stat().st_mtime_ns
    deliver(home, "2026-03-05", talk_seconds=601)
    outcome = run.build(Settings(home=home.home, project_root=root), reports=False)
    assert not outcome.ok
    assert [problem for problem in outcome.build.problems if "test nobody_talks_long found 1 row(s)" in problem]
    with instance(home) as opened:
        assert opened.get_run_by_id(outcome.build.run_id).status == dg.DagsterRunStatus.FAILURE
        failed = [
            entry.step_key for entry in opened.all_logs(outcome.build.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        ]
    assert failed == ["gate"]
    with warehouse.session(home) as con:
        assert con.execute("select status, message from ops.builds order by finished_at desc limit 1").fetchone() == (
            "red",
            outcome.build.problems[0].partition("in place. ")[2],
        )
    assert home.snapshot.stat().st_mtime_ns == before
    assert run.build(home, reports=False).build.problems == []
    assert world.ask(home, CALLS)[-1] == ["2026-03-05", 601]


def test_dbt_by_hand_builds_the_touched_dates_and_leaves_the_next_build_as_it_was(home):
    deliver(home, "2026-03-06", 33)
    with warehouse.session(home) as con:
        loading.load_landing(con, home, policy.load(home))
    audit.judge(home, policy.load(home), "by hand")
    said = CliRunner().invoke(app, ["--home", str(home.home), "dbt", "run", "-s", "stg_calls"])
    assert said.exit_code == 0, said.output
    assert "sql incremental model staging.stg_calls" in said.output
    with warehouse.session(home) as con:
        staged = con.execute("select talk_seconds from staging.stg_calls where call_date = '2026-03-06'").fetchall()
        assert staged == [(33,)]
        assert con.execute("select count(*) from ops.build_dates where feed = 'calls'").fetchone() == (1,)
    assert CliRunner().invoke(app, ["--home", str(home.home), "dbt"]).exit_code != 0


def test_arguments_of_dbt():
    assert arguments(full=False, only=None) == ["build"]
    assert arguments(full=True, only=None) == ["build", "--full-refresh"]
    assert arguments(full=False, only=["a", "t"]) == ["build", "--indirect-selection", "empty", "--select", "a", "t"]


def _hears_signals() -> None:
    """A shell's background job ignores SIGINT, and its children with it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def test_a_run_leaves_the_handler_of_sigterm_as_it_was(home):
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert run.build(home, reports=False).build.problems == []
        assert signal.getsignal(signal.SIGTERM) != signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("inside_run", [False, True], ids=["command", "run launched in the UI"])
def test_a_waiting_build_says_for_whom_and_ends_at_once(fresh, number, inside_run):
    code = f"""
import dagster as dg
from pathlib import Path
from dial2deal.settings import Settings
from orchestration import console, lock, run
settings = Settings(home=Path({str(fresh.home)!r}))
class Said(console.Reporter):
    def say(self, text):
        print(text, flush=True)
if {inside_run}:
    @dg.op(required_resource_keys={{lock.LOCK}})
    def work(): print("worked", flush=True)
    @dg.job(resource_defs={{lock.LOCK: lock.resource(settings)}})
    def waits(): work()
    with dg.DagsterInstance.ephemeral() as opened:
        waits.execute_in_process(instance=opened)
else:
    run.build(settings, reporter=Said(console.silent(), quiet=True))
"""
    with lock.held(fresh, "the test", lambda text: None):
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=PROJECT_ROOT,
            env=os.environ,
            preexec_fn=_hears_signals,
        )
        line = next(line for line in process.stdout if "Waiting for" in line)
        assert f"Waiting for the test (process {os.getpid()}, at work since" in line
        began = time.monotonic()
        process.send_signal(number)
        rest = process.communicate(timeout=30)[0]
    assert time.monotonic() - began < 10
    assert process.returncode != 0
    assert "worked" not in rest


def test_a_dead_holder_frees_the_lock_and_its_run_is_marked(fresh, runs):
    code = f"""
import os, time
from pathlib import Path
from dial2deal.settings import Settings
from orchestration import lock
with lock.held(Settings(home=Path({str(fresh.home)!r})), "the dead", print):
    print(lock.process(os.getpid()), flush=True)
    time.sleep(600)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT)
    name = process.stdout.readline().strip()
    assert name == lock.process(process.pid)

    @dg.job
    def nothing():
        return None

    ids = {"dead": "d" * 32, "alive": "e" * 32, "retried": "f" * 32, "unborn": "c" * 32, "waiting": "b" * 32}
    tags = {
        "dead": f"{ids['dead']} {name}",
        "alive": f"{ids['alive']} {lock.process(os.getpid())}",
        "retried": f"{ids['dead']} {name}",
        "unborn": f"{ids['unborn']} {name}",
        "waiting": f"{ids['waiting']} {lock.process(os.getpid())}",
    }
    not_begun = ("unborn", "waiting")
    for kind, run_id in ids.items():
        status = dg.DagsterRunStatus.NOT_STARTED if kind in not_begun else dg.DagsterRunStatus.STARTED
        runs.create_run_for_job(nothing, run_id=run_id, status=status, tags={lock.PROCESS_TAG: tags[kind]})
    assert lock.fail_dead_runs(runs, fresh) == []
    process.kill()
    with lock.held(fresh, "the next", lambda text: None):
        assert sorted(lock.fail_dead_runs(runs, fresh)) == sorted([ids["dead"], ids["unborn"]])
        assert lock.fail_dead_runs(runs, fresh) == []
    process.wait()
    for kind in ("dead", "unborn"):
        assert runs.get_run_by_id(ids[kind]).status == dg.DagsterRunStatus.FAILURE
    assert alerts.read(fresh, ids["dead"])[0]["kind"] == "run_failed"
    # A retry bears the tags of the run it repeats.
    assert runs.get_run_by_id(ids["retried"]).status == dg.DagsterRunStatus.STARTED
