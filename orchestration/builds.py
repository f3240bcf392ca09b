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
    path = _folder(settings) / build / f"{name}.pickle"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_bytes(pickle.dumps(value))
    os.replace(unfinished, path)
    for old in sorted(_folder(settings).iterdir(), key=lambda kept: kept.stat().st_mtime)[:-_KEEP]:
        shutil.rmtree(old, ignore_errors=True)


def read(settings: Settings, build: str, name: str) -> Any:
    """What `save` kept; a Failure that is not retried when the step before has not run."""
    path = _folder(settings) / build / f"{name}.pickle"
    if not path.exists():
        raise dg.Failure(
            f"This run has no result of step {name!r}. Materialise that step's assets in the same run; "
            "job 'build' runs all steps in order.", allow_retries=False)
    return pickle.loads(path.read_bytes())


def _folder(settings: Settings) -> Path:
    return settings.tmp / "builds"
