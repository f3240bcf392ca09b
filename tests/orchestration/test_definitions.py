"""What Dagster knows: assets, checks, jobs, schedules and sensors, and how they are described."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from dial2deal import audit
from dial2deal.settings import PROJECT_ROOT
from dial2deal.transform import manifest
from orchestration import models
from orchestration.defs.quality import HELD_FILES, checks
from orchestration.instance import environment, write_config
from orchestration.lock import LOCK

SNAPSHOT = Path(__file__).with_name("definitions.txt")


def graph_as_text(definitions: dg.Definitions) -> str:
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    lines = []
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        parents = sorted(parent.to_user_string() for parent in node.parent_keys)
        # What a model reads is dbt's matter and changes with it.
        lines.append(f"asset {key.to_user_string()}" + ("" if "dbt" in node.kinds else f" <- {', '.join(parents)}"))
    lines += [f"job {job.name}" for job in repository.get_all_jobs() if not job.name.startswith("__")]
    lines += [
        f"schedule {schedule.name} {schedule.cron_schedule} {schedule.execution_timezone} -> {schedule.job_name}"
        for schedule in repository.schedule_defs
    ]
    lines += [
        f"sensor {sensor.name} -> {', '.join(sorted(target.job_name for target in sensor.targets))}"
        for sensor in repository.sensor_defs
    ]
    return "\n".join(sorted(lines)) + "\n"


def test_graph_is_the_recorded_one(definitions):
    """Drift of the graph shows as a diff; record anew with UPDATE_SNAPSHOTS=1."""
    found = graph_as_text(definitions)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(found, encoding="utf-8")
    assert found == SNAPSHOT.read_text(encoding="utf-8")


def test_every_asset_is_described_owned_and_grouped(definitions):
    graph = definitions.get_repository_def().asset_graph
    # Numbers of requirements say nothing to those who look at the graph; they stand in comments.
    numbered = [
        key
        for key in graph.get_all_asset_keys()
        if re.search(r"\b(?:[RXQS]\d{2,3}|D\.\d+)\b", graph.get(key).description or "")
    ]
    assert numbered == []
    bare = []
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        grain = "grain" in (node.description or "").lower() or "one row per" in (node.description or "").lower()
        if not (grain and node.owners and node.group_name != "default" and node.kinds and node.tags.get("layer", True)):
            bare.append(key.to_user_string())
    assert bare == []


def test_no_asset_is_a_dangling_stub(definitions):
    """A source without definition would silently become an external asset."""
    graph = definitions.get_repository_def().asset_graph
    stubs = {key.to_user_string() for key in graph.get_all_asset_keys() if not graph.get(key).is_materializable}
    assert stubs == set()


def test_every_step_that_may_open_the_warehouse_holds_the_lock(definitions):
    repository = definitions.get_repository_def()
    steps = {
        node.name: node.required_resource_keys
        for job in repository.get_all_jobs()
        for node in job.all_node_defs
        if isinstance(node, dg.OpDefinition)
    }
    assert {"load_landing", "audit", "dbt_models", "gate", "published__snapshot"} <= steps.keys()
    assert [name for name, keys in sorted(steps.items()) if LOCK not in keys] == []


def test_every_expectation_is_a_check_of_its_feed(definitions, empty):
    graph = definitions.get_repository_def().asset_graph
    found = {(key.asset_key.path[-1], key.name) for key in graph.asset_check_keys if key.asset_key.path[0] == "raw"}
    expected = {(spec.feed, spec.check_name) for spec in audit.checks(empty)}
    assert found - expected == {(feed, HELD_FILES) for feed in {feed for feed, _ in found}}
    assert expected <= found


@pytest.mark.parametrize(("policy", "blocks"), [("block", True), ("publish_and_flag", False)])
def test_critical_checks_block_only_when_the_policy_says_so(empty, policy, blocks):
    severity = {(spec.feed, spec.check_name): spec.severity for spec in audit.checks(empty)}
    for definition in checks(empty, on_held_file=policy):
        for spec in definition.check_specs:
            if spec.name == HELD_FILES:
                assert spec.blocking
            else:
                critical = severity[spec.asset_key.path[-1], spec.name] == "critical"
                assert spec.blocking == (blocks and critical)


def test_code_location_loads_without_the_heavy_libraries(empty):
    """Great Expectations, dbt, MetricFlow and pandas cost seconds each and are imported where they are used."""
    code = (
        "import sys; from dial2deal.settings import Settings; "
        "from orchestration.definitions import build_definitions; build_definitions(Settings.from_env()); "
        "print([m for m in ('great_expectations', 'dbt', 'metricflow', 'pandas', 'weasyprint', 'dagster_dbt') "
        "if m in sys.modules])"
    )
    manifest(empty)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT_ROOT,
        env={**os.environ, "DIAL2DEAL_HOME": str(empty.home)},
    )
    assert done.stdout.strip() == "[]"


def test_workspace_loads(empty):
    write_config(empty)
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT_ROOT,
        env={**os.environ, **environment(empty)},
    )
    assert done.returncode == 0, done.stderr


def test_instance_config_is_written_once_and_quiet(empty):
    folder = write_config(empty)
    config = folder / "dagster.yaml"
    text = config.read_text(encoding="utf-8")
    assert "telemetry:\n  enabled: false" in text
    assert "nux:\n  enabled: false" in text
    config.write_text(text + "# mine\n", encoding="utf-8")
    write_config(empty)
    assert config.read_text(encoding="utf-8").endswith("# mine\n")
    config.write_text(text, encoding="utf-8")


def test_a_model_says_by_meta_dagster_how_it_is_named_grouped_and_owned(empty):
    project = manifest(empty)
    node = project["nodes"]["model.dial2deal.call_efficiency"]
    asked = {"group": "operations", "owners": ["team:floor"], "asset_key": ["operations", "efficiency"]}
    nodes = {**project["nodes"], node["unique_id"]: {**node, "config": {**node["config"], "meta": {"dagster": asked}}}}
    (spec,) = [spec for spec in models.asset_specs({**project, "nodes": nodes}) if spec.group_name == "operations"]
    assert (spec.key.path, list(spec.owners)) == (["operations", "efficiency"], ["team:floor"])
