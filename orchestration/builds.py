"""Identity of a build and what its steps hand to one another, kept on disk so that a retry finds it."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import dagster as dg

from dial2deal.settings import Settings

_KEEP = 20


def build_id(run: dg.DagsterRun) -> str:
    """A re-execution from the point of failure is the same build, so it bears the first run's id."""
    return run.root_run_id or run.run_id


def save(settings: Settings, build: str, name: str, value: Any) -> None:
    """Keep a plain result object as ``name`` for later steps of this build; replaces atomically."""
    _write(_folder(settings) / build / f"{name}.pickle", value)
    for old in sorted(_folder(settings).iterdir(), key=lambda kept: kept.stat().st_mtime)[:-_KEEP]:
        shutil.rmtree(old, ignore_errors=True)


def read(settings: Settings, build: str, name: str) -> Any:
    """What `save` kept; a Failure that is not retried when the step before has not run."""
    found = find(settings, build, name)
    if found is None:
        raise dg.Failure(
            f"This run has no result of step {name!r}. Materialise that step's assets in the same run; "
            "job 'build' runs all steps in order.", allow_retries=False)
    return found


def find(settings: Settings, build: str, name: str) -> Any | None:
    """What `save` kept, None when the step before has not run."""
    path = _folder(settings) / build / f"{name}.pickle"
    return pickle.loads(path.read_bytes()) if path.exists() else None


def update_models(settings: Settings, changed: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Add the metadata of models just built (by dbt unique id) to what is known of all, and return that.

    The UI shows a table's columns and rows from its latest materialization, so an unchanged one repeats them.
    """
    path = settings.dbt_target / "model_metadata.pickle"
    known = pickle.loads(path.read_bytes()) if path.exists() else {}
    if changed:
        known |= changed
        _write(path, known)
    return known


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_bytes(pickle.dumps(value))
    os.replace(unfinished, path)


def _folder(settings: Settings) -> Path:
    return settings.tmp / "builds"
