"""dbt's models as assets and its tests as checks, built in process by ``dial2deal.transform``."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import Any

import dagster as dg
from pydantic import Field

from dial2deal import publish, transform, warehouse
from dial2deal.privacy import mask_text
from dial2deal.settings import Settings
from dial2deal.transform import lineage
from dial2deal.transform.preview import columns_of, shapes
from orchestration import builds, metadata, models, verify
from orchestration.lock import LOCK
from orchestration.rules import current_policy

MODELS_STEP = "dbt_models"
MODEL_TESTS = dg.AssetKey(["ops", "model_tests"])
_SHOWN_SOURCES = 6
_OUTCOMES = {
    "pass": "passed",
    "success": "passed",
    "fail": "failed",
    "warn": "failed",
    "error": "not_evaluable",
    "runtime error": "not_evaluable",
    "skipped": "skipped",
}


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
            raise dg.Failure(
                f"from_date and to_date must both be dates like 2026-01-05: {error}", allow_retries=False
            ) from error
        if first > last:
            raise dg.Failure(f"from_date {first} is after to_date {last}", allow_retries=False)
        return first, last


def model_tests(manifest: Mapping[str, Any]) -> dg.AssetSpec:
    """What the tests found: there after every transform, so that the gate gives its verdict on failed ones too."""
    layers = models.keys_by_layer(manifest)
    return dg.AssetSpec(
        MODEL_TESTS,
        deps=[*layers["quality"], *layers["published"]],
        group_name="publish",
        kinds={"dbt"},
        owners=["team:data"],
        tags={"layer": "publish"},
        description="What dbt's tests found in this build; the gate judges it.\n\n"
        "Grain: one verdict of all tests per build.",
    )


def assets(settings: Settings, manifest: Mapping[str, Any]) -> list[Any]:
    """All models as one step: a touched date is rebuilt in every model of the same build or in none."""
    checks = models.check_specs(manifest)

    @dg.multi_asset(
        name=MODELS_STEP,
        specs=[*models.asset_specs(manifest), model_tests(manifest)],
        check_specs=list(checks.values()),
        can_subset=True,
        required_resource_keys={LOCK},
    )
    def dbt_models(context: dg.AssetExecutionContext, config: TransformConfig) -> Iterator[Any]:
        rules, build = current_policy(settings), builds.build_id(context.run)
        done = count(1)
        result = transform.run(
            settings,
            rules,
            build,
            full_refresh=config.full_refresh,
            date_range=config.date_range(),
            only=_only(context, manifest, checks),
            on_node=lambda node: _log(context, next(done), node),
        )
        yield from _materializations(context, settings, manifest, result)
        tested = _tested(context, settings, manifest, checks, result)
        yield from tested.planned
        yield from (metadata.evaluation(found) for found in tested.news)
        broken = [
            node
            for node in result.nodes
            if node.resource_type not in ("test", "unit_test") and node.status not in ("success", "skipped")
        ]
        if broken and not result.partial:
            publish.gate(settings, rules, build, result)  # keeps the red verdict, which this run does not reach
        if broken or (result.partial and not result.green):
            raise dg.Failure(
                "; ".join(mask_text(reason) for reason in result.red_reasons),
                allow_retries=False,
                metadata={node.name: mask_text(node.message or node.status) for node in broken},
            )
        if MODEL_TESTS in context.selected_asset_keys:
            found = Counter(_OUTCOMES.get(n.status, "not_evaluable") for n in result.nodes if n.unique_id in checks)
            ran = {node.unique_id for node in result.nodes}
            unchanged = [key for unique_id, key in models.model_ids(manifest).items() if unique_id not in ran]
            yield dg.MaterializeResult(
                asset_key=MODEL_TESTS,
                metadata={
                    "status": "checked" if result.changed else "unchanged",
                    verify.UNCHANGED: [key.to_user_string() for key in unchanged],
                    "tests_passed": found["passed"],
                    "tests_failed": found["failed"],
                    "tests_not_evaluable": found["not_evaluable"],
                    "tests_not_reached": found["skipped"],
                    "reasons": metadata.bullets(result.red_reasons),
                    builds.SHOWN: str(tested.until),
                },
            )

    return [dbt_models]


def _only(
    context: dg.AssetExecutionContext, manifest: Mapping[str, Any], checks: Mapping[str, dg.AssetCheckSpec]
) -> list[str] | None:
    """dbt names of the selected models and tests; None when all models are: then all tests that have a reason run."""
    wanted = {unique_id for unique_id, key in models.model_ids(manifest).items() if key in context.selected_asset_keys}
    if len(wanted) == len(models.model_ids(manifest)):
        return None
    tests = {unique_id for unique_id, spec in checks.items() if spec.key in context.selected_asset_check_keys}
    return sorted(manifest["nodes"][unique_id]["name"] for unique_id in wanted | tests)


def _log(context: dg.AssetExecutionContext, done: int, node: transform.NodeResult) -> None:
    """A line for each model, and for each test that did not pass: their results follow as check results anyway."""
    if node.resource_type != "test" or node.status != "pass":
        context.log.info("%d done, %s: %s", done, node.status, node.name)


def _materializations(
    context: dg.AssetExecutionContext,
    settings: Settings,
    manifest: Mapping[str, Any],
    result: transform.TransformResult,
) -> Iterator[dg.MaterializeResult]:
    """One per model that was built, upstream first; what nothing touched keeps its last one in the UI."""
    seconds = {node.unique_id: round(node.seconds, 2) for node in result.nodes if node.status == "success"}
    keys = {
        unique_id: key
        for unique_id, key in models.model_ids(manifest).items()
        if unique_id in seconds and key in context.selected_asset_keys
    }
    shown = _shown(settings, manifest, list(keys))
    for unique_id, key in keys.items():
        found = metadata.of_model(shown[unique_id], models.owner_of(manifest))
        yield dg.MaterializeResult(asset_key=key, metadata={**found, "seconds": seconds[unique_id]})


def _shown(settings: Settings, manifest: Mapping[str, Any], built: list[str]) -> dict[str, dict[str, Any]]:
    """Shape, preview, SQL and column lineage of models just built, by dbt unique id, in plain values."""
    if not built:
        return {}
    relations = {unique_id: models.relation(manifest["nodes"][unique_id]) for unique_id in built}
    with warehouse.session(settings) as con:
        excerpts = shapes(con, relations.values())
        columns = columns_of(con, models.owner_of(manifest))
    origins = lineage.column_lineage(settings, manifest, columns, built)
    shown = {}
    for unique_id, where in relations.items():
        node, deps, shape = manifest["nodes"][unique_id], origins.get(unique_id, {}), excerpts.get(where)
        described = _described(models.column_descriptions(node), deps)
        shown[unique_id] = {
            "columns": [[name, kind, described.get(name) or None] for name, kind in shape.columns] if shape else [],
            "rows": shape.rows if shape else None,
            "preview": shape.preview if shape else None,
            "lineage": deps,
            "sql": _sql(settings, node),
        }
    return shown


def _sql(settings: Settings, node: Mapping[str, Any]) -> str:
    """The SQL that dbt ran for a model, names resolved; as written while it never ran."""
    compiled = settings.dbt_target / "compiled" / node["package_name"] / node["original_file_path"]
    text = compiled.read_text(encoding="utf-8") if compiled.exists() else node["raw_code"]
    return text.strip()


def _described(descriptions: Mapping[str, str], columns: lineage.ColumnDeps) -> dict[str, str]:
    """Descriptions that end with the columns upstream: the open-source UI shows lineage of columns only as JSON."""
    result = dict(descriptions)
    for column, deps in columns.items():
        names = [".".join(dep) for dep in deps[:_SHOWN_SOURCES]]
        if names:
            more = f" and {len(deps) - len(names)} more" if len(deps) > len(names) else ""
            result[column] = f"{result.get(column, '')} ← {', '.join(names)}{more}".strip()
    return result


@dataclass(frozen=True)
class _Tested:
    """Results of checks that the run planned, of others with news, and until when (UTC) all results are told."""

    planned: list[dg.AssetCheckResult]
    news: list[dg.AssetCheckResult]
    until: datetime


def _tested(
    context: dg.AssetExecutionContext,
    settings: Settings,
    manifest: Mapping[str, Any],
    checks: Mapping[str, dg.AssetCheckSpec],
    result: transform.TransformResult,
) -> _Tested:
    """The results of this build's tests, and the last one of those that it had no reason to run but were asked for."""
    ran = {node.unique_id: node for node in result.nodes}
    shown = builds.shown_until(context.instance, MODEL_TESTS)
    with warehouse.session(settings) as con:
        known = transform.latest_tests(con)
    planned, news = [], []
    for unique_id, spec in checks.items():
        props = manifest["nodes"][unique_id]
        last, node = known.get(props["name"]), ran.get(unique_id)
        told = planned if spec.key in context.selected_asset_check_keys else news
        if told is news and node is None and (last is None or last.checked_at <= shown):
            continue
        found = _check_result(spec, props, node, last)
        if found is not None:
            told.append(found)
    return _Tested(planned, news, max((last.checked_at for last in known.values()), default=builds.NEVER))


def _check_result(
    spec: dg.AssetCheckSpec,
    props: Mapping[str, Any],
    node: transform.NodeResult | None,
    last: transform.TestOutcome | None,
) -> dg.AssetCheckResult | None:
    """None for a test that was skipped or never ran. One that broke is 'could not be evaluated', never bad data."""
    if node is not None:
        outcome = _OUTCOMES.get(node.status, "not_evaluable")
        found = {
            "rows_failed": int(node.failures or 0),
            "message": mask_text(node.message or ""),
            "seconds": round(node.seconds, 2),
            "status": "checked",
        }
    elif last is not None:
        outcome = last.outcome
        found = {"rows_failed": last.rows_failed, "message": mask_text(last.message or ""), "status": "unchanged"}
    else:
        return None
    if outcome == "skipped":
        return None
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=outcome == "passed",
        severity=dg.AssetCheckSeverity.ERROR if models.is_critical(props) else dg.AssetCheckSeverity.WARN,
        description="could not be evaluated" if outcome == "not_evaluable" else None,
        metadata={"outcome": outcome, **found},
    )
