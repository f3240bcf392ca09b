"""The one place that runs dbt: in this process, writing nothing into the project's folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dial2deal.privacy import mask_text
from dial2deal.settings import Settings
from dial2deal.transform import parsed

_SHOWN_LEVELS = ("info", "warn", "error")


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


def manifest(settings: Settings) -> dict[str, Any]:
    """dbt's manifest as a dictionary; the project is parsed only when it is not the one parsed last.

    Raises DbtError when the project does not parse.
    """
    return parsed.manifest(settings, lambda: invoke(settings, ["parse"]))


def invoke(settings: Settings, arguments: list[str], on_event: Callable[[Any], None] | None = None) -> Any:
    """Run one dbt command and return its result; DbtError when dbt itself failed.

    Imports dbt (2 to 5 CPU s) on first use. The warehouse must be closed: dbt opens the file itself.
    """
    settings.ensure()
    parsing = arguments == ["parse"]
    if not parsing:
        manifest(settings)
    with _environment(settings):
        from dbt.cli.main import dbtRunner

        arguments = [
            # Silent: dbt would print values of failing rows, among them numbers; results come back masked.
            "--quiet",
            "--log-level",
            "none",
            "--log-level-file",
            "none",
            "--no-use-colors",
            "--no-version-check",
            "--no-send-anonymous-usage-stats",
            *arguments,
            "--project-dir",
            str(settings.dbt_project),
            "--profiles-dir",
            str(settings.dbt_project),
            "--target-path",
            str(settings.dbt_target),
            "--log-path",
            str(settings.dbt_target / "logs"),
        ]
        try:
            project = None if parsing else parsed.loaded(settings)
            outcome = dbtRunner(manifest=project, callbacks=[on_event] if on_event else []).invoke(arguments)
        finally:
            _release_warehouse()
    if outcome.exception is not None:
        raise DbtError(f"dbt failed: {mask_text(str(outcome.exception))}") from None
    return outcome.result


def told(event: Any) -> str | None:
    """What dbt would print of an event, with numbers masked; None of its inner life."""
    if event.info.level not in _SHOWN_LEVELS or not event.info.msg.strip():
        return None
    return mask_text(event.info.msg)


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
