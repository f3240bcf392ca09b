"""One transform: what changed, dbt, results. Nothing changed means nothing is done and dbt is not even imported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from dial2deal import warehouse
from dial2deal.loading import ledger as raw_tables
from dial2deal.policy import Policy
from dial2deal.settings import Settings
from dial2deal.transform import dates, dbt, nodes, parsed, results
from dial2deal.transform.dbt import NodeResult
from dial2deal.transform.versions import versions
from dial2deal.warehouse import steps

# Project and policy as a whole that everything was last built with; while they are these, no node need be looked at.
_BUILT_WITH = "models_built_with"
_BESIDE = ("reference_data_version", "macros_version")


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

    Rebuilds the dates in ops.dirty_dates with all they entail; over all history what follows from a changed rule or
    model, everything with ``full_refresh``. ``date_range`` (first, last; inclusive) is rebuilt in addition.
    ``only``: names of models and tests; exactly these run, news or not, and what the next build has to do stays as
    it was. ``on_node`` hears of each finished model and test. Raises DbtError when dbt cannot run at all.
    """
    clock = steps.Clock()
    manifest = dbt.manifest(settings)
    with warehouse.session(settings) as con:
        raw_tables.prepare(con, policy)
        build = " ".join(
            (parsed.project_hash(settings), policy.version, *(str(warehouse.get_state(con, name)) for name in _BESIDE))
        )
        is_looked_at = only is None and (full_refresh or not _is_current(con, build))
        known = versions(manifest, policy) if is_looked_at else {}
        changed = set(known) if full_refresh else nodes.stale(con, manifest, known)
        work = dates.plan(con, full=changed >= known.keys() > set(), date_range=date_range)
        chosen = nodes.choose(con, manifest, changed, news=work.needed)
        if only is None and not (chosen.anew or chosen.by_dates):
            if known:
                warehouse.set_state(con, _BUILT_WITH, build)
            return _kept(con, build_id, clock, TransformResult(False, True, (), {}, ()))
        if only is None and chosen.anew:
            dates.add_facts(con)
            warehouse.set_state(con, "full_refresh_pending", build)
    on_event = results.listener(on_node) if on_node else None
    if only is None:
        found = _invoke(settings, manifest, chosen, on_event)
    else:
        found = list(dbt.invoke(settings, arguments(full=False, only=only), on_event).results)
    with warehouse.session(settings) as con:
        done = results.collect(con, found)
        results.record(con, build_id, found)
        reasons = results.red_reasons(found)
        if only is None:
            _settle(con, build, known, chosen, done)
        rebuilt = dates.rebuilt(con)
        return _kept(
            con, build_id, clock, TransformResult(True, not reasons, done, rebuilt, reasons, partial=only is not None)
        )


def kept(con: duckdb.DuckDBPyConnection, build_id: str) -> TransformResult | None:
    """What the transform of one of the last builds found; None when it has not run."""
    found = steps.result_of(con, build_id, steps.TRANSFORM, TransformResult)
    return found and replace(found, nodes=results.nodes_of(con, build_id))


def _kept(
    con: duckdb.DuckDBPyConnection, build_id: str, clock: steps.Clock, result: TransformResult
) -> TransformResult:
    results.record_nodes(con, build_id, result.nodes)
    steps.record(con, build_id, steps.TRANSFORM, clock, replace(result, nodes=()))
    return result


def by_hand(settings: Settings, policy: Policy, words: Sequence[str], say: Callable[[str], None]) -> bool:
    """Run one dbt command as typed, on the dates that the next build would replace; True when all that ran succeeded.

    ``say`` hears dbt's lines, numbers masked. What the next build has to do stays as it was. Raises DbtError.
    """
    with warehouse.session(settings) as con:
        raw_tables.prepare(con, policy)
        if not dates.plan(con, full=False, date_range=None).needed:
            say("No feed has news: models built by date stay as they are; --full-refresh builds them whole.")

    def hear(event: Any) -> None:
        if line := dbt.told(event):
            say(line)

    found = getattr(dbt.invoke(settings, list(words), hear), "results", None) or []
    return not results.red_reasons(result for result in found if hasattr(result, "node"))


def _invoke(
    settings: Settings, manifest: Mapping[str, Any], chosen: nodes.Chosen, on_event: Callable[[Any], None] | None
) -> list[Any]:
    """dbt's results of both parts. Nothing of the first part reads the second; what fails in it leaves that for later."""
    found: list[Any] = []
    everything = {key for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "test")}
    for part, anew in ((chosen.by_dates, False), (chosen.anew, True)):
        if part and not results.red_reasons(found):
            names = None if everything <= set(part) else [manifest["nodes"][key]["name"] for key in part]
            found += dbt.invoke(settings, arguments(full=anew, only=names), on_event).results
    return found


def arguments(*, full: bool, only: Sequence[str] | None) -> list[str]:
    """Of ``dbt build``: everything, or exactly the models and tests named in ``only``."""
    result = ["build", *(["--full-refresh"] if full else [])]
    # Empty: a test runs because it is named, not because a model it reads is.
    return result if only is None else [*result, "--indirect-selection", "empty", "--select", *only]


def _is_current(con: duckdb.DuckDBPyConnection, build: str) -> bool:
    """Whether everything was built with these models and rules, or nothing can be: no file was accepted yet."""
    if warehouse.get_state(con, _BUILT_WITH) == build:
        return True
    return con.execute("select 1 from ops.export_files where status = 'accepted' limit 1").fetchone() is None


def _settle(
    con: duckdb.DuckDBPyConnection,
    build: str,
    known: Mapping[str, str],
    chosen: nodes.Chosen,
    done: Sequence[NodeResult],
) -> None:
    """Keep what was built; when every model is at the same state, replaced keys need no longer be remembered.

    A test that failed is forgotten, so that the next build asks it again even if nothing that it reads has news.
    """
    good = {node.unique_id for node in done if node.status in ("success", "pass", "warn")}
    ran = {node.unique_id for node in done}
    models = {node.unique_id for node in done if node.resource_type == "model"}
    planned = {*chosen.by_dates, *chosen.anew}
    with warehouse.transaction(con):
        nodes.forget(con, (ran - models - good) | (planned - ran - models) | (set(chosen.anew) - good))
        nodes.record(con, known, good & (set(chosen.anew) | set(chosen.by_dates) - models))
        if models <= good and planned <= ran:
            con.execute("delete from ops.touched_keys")
            warehouse.set_state(con, "code_version", build.split(maxsplit=1)[0])
        warehouse.set_state(con, _BUILT_WITH, build if planned <= good else None)
