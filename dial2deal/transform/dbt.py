"""The one place that runs dbt: in this process, writing nothing into the project's folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dial2deal.preview import mask_text
from dial2deal.settings import Settings

_PARSED_FROM = "parsed_from.txt"


class DbtError(RuntimeError):
    """dbt could not start or parse the project; single failed models and tests are results, not errors."""


@dataclass(frozen=True)
class NodeResult:
    """Outcome of one model or test. ``status`` is dbt's: success, error, skipped, pass, warn, fail.

    ``rows`` is the size of the table after the build (None for tests and views), ``failures`` a test's rows.
    """

    unique_id: str
    name: str
    resource_type: str
    status: str
    seconds: float
    rows: int | None
    message: str | None
    failures: int | None


def project_hash(settings: Settings) -> str:
    """Changes when any file that decides a model's content changes: dbt's project and the parse macros."""
    digest = hashlib.sha256()
    for path in (*_project_files(settings.dbt_project), settings.project_root / "dial2deal" / "parse.sql"):
        digest.update(f"{path.relative_to(settings.project_root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def manifest(settings: Settings) -> dict[str, Any]:
    """dbt's manifest as a dictionary; the project is parsed only when it is not the one parsed last.

    Raises DbtError when the project does not parse.
    """
    path, stamp = settings.dbt_target / "manifest.json", settings.dbt_target / _PARSED_FROM
    current = project_hash(settings)
    if not path.exists() or not stamp.exists() or stamp.read_text(encoding="ascii") != current:
        invoke(settings, ["parse"])
        stamp.write_text(current, encoding="ascii")
    return json.loads(path.read_text(encoding="utf-8"))


def invoke(settings: Settings, arguments: list[str], on_event: Callable[[Any], None] | None = None) -> Any:
    """Run one dbt command and return its result; DbtError when dbt itself failed.

    Imports dbt (about 2 s) on first use. The warehouse must be closed: dbt opens the file itself.
    """
    settings.ensure()
    with _environment(settings):
        from dbt.cli.main import dbtRunner

        arguments = [
            # Silent: dbt would print values of failing rows, among them numbers; results come back masked.
            "--quiet", "--log-level", "none", "--log-level-file", "none", "--no-use-colors", "--no-version-check",
            "--no-send-anonymous-usage-stats",
            *arguments,
            "--project-dir", str(settings.dbt_project), "--profiles-dir", str(settings.dbt_project),
            "--target-path", str(settings.dbt_target), "--log-path", str(settings.dbt_target / "logs"),
        ]
        try:
            outcome = dbtRunner(callbacks=[on_event] if on_event else []).invoke(arguments)
        finally:
            _release_warehouse()
    if outcome.exception is not None:
        raise DbtError(f"dbt failed: {mask_text(str(outcome.exception))}") from None
    return outcome.result


def _release_warehouse() -> None:
    """The adapter keeps its connection, and with it the lock on the file, until the process ends."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    try:
        DuckDBConnectionManager.env().close()
    except Exception:  # the adapter's way of saying that it never connected
        return
    DuckDBConnectionManager.close_all_connections()


@contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    """profiles.yml reads the warehouse's path from the environment; restored afterwards."""
    before = os.environ.get("DIAL2DEAL_WAREHOUSE")
    os.environ["DIAL2DEAL_WAREHOUSE"] = str(settings.warehouse)
    try:
        yield
    finally:
        if before is None:
            del os.environ["DIAL2DEAL_WAREHOUSE"]
        else:
            os.environ["DIAL2DEAL_WAREHOUSE"] = before


def _project_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*")
                  if p.suffix in (".sql", ".yml", ".csv") and "target" not in p.parts and "logs" not in p.parts)
