"""kill -9 anywhere in a build: the next build ends where a build that was never killed ends."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from dial2deal import demo
from dial2deal.settings import Settings
from orchestration import alerts
from orchestration.instance import instance
from tests.helpers import differences, dump, few_reports, tree
from tests.integration.build_process import STEPS, build, kill_in, start

# Which dates a test looked at depends on how often a build was tried; the rows of the marts do not.
_HISTORY = {"ops.check_results", "ops.builds", "ops.build_steps", "ops.node_runs"}
# What a build found to touch again beyond its files: after a kill the date stands in ops.dirty_dates instead.
_WORKING = {"intermediate.int_propagation", "intermediate.int_cost_propagation"}
_WITH_MODELS = {"marts", "staging", "quality", "intermediate", "core", "policy", "raw"}


@pytest.fixture(scope="module")
def delivered(tmp_path_factory) -> Path:
    """Landing and key of a small installation, copied for every home of this module."""
    home = tmp_path_factory.mktemp("delivered")
    settings = Settings(home=home).ensure()
    demo.write_exports(settings, days=28, calls_per_day=60)
    few_reports(settings)
    settings.secret_key.write_text("0" * 64 + "\n")
    return home


def new_home(delivered: Path, folder: Path) -> Settings:
    settings = Settings(home=folder).ensure()
    shutil.copy2(delivered / "secret.key", settings.secret_key)
    if (delivered / "policy").exists():
        shutil.copytree(delivered / "policy", settings.home / "policy")
    return settings


def deliver(delivered: Path, settings: Settings, files: list[Path]) -> None:
    for file in files:
        target = settings.landing / file.relative_to(delivered / "landing")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)


def landing_files(delivered: Path) -> list[Path]:
    return sorted(p for p in (delivered / "landing").rglob("*") if p.is_file())


def assert_same(victim: Settings, reference: Settings) -> None:
    assert differences(dump(victim.snapshot, skip=_HISTORY), dump(reference.snapshot, skip=_HISTORY)) == []
    assert (
        differences(
            dump(victim.warehouse, _WITH_MODELS, skip=_WORKING), dump(reference.warehouse, _WITH_MODELS, skip=_WORKING)
        )
        == []
    )
    assert tree(victim.reports) == tree(reference.reports)
    with duckdb.connect(str(victim.warehouse), read_only=True) as con:
        assert con.execute("select count(*) from ops.report_queue").fetchone() == (0,)
        assert con.execute("select count(*) from ops.dirty_dates").fetchone() == (0,)


@pytest.mark.timeout(900)
def test_a_first_build_killed_in_every_step(delivered, tmp_path):
    reference, victim = (new_home(delivered, tmp_path / name) for name in ("reference", "victim"))
    for settings in (reference, victim):
        deliver(delivered, settings, landing_files(delivered))
    seconds = build(reference.home)
    chance = random.Random(20260105)
    kills = [kill_in(victim.home, step, seconds[step], chance) for step in STEPS]
    build(victim.home)
    assert sum(kill.killed for kill in kills) >= len(STEPS) - 1, kills
    assert_same(victim, reference)
    with instance(victim) as opened:
        runs = opened.get_runs()
        ended = {run.run_id: run.status for run in runs}
        dead = [run for run in runs if run.status == dg.DagsterRunStatus.FAILURE]
    assert set(ended.values()) == {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}
    assert len(dead) >= sum(kill.killed for kill in kills) - 1, "killed between two runs, if any"
    for run in dead:
        (alert,) = alerts.read(victim, run.run_id)
        assert alert["kind"] == "run_failed"
        assert "process of this run ended" in alert["message"]

    # Two at once: the second waits for the first, which stands still until it does, and both succeed.
    first = start(victim.home)
    assert any(line.startswith("STEP") for line in first.stdout)
    os.killpg(first.pid, signal.SIGSTOP)
    second = start(victim.home)
    try:
        assert any("Waiting for another dial2deal command" in line for line in second.stdout)
    finally:
        os.killpg(first.pid, signal.SIGCONT)
    said = [process.communicate(timeout=300)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], said
    with instance(victim) as opened:
        spans = sorted(
            (record.start_time, record.end_time)
            for record in opened.get_run_records()
            if record.dagster_run.run_id not in ended
        )
    assert len(spans) == 2
    assert spans[0][1] <= spans[1][0]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_twenty_kills_over_several_deliveries(delivered, tmp_path):
    seed = int(os.environ.get("CRASH_SEED") or random.SystemRandom().randrange(10**6))
    sys.stderr.write(f"to repeat: CRASH_SEED={seed}\n")
    chance = random.Random(seed)
    reference, victim = (new_home(delivered, tmp_path / name) for name in ("reference", "victim"))
    files = landing_files(delivered)
    chance.shuffle(files)
    kills = []
    for batch in (files[0::3], files[1::3], files[2::3]):
        deliver(delivered, reference, batch)
        deliver(delivered, victim, batch)
        seconds = build(reference.home)
        for step in (*STEPS, "dbt_models", "published__snapshot"):
            kills.append(kill_in(victim.home, step, seconds[step], chance))
        build(victim.home)
        assert_same(victim, reference)
    assert sum(kill.killed for kill in kills) >= 20, kills
