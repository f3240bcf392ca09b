"""What the Dagster UI shows of an installation."""

from __future__ import annotations

import dagster as dg

from dial2deal.settings import Settings
from orchestration.definitions import build_definitions


def check_states(settings: Settings, opened: dg.DagsterInstance) -> dict[tuple[str, str], tuple[bool, str]]:
    """What the UI shows of each check: its last result, if that is of the latest materialization; else it is grey."""
    keys = build_definitions(settings).get_repository_def().asset_graph.asset_check_keys
    found = {}
    for key, record in opened.event_log_storage.get_latest_asset_check_execution_by_key(list(keys)).items():
        made = opened.get_latest_materialization_event(key.asset_key)
        assert record.evaluation, f"{key} was planned and not evaluated"
        if made.run_id == record.run_id or made.timestamp < record.create_timestamp:
            outcome = record.evaluation.metadata.get("outcome")
            found[key.asset_key.path[-1], key.name] = record.evaluation.passed, outcome and outcome.value
    return found
