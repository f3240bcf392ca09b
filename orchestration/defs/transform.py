"""dbt's models as assets and its tests as checks, built in process by ``dial2deal.transform``."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import dagster as dg
from pydantic import Field

from dial2deal import lineage, transform, warehouse
from dial2deal.preview import columns_of, mask_text, shapes
from dial2deal.settings import Settings
from orchestration import builds, metadata, models
from orchestration.defs.ingest import feeds, raw_key
from orchestration.instance import POOL
from orchestration.rules import current_policy

STEP = "transform"
_SHOWN_SOURCES = 6
_OUTCOMES = {"pass": "passed", "success": "passed", "fail": "failed", "warn": "failed",
             "error": "not_evaluable", "runtime error": "not_evaluable", "skipped": "skipped"}


class TransformConfig(dg.Config):
    """What to rebuild beyond the dates that new files touched."""

    full_refresh: bool = Field(default=False, description="Rebuild every model over the whole history.")
    from_date: str = Field(default="", description="First date to rebuild, YYYY-MM-DD; needs to_date.")
    to_date: str = Field(default="", description="Last date to rebuild, YYYY-MM-DD, included.")

    def date_range(self) -> tuple[date, date] | None:
        """Both dates or None; a Failure when only one is given, one is no date, or the order is wrong."""
        if not self.from_date and not self.to_date:
            return None
        try:
            first, last = date.fromisoformat(self.from_date), date.fromisoformat(self.to_date)
        except ValueError as error:
            raise dg.Failure(f"from_date and to_date must both be dates like 2026-01-05: {error}",
                             allow_retries=False) from error
        if first > last:
            raise dg.Failure(f"from_date {first} is after to_date {last}", allow_retries=False)
        return first, last


def bookkeeping() -> dg.AssetSpec:
    """The tables of schema ops, which loading and auditing write and the models read."""
    return dg.AssetSpec(models.BOOKKEEPING, deps=[raw_key(feed) for feed in feeds()], group_name="raw",
                        kinds={"duckdb"}, owners=["team:data"],
                        description="Files delivered, quarantine, check results and dates to rebuild.\n\n"
                                    "Grain: one row per file, quarantined value, check result or date.")


def assets(settings: Settings, manifest: Mapping[str, Any]) -> list:
    """All models as one step: a touched date is rebuilt in every model of the same build or in none."""
    checks = models.check_specs(manifest)

    @dg.multi_asset(name="dbt_models", specs=models.asset_specs(manifest), check_specs=list(checks.values()),
                    can_subset=True, pool=POOL)
    def dbt_models(context: dg.AssetExecutionContext, config: TransformConfig) -> Iterator[Any]:
        rules = current_policy(settings)
        build = builds.build_id(context.run)
        result = transform.run(
            settings, rules, build, full_refresh=config.full_refresh, date_range=config.date_range(),
            on_node=lambda node: context.log.info("%s %s", node.status, node.name),
        )
        builds.save(settings, build, STEP, result)
        yield from _materializations(context, settings, manifest, result)
        yield from _check_results(context, manifest, checks, result)
        failed = [node for node in result.nodes
                  if node.resource_type not in ("test", "unit_test") and node.status not in ("success", "skipped")]
        if failed:
            raise dg.Failure(
                f"{len(failed)} model(s) failed: {', '.join(node.name for node in failed)}", allow_retries=False,
                metadata={node.name: mask_text(node.message or node.status) for node in failed})

    return [bookkeeping(), dbt_models]


def _materializations(context: dg.AssetExecutionContext, settings: Settings, manifest: Mapping[str, Any],
                      result: Any) -> Iterator[dg.MaterializeResult]:
    keys = {unique_id: key for unique_id, key in models.model_ids(manifest).items()
            if key in context.selected_asset_keys}
    nodes = {node.unique_id: node for node in result.nodes if node.status == "success"}
    ran = {node.unique_id for node in result.nodes}
    shown = _metadata_of(settings, manifest, [unique_id for unique_id in keys if unique_id in nodes])
    known = builds.update_models(settings, shown)
    # One loop: Dagster refuses a model that is reported before one that it reads, built or idle.
    for unique_id, key in keys.items():
        if unique_id in nodes:
            yield dg.MaterializeResult(asset_key=key, metadata={
                **shown[unique_id], "status": "built", "seconds": round(nodes[unique_id].seconds, 2)})
        elif unique_id not in ran:
            # dbt leaves out the staging of feeds without news.
            yield dg.MaterializeResult(asset_key=key, metadata={**known.get(unique_id, {}), "status": "unchanged"})


def _metadata_of(settings: Settings, manifest: Mapping[str, Any], built: list[str]) -> dict[str, dict[str, Any]]:
    """Shape, preview and column lineage of models just built, by dbt unique id."""
    if not built:
        return {}
    owner = models.owner_of(manifest)
    relations = {unique_id: models.relation(manifest["nodes"][unique_id]) for unique_id in built}
    with warehouse.session(settings) as con:
        excerpts = shapes(con, relations.values())
        columns = columns_of(con, owner)
    origins = lineage.column_lineage(settings, manifest, columns, built)
    shown = {}
    for unique_id, where in relations.items():
        deps = origins.get(unique_id, {})
        described = _described(models.column_descriptions(manifest["nodes"][unique_id]), deps)
        shown[unique_id] = metadata.of_shape(excerpts.get(where), described)
        if deps:
            shown[unique_id]["dagster/column_lineage"] = _table_lineage(deps, owner)
    return shown


def _described(descriptions: Mapping[str, str], columns: lineage.ColumnDeps) -> dict[str, str]:
    """Descriptions that end with the columns upstream: the open-source UI shows lineage of columns only as JSON."""
    result = dict(descriptions)
    for column, deps in columns.items():
        names = [".".join(dep) for dep in deps[:_SHOWN_SOURCES]]
        if names:
            more = f" and {len(deps) - len(names)} more" if len(deps) > len(names) else ""
            result[column] = f"{result.get(column, '')} ← {', '.join(names)}{more}".strip()
    return result


def _table_lineage(columns: lineage.ColumnDeps, owner: Mapping[tuple[str, str], dg.AssetKey]) -> dg.TableColumnLineage:
    """Dagster's form of a lineage; tables that share one asset in the graph (policy, ops) share columns too."""
    return dg.TableColumnLineage({
        column: [dg.TableColumnDep(key, source) for key, source in sorted(
            {(owner[(schema, table)], source) for schema, table, source in deps if (schema, table) in owner})]
        for column, deps in columns.items()})


def _check_results(context: dg.AssetExecutionContext, manifest: Mapping[str, Any],
                   checks: Mapping[str, dg.AssetCheckSpec], result: Any) -> Iterator[dg.AssetCheckResult]:
    """One result per dbt test that ran; a test that broke is 'could not be evaluated', never bad data."""
    for node in result.nodes:
        spec = checks.get(node.unique_id)
        if spec is None or spec.key not in context.selected_asset_check_keys:
            continue
        outcome = _OUTCOMES.get(node.status, "not_evaluable")
        if outcome == "skipped":
            continue
        yield dg.AssetCheckResult(
            asset_key=spec.asset_key, check_name=spec.name, passed=outcome == "passed",
            severity=(dg.AssetCheckSeverity.ERROR if models.is_critical(manifest["nodes"][node.unique_id])
                      else dg.AssetCheckSeverity.WARN),
            description="could not be evaluated" if outcome == "not_evaluable" else None,
            metadata={"outcome": outcome, "rows_failed": int(node.failures or 0),
                      "message": mask_text(node.message or ""), "seconds": round(node.seconds, 2)},
        )
