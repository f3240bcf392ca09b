"""One transform: dates, dbt build, results. Nothing dirty means nothing is done and dbt is not even imported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb

from dial2deal import warehouse
from dial2deal.exports import manifest as raw_tables
from dial2deal.settings import Settings
from dial2deal.transform import dates, dbt, parsed, results
from dial2deal.transform.dbt import NodeResult

# What the tables were last built with completely; a difference means that a build by dates would mix versions.
_BUILT_WITH = "models_built_with"


@dataclass(frozen=True)
class TransformResult:
    """``green`` is False when a model or a test of severity error failed; ``red_reasons`` says which and why.

    ``dates_rebuilt``: fact or feed -> dates, oldest first; empty when nothing changed.
    """

    changed: bool
    green: bool
    nodes: tuple[NodeResult, ...]
    dates_rebuilt: dict[str, list[dt.date]]
    red_reasons: tuple[str, ...]


def run(settings: Settings, policy: Any, build_id: str, *, full_refresh: bool = False,
        date_range: tuple[dt.date, dt.date] | None = None,
        on_node: Callable[[NodeResult], None] | None = None) -> TransformResult:
    """Bring every model up to date with the accepted files and run its tests.

    Rebuilds the dates in ops.dirty_dates with all they entail; everything after a change of the policy or of the
    models, or with ``full_refresh``. ``date_range`` (first, last; inclusive) is rebuilt in addition.
    ``on_node`` hears of each finished model and test. Raises DbtError when dbt cannot run at all.
    """
    version = f"{parsed.project_hash(settings)} {policy.version}"
    with warehouse.session(settings) as con:
        raw_tables.prepare(con, policy)
        full = full_refresh or _must_rebuild(con, version)
        work = dates.plan(con, full=full, date_range=date_range)
        if not work.needed:
            return TransformResult(changed=False, green=True, nodes=(), dates_rebuilt={}, red_reasons=())
        if work.full:
            warehouse.set_state(con, "full_refresh_pending", version)
        idle = [] if work.full else dates.idle_models(con)
    arguments = ["build", *(["--full-refresh"] if work.full else [])]
    if idle:
        # Cautious: a test that also reads a busy model runs.
        arguments += ["--indirect-selection", "cautious", "--exclude", *idle]
    outcome = dbt.invoke(settings, arguments, results.listener(on_node) if on_node else None)
    with warehouse.session(settings) as con:
        nodes = results.collect(con, outcome.results)
        results.record(con, build_id, outcome.results)
        reasons = results.red_reasons(outcome.results)
        if all(node.status == "success" for node in nodes if node.resource_type == "model"):
            _complete(con, version)
        rebuilt = dates.rebuilt(con)
    return TransformResult(changed=True, green=not reasons, nodes=nodes, dates_rebuilt=rebuilt, red_reasons=reasons)


def _must_rebuild(con: duckdb.DuckDBPyConnection, version: str) -> bool:
    built_with = warehouse.get_state(con, _BUILT_WITH)
    if built_with == version:
        return False
    (any_file,) = con.execute("select count(*) > 0 from ops.export_files where status = 'accepted'").fetchone()
    return bool(any_file)


def _complete(con: duckdb.DuckDBPyConnection, version: str) -> None:
    """Every model is at the same state: replaced keys need no longer be remembered."""
    with warehouse.transaction(con):
        con.execute("delete from ops.touched_keys")
        warehouse.set_state(con, _BUILT_WITH, version)
        warehouse.set_state(con, "code_version", version.split()[0])


