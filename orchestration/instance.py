"""The Dagster instance of one installation: ``DIAL2DEAL_HOME/dagster``, shared by command line, UI and daemon."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from dial2deal import storage
from dial2deal.settings import Settings

LOCATION = "dial2deal"

DAGSTER_YAML = """\
# Written by dial2deal on first use; edit freely, it is not overwritten.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 4
event_log_storage:
  module: orchestration.event_log
  class: PooledSqliteEventLogStorage
python_logs:
  python_log_level: INFO
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
run_monitoring:
  enabled: true
"""


def write_config(settings: Settings) -> Path:
    """Create ``dagster.yaml`` when absent and return the instance's folder (the value of DAGSTER_HOME)."""
    settings.ensure()
    config = settings.dagster_home / "dagster.yaml"
    if not config.exists():
        storage.write(config, DAGSTER_YAML)
    return settings.dagster_home


def environment(settings: Settings) -> dict[str, str]:
    """Environment variables under which every Dagster process of this installation has to run."""
    return {
        "DIAL2DEAL_HOME": str(settings.home),
        "DAGSTER_HOME": str(settings.dagster_home),
        "DAGSTER_EVENT_BATCH_SIZE": "500",
        "DO_NOT_TRACK": "1",
    }


@contextmanager
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The persistent instance, with DAGSTER_HOME set while it is open (hooks and child processes read it)."""
    write_config(settings)
    before = {name: os.environ.get(name) for name in environment(settings)}
    os.environ.update(environment(settings))
    try:
        with dg.DagsterInstance.from_config(str(settings.dagster_home)) as opened:
            yield opened
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
