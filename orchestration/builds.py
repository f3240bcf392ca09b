"""Identity of a build and what its steps hand to one another, kept on disk so that a retry finds it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
from pydantic import TypeAdapter

from dial2deal import storage
from dial2deal.settings import Settings

_KEEP = 20
Kind = TypeVar("Kind")


def build_id(run: dg.DagsterRun) -> str:
    """A re-execution from the point of failure is the same build, so it bears the first run's id."""
    return run.root_run_id or run.run_id


def save(settings: Settings, build: str, name: str, value: Any) -> None:
    """Keep a data class as ``name`` for later steps of this build; replaces atomically."""
    storage.write(_folder(settings) / build / f"{name}.json", TypeAdapter(type(value)).dump_json(value))
    for old in sorted(_folder(settings).iterdir(), key=lambda kept: kept.stat().st_mtime)[:-_KEEP]:
        shutil.rmtree(old, ignore_errors=True)


def read(settings: Settings, build: str, name: str, kind: type[Kind]) -> Kind:
    """What `save` kept; a Failure that is not retried when the step before has not run."""
    found = find(settings, build, name, kind)
    if found is None:
        raise dg.Failure(
            f"This run has no result of step {name!r}. Materialise that step's assets in the same run; "
            "job 'build' runs all steps in order.",
            allow_retries=False,
        )
    return found


def find(settings: Settings, build: str, name: str, kind: type[Kind]) -> Kind | None:
    """What `save` kept, None when the step before has not run or what it kept cannot be read (another version)."""
    try:
        return TypeAdapter(kind).validate_json((_folder(settings) / build / f"{name}.json").read_bytes())
    except (OSError, ValueError):
        return None


def _folder(settings: Settings) -> Path:
    return settings.tmp / "builds"
