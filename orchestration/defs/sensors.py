"""New files start a build; a build's due reports are requested; failures and gaps leave an alert record."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg

from dial2deal.publish import report_queue
from dial2deal.settings import Settings
from orchestration import alerts, landing, partitions, verify
from orchestration.defs.jobs import BUILD, BUILD_AND_DAILY, report_job
from orchestration.defs.reports import DUE_TAG
from orchestration.rules import current_policy

_LANDING_SECONDS = 30


def sensors(
    settings: Settings, jobs: list[Any], first: date, status: dg.DefaultSensorStatus
) -> list[dg.SensorDefinition]:
    """All sensors of one installation whose partitions start on day ``first``.

    None of them opens the warehouse: a running build holds it.
    """
    by_name = {job.name: job for job in jobs}
    report_jobs = [by_name[report_job(granularity)] for granularity in partitions.GRANULARITIES]

    @dg.sensor(
        name="landing_files",
        job=by_name[BUILD],
        minimum_interval_seconds=_LANDING_SECONDS,
        default_status=status,
        description="Starts one build for all files that are new or changed in landing/, once their size "
        "and time were the same in two looks.",
    )
    def landing_files(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        stable_seconds = current_policy(settings).number("landing.stable_seconds")
        tick = landing.look(settings.landing, context.cursor, stable_seconds, landing.built(settings))
        if tick.ready:
            return dg.SensorResult(
                run_requests=[dg.RunRequest(run_key=tick.batch_key, tags={"dial2deal/files": str(len(tick.ready))})],
                cursor=tick.cursor,
            )
        reason = f"{len(tick.waiting)} file(s) still arriving" if tick.waiting else "nothing new in landing"
        return dg.SensorResult(skip_reason=reason, cursor=tick.cursor)

    @dg.run_status_sensor(
        name="due_reports",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[by_name[BUILD], by_name[BUILD_AND_DAILY]],
        request_jobs=report_jobs,
        default_status=status,
        description="After a build: requests the reports whose periods it changed, one run per range.",
    )
    def due_reports(context: dg.RunStatusSensorContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        yield from report_requests(settings, context.dagster_run.run_id, first)

    @dg.run_status_sensor(
        name="due_reports_after_failed_report",
        run_status=dg.DagsterRunStatus.FAILURE,
        monitored_jobs=[by_name[BUILD_AND_DAILY]],
        request_jobs=report_jobs,
        default_status=status,
        description="When the day's report failed after its build, the other due reports are still requested.",
    )
    def due_reports_after_failed_report(context: dg.RunStatusSensorContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        yield from report_requests(settings, context.dagster_run.run_id, first)

    @dg.run_status_sensor(
        name="everything_materialized",
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=status,
        description="A successful run must have materialised everything it planned; what is missing is alerted.",
    )
    def everything_materialized(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        run = context.dagster_run
        missing = verify.not_materialized(context.instance, run.run_id)
        if not missing:
            return dg.SkipReason("everything planned was materialised")
        alerts.write(
            settings,
            run,
            kind="not_materialized",
            step=None,
            message="Planned but not materialised: " + ", ".join(missing),
        )
        return None

    @dg.run_failure_sensor(
        name="failed_runs",
        default_status=status,
        description="Writes an alert for a failed run whose own steps could not (killed, crashed, never started).",
    )
    def failed_runs(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        run = context.dagster_run
        if alerts.read(settings, run.run_id):
            return dg.SkipReason("the run has written its alert itself")
        alerts.write(settings, run, kind="run_failed", step=None, message=context.failure_event.message or "")
        return None

    return [landing_files, due_reports, due_reports_after_failed_report, everything_materialized, failed_runs]


def report_requests(settings: Settings, run_id: str, first: date) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per contiguous range of due periods, from the queue's copy beside the snapshot."""
    over, rest = partitions.passed(report_queue.pending(settings), current_policy(settings).text("time_zone"), first)
    due = partitions.ranges(over)
    if not due and rest:
        yield dg.SkipReason(
            f"{len(rest)} due period(s) have no partition: reload the code location for data older "
            "than before; periods ahead of the clock wait for it"
        )
    elif not due:
        yield dg.SkipReason("no report is due")
    for part in due:
        yield dg.RunRequest(
            job_name=report_job(part.granularity),
            run_key=f"{run_id}:{part.granularity}:{part.first}:{part.last}",
            partition_key=part.first if part.first == part.last else None,
            tags={DUE_TAG: run_id, **({} if part.first == part.last else part.tags)},
        )
