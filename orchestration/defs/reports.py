"""Daily, weekly and monthly reports as partitioned assets, and the check that the latest one is there."""

import warnings
from collections.abc import Iterator
from datetime import date

import dagster as dg

from dial2deal import published, reports
from dial2deal.publish import phones, report_queue
from dial2deal.settings import Settings
from orchestration import alerts, metadata, partitions
from orchestration.defs.publish import SNAPSHOT
from orchestration.lock import LOCK
from orchestration.rules import current_policy

# One run per range of periods rests on this argument; its notice would stand three times above every command.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=dg.BetaWarning)
# Marks runs for periods that a publication put on the queue.
DUE_TAG = "dial2deal/due"
LATEST_CHECK = "latest_period_is_there"
_UNITS = {"daily": "day", "weekly": "week (Monday to Sunday)", "monthly": "calendar month"}


def key(granularity: str) -> dg.AssetKey:
    """Asset key of one granularity's reports."""
    return dg.AssetKey(["reports", granularity])


def assets(settings: Settings, time_zone: str, first: date) -> list[dg.AssetsDefinition]:
    """One asset per granularity; partitions are periods in the policy's time zone from day ``first`` on."""
    return [
        _report(settings, granularity, definition)
        for granularity, definition in partitions.definitions(time_zone, first).items()
    ]


def _report(settings: Settings, granularity: str, definition: dg.TimeWindowPartitionsDefinition) -> dg.AssetsDefinition:
    @dg.asset(
        key=key(granularity),
        group_name="reports",
        kinds={"html", "excel"},
        owners=["team:sales-operations"],
        tags={"layer": "reports"},
        partitions_def=definition,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[SNAPSHOT],
        required_resource_keys={LOCK},
        output_required=False,
        description=f"HTML page, Excel workbook and JSON of one {_UNITS[granularity]}, read from the published "
        f"snapshot.\n\nGrain: one report per {_UNITS[granularity]}. Only complete periods are rendered.",
    )
    def report(context: dg.AssetExecutionContext) -> Iterator[dg.AssetMaterialization | dg.AssetObservation]:
        rules = current_policy(settings)
        made, done, refused, broken = 0, [], [], []
        for name in context.partition_keys:
            period = partitions.period(granularity, name)
            try:
                result = reports.render(settings, rules, granularity, period, phones.lookup(settings))
            except Exception as error:  # the other periods of the range still get their reports
                context.log.exception("%s could not be rendered", period)
                broken.append(f"{period}: {type(error).__name__}: {error}")
                continue
            if result.skipped_reason:
                refused.append(f"{period}: {result.skipped_reason}")
                done.append((granularity, period))
                yield dg.AssetObservation(
                    key(granularity), partition=name, metadata={"period": period, "not made": result.skipped_reason}
                )
                continue
            done.append((granularity, period))
            made += 1
            # One event per period: an Output would give all periods of a range the same metadata
            # and would call a skipped period materialised.
            yield dg.AssetMaterialization(
                key(granularity),
                partition=name,
                metadata={
                    "period": period,
                    "headline": metadata.bullets(result.headline),
                    **({"left out": metadata.bullets(result.notes)} if result.notes else {}),
                    **metadata.files(settings, result.paths),
                },
            )
        report_queue.refresh(settings, done=done)
        if broken:
            raise dg.Failure(
                f"{len(broken)} of {len(context.partition_keys)} {granularity} report(s) could not be "
                "made. " + "; ".join(broken + refused),
                allow_retries=False,
            )
        if refused:
            context.log.warning("Not made: %s", "; ".join(refused))
        # No data yet is no failure; who named the period learns of it. A due period may turn out to have none.
        if refused and not made and DUE_TAG not in context.run.tags:
            alerts.write(
                settings, context.run, kind=alerts.NOT_MADE, step=f"reports/{granularity}", message="; ".join(refused)
            )

    return report


def checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """For each granularity: the report of the latest complete period of the published data exists."""
    return [_latest_check(settings, granularity) for granularity in partitions.GRANULARITIES]


def _latest_check(settings: Settings, granularity: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=key(granularity),
        name=LATEST_CHECK,
        required_resource_keys={LOCK},
        description="The latest period that the published data completes has its report. Freshness policies "
        "do not look at single partitions.",
    )
    def latest_period_is_there() -> dg.AssetCheckResult:
        info = published.build_info(settings)
        expected = info and reports.expected_latest(
            granularity, info["as_of_date"], info["as_of_at"], current_policy(settings)
        )
        folder = settings.reports / granularity / (expected or "")
        there = bool(expected) and (folder / "report.html").exists()
        return dg.AssetCheckResult(
            passed=there,
            severity=dg.AssetCheckSeverity.WARN,
            description=None if there else f"{expected or 'any period'} is missing: materialise that partition",
            metadata={
                "expected": expected or "none: nothing is published",
                "folder": dg.MetadataValue.path(str(folder)),
            },
        )

    return latest_period_is_there
