"""The code location: everything Dagster knows of one installation, put together from ``orchestration.defs``."""

from __future__ import annotations

from typing import Any

import dagster as dg

from dial2deal import transform
from dial2deal.settings import Settings
from orchestration.defs import ingest, publish, quality, reports, schedules, sensors
from orchestration.defs import jobs as job_definitions
from orchestration.defs import transform as models
from orchestration.rules import current_policy


def build_definitions(settings: Settings, **overrides: Any) -> dg.Definitions:
    """Definitions of one installation; ``overrides`` replace arguments of ``dagster.Definitions`` by name."""
    rules = current_policy(settings)
    manifest = transform.manifest(settings)
    keys = models.keys_by_layer(manifest)
    jobs = job_definitions.jobs(settings)
    parts = {
        "assets": [*ingest.assets(settings), models.bookkeeping(), models.assets(settings, manifest),
                   *quality.assets(settings, after=keys["quality"] or keys["marts"]),
                   *publish.assets(settings, published=keys["published"]),
                   *reports.assets(settings, rules.text("time_zone"))],
        "asset_checks": [*quality.checks(settings, on_held_file=rules.text("on_held_file")), *reports.checks(settings)],
        "jobs": jobs,
        "schedules": schedules.schedules(jobs, rules.text("time_zone"), dg.DefaultScheduleStatus.RUNNING),
        "sensors": sensors.sensors(settings, jobs, dg.DefaultSensorStatus.RUNNING),
        "executor": dg.in_process_executor,
    }
    return dg.Definitions(**{**parts, **overrides})


@dg.definitions
def defs() -> dg.Definitions:
    """What ``workspace.yaml`` loads: the installation named by DIAL2DEAL_HOME."""
    return build_definitions(Settings.from_env())
