"""The code location: everything Dagster knows of one installation, put together from ``orchestration.defs``."""

from __future__ import annotations

from typing import Any

import dagster as dg

from dial2deal.settings import Settings
from dial2deal.transform import manifest as read_manifest
from orchestration import lock, partitions
from orchestration.defs import ingest, jobs, publish, quality, reports, schedules, sensors, transform
from orchestration.rules import current_policy


def build_definitions(settings: Settings, **overrides: Any) -> dg.Definitions:
    """Definitions of one installation; ``overrides`` replace arguments of ``dagster.Definitions`` by name."""
    rules = current_policy(settings)
    zone, on_held_file = rules.text("time_zone"), rules.text("on_held_file")
    manifest = read_manifest(settings)
    all_jobs, first = jobs.jobs(settings), partitions.first_day(settings)
    parts = {
        "assets": [
            *ingest.assets(settings),
            *transform.assets(settings, manifest),
            *quality.assets(settings),
            *publish.assets(settings),
            *reports.assets(settings, zone, first),
        ],
        "asset_checks": [*quality.checks(settings, on_held_file=on_held_file), *reports.checks(settings)],
        "jobs": all_jobs,
        "schedules": schedules.schedules(all_jobs, zone, dg.DefaultScheduleStatus.RUNNING),
        "sensors": sensors.sensors(settings, all_jobs, first, dg.DefaultSensorStatus.RUNNING),
        # In process: the lock is then held from a run's first step to its last.
        "executor": dg.in_process_executor,
        "resources": {lock.LOCK: lock.resource(settings)},
    }
    return dg.Definitions(**{**parts, **overrides})


@dg.definitions
def defs() -> dg.Definitions:
    """What ``workspace.yaml`` loads: the installation named by DIAL2DEAL_HOME."""
    return build_definitions(Settings.from_env())
