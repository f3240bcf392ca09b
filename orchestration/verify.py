"""After a run: did everything that was selected materialise? A green run alone does not say so."""

from __future__ import annotations

import dagster as dg


def not_materialized(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Assets that the run planned but did not materialise, as ``schema/table``, sorted.

    An observation counts too: a report that was refused for a stated reason leaves one.
    """
    planned = _keys(instance, run_id, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    done = _keys(instance, run_id, dg.DagsterEventType.ASSET_MATERIALIZATION) | _keys(
        instance, run_id, dg.DagsterEventType.ASSET_OBSERVATION
    )
    return sorted(key.to_user_string() for key in planned - done)


def _keys(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> set[dg.AssetKey]:
    events = (entry.get_dagster_event() for entry in instance.all_logs(run_id, of_type=kind))
    return {event.asset_key for event in events if event.asset_key}
