"""Alert records: one JSON-lines file per run under DIAL2DEAL_HOME/alerts, for people and for other programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from dial2deal.privacy import mask_text
from dial2deal.settings import Settings

_MESSAGE_CHARACTERS = 2000
NOT_MADE = "not_made"  # a report was asked for whose period has no data


def write(settings: Settings, run: dg.DagsterRun, *, kind: str, step: str | None, message: str) -> Path:
    """Append one alert of ``run``, return its file. ``kind``: step_failed, run_failed, not_materialized, not_made."""
    path = file_of(settings, run.run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "kind": kind,
        "job": run.job_name,
        "run_id": run.run_id,
        "step": step,
        "partition": run.tags.get("dagster/partition") or run.tags.get("dagster/asset_partition_range_start"),
        "message": mask_text(message)[:_MESSAGE_CHARACTERS],
    }
    with path.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(record, ensure_ascii=False) + "\n")
    return path


def file_of(settings: Settings, run_id: str) -> Path:
    """Where the alerts of one run are; the file exists only when there are any."""
    return settings.home / "alerts" / f"{run_id}.jsonl"


def read(settings: Settings, run_id: str) -> list[dict[str, Any]]:
    """The alerts of one run, oldest first."""
    path = file_of(settings, run_id)
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
