"""One transform: dates, dbt build, results. Nothing dirty means nothing is done and dbt is not even imported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb

from dial2deal import warehouse
from dial2deal.loading import ledger as raw_tables
from dial2deal.policy import Policy
from dial2deal.settings import Settings
from dial2deal.sql import only_row
from dial2deal.transform import dates, dbt, parsed, results
from dial2deal.transform.dbt import NodeResult
from dial2deal.transform.idle import idle_models

# What the tables were last built with completely; a difference means that a build by dates would mix versions.
_BUILT_WITH = "models_built_with"


@dataclass(frozen=True)
class TransformResult:
    """``green`` is False when a model or a test of severity error failed; ``red_reasons`` says which and why.

    ``dates_rebuilt``: fact or feed -> dates, oldest first; empty when nothing changed. ``partial``: only named models
    or tests ran, so that nothing is said of the others.
    """

    changed: bool
    green: bool
    nodes: tuple[NodeResult, ...]
    dates_rebuilt: dict[str, list[dt.date]]
    red_reasons: tuple[str, ...]
    partial: bool = False


def run(
    settings: Settings,
    policy: Policy,
    build_id: str,
    *,
    full_refresh: bool = False,
    date_range: tuple[dt.date, dt.date] | None = None,
    only: Sequence[str] | None = None,
    on_node: Callable[[NodeResult], None] | None = None,
) -> TransformResult:
    """Bring every model up to date with the accepted files and run its tests.

    Rebuilds the dates in ops.dirty_dates with all they entail; everything after a change of the policy or of the
    models, or with ``full_refresh``. ``date_range`` (first, last; inclusive) is rebuilt in addition.
    ``only``: names of models and tests; exactly these run, news or not, and what the next build has to do stays as
    it was. ``on_node`` hears of each finished model and test. Raises DbtError when dbt cannot run at all.
    """
    version = f"{parsed.project_hash(settings)} {policy.version}"
    with warehouse.session(settings) as con:
        raw_tables.prepare(con, policy)
        full = full_refresh or _must_rebuild(con, version)
        work = dates.plan(con, full=full and only is None, date_range=date_range)
        if only is None and not work.needed:
            return TransformResult(changed=False, green=True, nodes=(), dates_rebuilt={}, red_reasons=())
        if full and only is None:
            warehouse.set_state(con, "full_refresh_pending", version)
        idle = [] if full or only is not None else idle_models(con, dbt.manifest(settings))
    outcome = dbt.invoke(
        settings, arguments(full=full, idle=idle, only=only), results.listener(on_node) if on_node else None
    )
    with warehouse.session(settings) as con:
        nodes = results.collect(con, outcome.results)
        results.record(con, build_id, outcome.results)
        reasons = results.red_reasons(outcome.results)
        if only is None and all(node.status == "success" for node in nodes if node.resource_type == "model"):
            _complete(con, version)
        rebuilt = dates.rebuilt(con)
    return TransformResult(
        changed=True,
        green=not reasons,
        nodes=nodes,
        dates_rebuilt=rebuilt,
        red_reasons=reasons,
        partial=only is not None,
    )


def arguments(*, full: bool, idle: Sequence[str], only: Sequence[str] | None) -> list[str]:
    """Of ``dbt build``: everything but the ``idle`` models, or exactly the models and tests named in ``only``."""
    result = ["build", *(["--full-refresh"] if full else [])]
    if only is not None:
        # Empty: a test runs because it is named, not because a model it reads is.
        return [*result, "--indirect-selection", "empty", "--select", *only]
    if idle:
        # Cautious: a test that also reads a busy model runs.
        result += ["--indirect-selection", "cautious", "--exclude", *idle]
    return result


def _must_rebuild(con: duckdb.DuckDBPyConnection, version: str) -> bool:
    built_with = warehouse.get_state(con, _BUILT_WITH)
    if built_with == version:
        return False
    (any_file,) = only_row(con.execute("select count(*) > 0 from ops.export_files where status = 'accepted'"))
    return bool(any_file)


def _complete(con: duckdb.DuckDBPyConnection, version: str) -> None:
    """Every model is at the same state: replaced keys need no longer be remembered."""
    with warehouse.transaction(con):
        con.execute("delete from ops.touched_keys")
        warehouse.set_state(con, _BUILT_WITH, version)
        warehouse.set_state(con, "code_version", version.split(maxsplit=1)[0])
