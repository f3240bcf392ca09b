"""The gate and the published snapshot."""

import dagster as dg

from dial2deal import publish, transform
from dial2deal.publish import report_queue
from dial2deal.settings import Settings
from dial2deal.warehouse import steps
from orchestration import builds, metadata
from orchestration.defs.transform import MODEL_TESTS
from orchestration.lock import LOCK
from orchestration.rules import current_policy

GATE = dg.AssetKey("gate")
SNAPSHOT = dg.AssetKey(["published", "snapshot"])


def assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Gate and snapshot."""

    @dg.asset(
        key=GATE,
        group_name="publish",
        kinds={"duckdb"},
        owners=["team:data"],
        tags={"layer": "publish"},
        required_resource_keys={LOCK},
        deps=[MODEL_TESTS],
        description="Whether this build may be published. Red when a critical test failed, a reconciliation broke "
        "or, with policy on_held_file: block, a file is held.\n\nGrain: one verdict per build.",
    )
    def gate(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        build = builds.build_id(context.run)
        built = builds.read(settings, build, steps.TRANSFORM, transform.kept)
        if built.partial:
            raise dg.Failure(
                "This run built only the selected models, so nothing is published. Run job 'build', or "
                "select all models.",
                allow_retries=False,
            )
        verdict = publish.gate(settings, current_policy(settings), build, built)
        found = {"verdict": verdict.verdict, "incomplete_files": metadata.incomplete(verdict.incomplete_files)}
        if not verdict.green:
            raise dg.Failure(
                "The gate is red; the earlier snapshot and reports stay in place. " + "; ".join(verdict.reasons),
                metadata={**found, "reasons": metadata.bullets(verdict.reasons)},
                allow_retries=False,
            )
        return dg.MaterializeResult(metadata=found)

    @dg.asset(
        key=SNAPSHOT,
        group_name="publish",
        kinds={"duckdb", "parquet"},
        owners=["team:data"],
        tags={"layer": "publish"},
        required_resource_keys={LOCK},
        deps=[GATE],
        description="published/dial2deal.duckdb and Parquet: the only files that reports, BI tools and people open, "
        "swapped in as a whole.\n\nGrain: all tables of schema marts, one snapshot per build.",
    )
    def snapshot(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        build = builds.build_id(context.run)
        verdict = builds.read(settings, build, steps.GATE, publish.kept)
        result = publish.publish(settings, current_policy(settings), build, verdict)
        due = report_queue.refresh(settings)
        return dg.MaterializeResult(
            metadata={
                "status": "published" if result.changed else "unchanged",
                "snapshot": dg.MetadataValue.path(str(result.snapshot)),
                "made_from": result.base or "nothing new",
                "data_as_of": str(result.as_of_date),
                "rows": metadata.table(["table", "rows"], sorted(result.rows.items())),
                "dates_published": len(result.dates),
                "reports_due": metadata.table(["granularity", "period"], due),
            }
        )

    return [gate, snapshot]
