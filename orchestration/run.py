"""Runs jobs in this process on the installation's Dagster instance, so that they appear in its UI."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

import dagster as dg

from dial2deal.publish import report_queue
from dial2deal.settings import Settings
from orchestration import alerts, console, lock, partitions, verify
from orchestration.definitions import build_definitions
from orchestration.defs.ingest import FILES
from orchestration.defs.jobs import BUILD, REPORT_CHECKS, report_job
from orchestration.defs.publish import SNAPSHOT
from orchestration.defs.reports import DUE_TAG
from orchestration.instance import LOCATION, instance
from orchestration.rules import current_policy

# The UI lists a run under a job's page by this tag, which the daemon sets for the runs that it launches.
# A daemon cannot launch them again: it knows no code location of theirs.
_RUN_TAGS = {
    ".dagster/repository": f"__repository__@{LOCATION}",
    "dial2deal/launched_by": "command line",
    "dagster/max_retries": "0",
}


@dataclass(frozen=True)
class MadeReport:
    """One report that a run rendered: its period, its findings in words, its files, and what was left out."""

    granularity: str
    period: str
    headline: list[str]
    paths: list[str]
    notes: list[str]


@dataclass
class RunOutcome:
    """What became of one run. ``problems`` is empty exactly when it succeeded and materialised all it planned.

    ``published``: the snapshot changed; ``snapshot_from``: what it was made from (spare, copy, none, nothing new).
    """

    job: str
    run_id: str
    problems: list[str] = field(default_factory=list)
    files_new: int = 0
    published: bool = False
    snapshot_from: str | None = None
    reports: list[MadeReport] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


@dataclass
class BuildOutcome:
    """The build's run and the runs of the reports it made due."""

    build: RunOutcome
    reports: list[RunOutcome] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.build.ok and all(run.ok for run in self.reports)

    @property
    def made(self) -> list[MadeReport]:
        """All reports rendered, in the order they were made."""
        return [report for run in self.reports for report in run.reports]


def build(
    settings: Settings,
    *,
    full_refresh: bool = False,
    from_date: date | None = None,
    to_date: date | None = None,
    reports: bool = True,
    reporter: console.Reporter | None = None,
) -> BuildOutcome:
    """Run job ``build``, then the due reports, one run per contiguous range of periods.

    Without ``reports`` the due ones stay queued for the next build.
    """
    config: dict[str, Any] = {"full_refresh": full_refresh}
    if from_date and to_date:
        config |= {"from_date": from_date.isoformat(), "to_date": to_date.isoformat()}
    with _runner(settings, reporter) as runner:
        outcome = BuildOutcome(runner.run(BUILD, "build", run_config={"ops": {"dbt_models": {"config": config}}}))
        if outcome.build.ok and reports and report_queue.pending(settings):
            runner.reload()
            outcome.reports = runner.reports(report_queue.pending(settings), {DUE_TAG: outcome.build.run_id})
            if outcome.reports:
                runner.run(REPORT_CHECKS, "report checks")
        return outcome


def render(
    settings: Settings, granularity: str, periods: Iterable[str], reporter: console.Reporter | None = None
) -> list[RunOutcome]:
    """Render the reports of ``periods`` (``2026-01-05``, ``2026-W02``, ``2026-01``) as runs of their job."""
    with _runner(settings, reporter) as runner:
        return runner.reports([(granularity, period) for period in periods])


@contextmanager
def _runner(settings: Settings, reporter: console.Reporter | None) -> Iterator[_Runner]:
    """Whoever has it works on the installation alone, to the end: two commands at once would make reports twice."""
    reporter = reporter or console.quiet()
    with lock.held(settings, "another dial2deal command", reporter.say), instance(settings) as opened:
        lock.fail_dead_runs(opened, settings)
        yield _Runner(settings, _definitions(settings, reporter), opened, reporter)


