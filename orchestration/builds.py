"""Identity of a build, what its earlier steps left in the warehouse, and what Dagster has been told of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import dagster as dg
import duckdb

from dial2deal import warehouse
from dial2deal.settings import Settings

# Metadata of the assets under ops: the latest moment (UTC) of what a step has shown in the UI.
SHOWN = "shown_until"
NEVER = datetime.fromtimestamp(0, UTC).replace(tzinfo=None)
Kind = TypeVar("Kind")


def build_id(run: dg.DagsterRun) -> str:
    """A re-execution from the point of failure is the same build, so it bears the first run's id."""
    return run.root_run_id or run.run_id


def read(
    settings: Settings, build: str, step: str, kept: Callable[[duckdb.DuckDBPyConnection, str], Kind | None]
) -> Kind:
    """What an earlier ``step`` kept of this build; a Failure that is not retried when it has not run."""
    with warehouse.session(settings) as con:
        found = kept(con, build)
    if found is None:
        raise dg.Failure(
            f"This run has no result of step {step!r}. Materialise that step's assets in the same run; "
            "job 'build' runs all steps in order.",
            allow_retries=False,
        )
    return found


def shown_until(instance: dg.DagsterInstance, key: dg.AssetKey) -> datetime:
    """Up to when Dagster knows what happened: what a killed build did not tell, the next one tells."""
    event = instance.get_latest_materialization_event(key)
    made = event.asset_materialization if event else None
    told = made.metadata.get(SHOWN) if made else None
    return datetime.fromisoformat(str(told.value)) if told else NEVER
