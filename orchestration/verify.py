"""After a run: did everything that was selected materialise? A green run alone does not say so."""

from __future__ import annotations

import dagster as dg

# Metadata in which a step names the assets that it left as they were, because nothing that they read has news.
UNCHANGED = "unchanged"
_PLANNED = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
_DONE = (dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_OBSERVATION)


def not_materialized(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Assets that the run planned but neither materialised nor left unchanged, as ``schema/table``, sorted.

    An observation counts too: a report that was refused for a stated reason leaves one.
    """
    planned, done = set[str](), set[str]()
    for entry in instance.all_logs(run_id, of_type={_PLANNED, *_DONE}):
        event = entry.get_dagster_event()
        if event.asset_key:
            (planned if event.event_type == _PLANNED else done).add(event.asset_key.to_user_string())
        if made := entry.asset_materialization:
            left = made.metadata.get(UNCHANGED)
            done.update(left.value if isinstance(left, dg.JsonMetadataValue) else ())
    return sorted(planned - done)