@contextmanager
def _sigterm_kept() -> Iterator[None]:
    """Dagster leaves SIGTERM with the handler of SIGINT: after a run, a command in the background would be deaf to it."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread() and before is not None:
            signal.signal(signal.SIGTERM, before)


def _definitions(settings: Settings, reporter: console.Reporter) -> dg.Definitions:
    return build_definitions(settings, loggers={console.LOGGER: console.step_logger(reporter.on_step)})


@dataclass
class _Runner:
    settings: Settings
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    reporter: console.Reporter

    def reload(self) -> None:
        """Take up what a build changed: partitions start where the published data do."""
        self.definitions = _definitions(self.settings, self.reporter)

    def reports(self, periods: list[tuple[str, str]], tags: Mapping[str, str] | None = None) -> list[RunOutcome]:
        """One run per contiguous range of periods."""
        outcomes = []
        over, others = partitions.passed(
            periods, current_policy(self.settings).text("time_zone"), partitions.first_day(self.settings)
        )
        for granularity, period in others:
            outcomes.append(
                RunOutcome(
                    report_job(granularity),
                    "",
                    [
                        f"{period} lies before the first data or is not over yet by this machine's clock; check the "
                        "period, the clock and the dates of the exports."
                    ],
                )
            )
        for part in partitions.ranges(over):
            single = part.first == part.last
            title = f"{part.granularity} report {part.first}" + ("" if single else f" to {part.last}")
            outcomes.append(
                self.run(
                    report_job(part.granularity),
                    title,
                    partition_key=part.first if single else None,
                    tags={**(tags or {}), **({} if single else part.tags)},
                )
            )
        return outcomes

    def run(
        self,
        job: str,
        title: str,
        *,
        run_config: Mapping[str, Any] | None = None,
        partition_key: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> RunOutcome:
        """Execute one job to its end and check that everything it planned is there."""
        resolved, run_id = self.definitions.resolve_job_def(job), str(uuid4())
        with self.reporter.run(title, steps=len(resolved.graph.node_dict)), _sigterm_kept():
            result = resolved.execute_in_process(
                instance=self.instance,
                run_config=console.run_config(run_config),
                partition_key=partition_key,
                run_id=run_id,
                tags={**_RUN_TAGS, **lock.process_tag(run_id), **(tags or {})},
                raise_on_error=False,
            )
        return self._judged(job, result)

    def _judged(self, job: str, result: dg.ExecuteInProcessResult) -> RunOutcome:
        made = [event.materialization for event in result.get_asset_materialization_events()]
        snapshot = next((event.metadata for event in made if event.asset_key == SNAPSHOT), {})
        outcome = RunOutcome(
            job,
            result.run_id,
            files_new=sum(event.metadata["files_new"].value for event in made if event.asset_key == FILES),
            published="status" in snapshot and snapshot["status"].value == "published",
            snapshot_from=snapshot["made_from"].value if snapshot else None,
            reports=[_made_report(event) for event in made if event.asset_key.path[0] == "reports"],
        )
        if not result.success:
            outcome.problems = [alert["message"] for alert in alerts.read(self.settings, result.run_id)]
            outcome.problems = outcome.problems or ["the run failed; its log is in the Dagster UI"]
            return outcome
        outcome.problems = [
            alert["message"] for alert in alerts.read(self.settings, result.run_id) if alert["kind"] == alerts.NOT_MADE
        ]
        missing = verify.not_materialized(self.instance, result.run_id)
        if missing:
            outcome.problems = ["Planned but not materialised: " + ", ".join(missing)]
            alerts.write(
                self.settings, result.dagster_run, kind="not_materialized", step=None, message=outcome.problems[0]
            )
        return outcome


def _made_report(event: dg.AssetMaterialization) -> MadeReport:
    return MadeReport(
        event.asset_key.path[-1],
        event.metadata["period"].value,
        _lines(event, "headline"),
        [value.value for value in event.metadata.values() if isinstance(value, dg.PathMetadataValue)],
        _lines(event, "left out"),
    )


def _lines(event: dg.AssetMaterialization, name: str) -> list[str]:
    """The bullets of one entry of metadata; none where it is not there."""
    text = event.metadata[name].value if name in event.metadata else None
    return [line.removeprefix("- ") for line in (text or "").splitlines()]
