"""Expectation suites on ``raw/<feed>`` as asset checks, and the quality report."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg
import duckdb

from dial2deal import audit, warehouse
from dial2deal.audit.latest import LatestOutcome, latest_outcomes
from dial2deal.policy import Policy
from dial2deal.publish.verdict import IncompleteFile, incomplete_files
from dial2deal.settings import Settings
from dial2deal.warehouse import steps
from orchestration import builds, metadata
from orchestration.defs.ingest import FILES, OWNERS, feeds, loaded_at, raw_key
from orchestration.defs.transform import MODEL_TESTS
from orchestration.lock import LOCK
from orchestration.metadata import evaluation
from orchestration.models import BOOKKEEPING
from orchestration.rules import current_policy

# The check of each feed that every file of it is in use.
HELD_FILES = "every_file_used"
AUDIT_STEP = "audit"
_SAMPLES = 20


def checks(settings: Settings, *, on_held_file: str) -> list[dg.AssetChecksDefinition]:
    """All feeds' checks, to be asked for by hand. ``on_held_file`` (policy) decides whether critical checks block.

    The build does not plan them: its step `audit` tells the results of feeds with news, and the others stand.
    """
    suites = _suites(settings)
    specs = [spec for feed in feeds() for spec in _specs(feed, suites[feed], block=on_held_file == "block")]

    @dg.multi_asset_check(name="audit_checks", specs=specs, can_subset=True, required_resource_keys={LOCK})
    def asked(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        wanted = context.selected_asset_check_keys
        chosen = {key.asset_key.path[-1] for key in wanted}
        found = _audited(settings, builds.build_id(context.run), chosen)
        for feed in sorted(chosen):
            results = found.results(feed, suites[feed])
            yield from (result for result in results if dg.AssetCheckKey(raw_key(feed), result.check_name) in wanted)

    return [asked]


def _suites(settings: Settings) -> dict[str, list[audit.CheckSpec]]:
    suites = defaultdict(list)
    for spec in audit.checks(settings):
        suites[spec.feed].append(spec)
    return suites


@dataclass(frozen=True)
class _Audited:
    """Where the files stand after an audit: latest results, files that are not used, when each feed had news."""

    judged: frozenset[str]
    outcomes: dict[tuple[str, str], list[LatestOutcome]]
    incomplete: list[IncompleteFile]
    news_at: dict[str, datetime]
    on_held_file: str

    def results(self, feed: str, suite: list[audit.CheckSpec]) -> Iterator[dg.AssetCheckResult]:
        """Of all checks of a feed; one that never had a file says only that none is held."""
        yield held_result(feed, self.incomplete, self.on_held_file)
        if any(name == feed for name, _ in self.outcomes):
            for check in suite:
                yield check_result(
                    feed,
                    check.check_name,
                    check.severity,
                    self.outcomes.get((feed, check.check_name), []),
                    unchanged=feed not in self.judged,
                )


def _audited(settings: Settings, build: str, chosen: set[str] | None = None) -> _Audited:
    """Judge the files that wait for it, of the ``chosen`` feeds or of all, and look where all stand."""
    clock, rules = steps.Clock(), current_policy(settings)
    with warehouse.session(settings) as con:
        judged = {f for (f,) in con.execute("select feed from ops.export_files where status = 'loaded'").fetchall()}
        judged = judged if chosen is None else judged & chosen
        if not judged:
            return _standing(con, build, clock, rules, judged)
    audit.judge(settings, rules, build, feeds=sorted(judged))
    with warehouse.session(settings) as con:
        return _standing(con, build, clock, rules, judged)


def _standing(
    con: duckdb.DuckDBPyConnection, build: str, clock: steps.Clock, rules: Policy, judged: set[str]
) -> _Audited:
    """Where all files stand now that the step is done, which is recorded."""
    outcomes, news_at = defaultdict(list), loaded_at(con)
    for outcome in latest_outcomes(con):
        outcomes[outcome.feed, outcome.check_name].append(outcome)
        news_at[outcome.feed] = max(news_at[outcome.feed], outcome.checked_at)
    steps.record(con, build, steps.AUDIT, clock)
    return _Audited(frozenset(judged), outcomes, incomplete_files(con), news_at, rules.text("on_held_file"))


def _specs(feed: str, suite: list[Any], *, block: bool) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            HELD_FILES,
            asset=raw_key(feed),
            blocking=True,
            description="No file of this feed is held, unreadable or unjudged. Blocks the transform when the policy "
            "says on_held_file: block, otherwise warns.",
        ),
        *(
            dg.AssetCheckSpec(
                check.check_name,
                asset=raw_key(feed),
                blocking=block and check.severity == "critical",
                description=f"{check.title_zh} · {check.title_en}\n\n"
                f"Who fixes: {check.who_fixes.zh} · {check.who_fixes.en}. {check.fix_zh} · {check.fix_en}",
                metadata={"severity": check.severity},
            )
            for check in suite
        ),
    ]


def check_result(
    feed: str, name: str, severity: str, outcomes: list[LatestOutcome], *, unchanged: bool
) -> dg.AssetCheckResult:
    """One Dagster result from the latest outcomes of one expectation on the files of a feed.

    A check that could not be evaluated is neither passed nor called bad data: metadata ``outcome`` and the
    description say so, and it counts as much as its severity. Without a new file the earlier result stands.
    """
    failed = [outcome for outcome in outcomes if outcome.outcome == "failed"]
    broken = [outcome for outcome in outcomes if outcome.outcome == "not_evaluable"]
    state = "failed" if failed else "not_evaluable" if broken else "passed" if outcomes else "no_file_yet"
    words = {"failed": "", "not_evaluable": "could not be evaluated: "}
    text = "; ".join(f"{outcome.path}: {outcome.message}" for outcome in failed or broken)
    return dg.AssetCheckResult(
        asset_key=raw_key(feed),
        check_name=name,
        passed=not failed and not broken,
        severity=dg.AssetCheckSeverity.ERROR if severity == "critical" else dg.AssetCheckSeverity.WARN,
        description=(words[state] + text)[:1000] if state in words else None,
        metadata={
            "outcome": state,
            "status": "unchanged" if unchanged else "checked",
            "files_checked": len(outcomes),
            "rows_checked": sum(outcome.rows_checked or 0 for outcome in outcomes),
            "rows_failed": sum(outcome.rows_failed or 0 for outcome in outcomes),
            **_samples(failed + broken),
        },
    )


def held_result(feed: str, incomplete: list[IncompleteFile], on_held_file: str) -> dg.AssetCheckResult:
    """Whether files of this feed are kept from use; an error only where the policy lets them block."""
    entries = [entry for entry in incomplete if entry.feed == feed]
    files = {entry.file for entry in entries}
    return dg.AssetCheckResult(
        asset_key=raw_key(feed),
        check_name=HELD_FILES,
        passed=not files,
        severity=dg.AssetCheckSeverity.ERROR if on_held_file == "block" else dg.AssetCheckSeverity.WARN,
        description=f"{len(files)} file(s) not used; policy on_held_file: {on_held_file}" if files else None,
        metadata={
            "outcome": "failed" if files else "passed",
            "files_not_used": len(files),
            "files": metadata.incomplete(entries),
        },
    )


def _samples(outcomes: Iterable[LatestOutcome]) -> dict[str, Any]:
    rows = [
        [outcome.path, outcome.outcome, outcome.rows_failed, str(sample)]
        for outcome in outcomes
        for sample in (outcome.samples or ("",))[:_SAMPLES]
    ]
    return {"samples": metadata.table(["file", "outcome", "rows failed", "sample"], rows)} if rows else {}


def _bookkeeping() -> dg.AssetSpec:
    """The tables of schema ops, which loading and auditing write and the models read."""
    return dg.AssetSpec(
        BOOKKEEPING,
        deps=[FILES, *(raw_key(feed) for feed in feeds())],
        group_name="raw",
        kinds={"duckdb"},
        owners=OWNERS,
        description="Files judged, quarantine, check results and dates to rebuild. Stops the build when a file is not "
        "used and the policy says on_held_file: block.\n\n"
        "Grain: one row per file, quarantined value, check result or date.",
    )


def assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The audit of what was loaded, and the quality report, which shows the models' tests as well."""
    suites = _suites(settings)

    @dg.multi_asset(name=AUDIT_STEP, specs=[_bookkeeping()], required_resource_keys={LOCK})
    def audited(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckEvaluation | dg.MaterializeResult]:
        found = _audited(settings, builds.build_id(context.run))
        shown = builds.shown_until(context.instance, BOOKKEEPING)
        for feed, at in sorted(found.news_at.items()):
            for result in found.results(feed, suites[feed]):
                # A file may be released or replaced without news of its feed; the other results stand as they are.
                if at > shown or feed in found.judged or result.check_name == HELD_FILES:
                    yield evaluation(result)
        if found.incomplete and found.on_held_file == "block":
            raise dg.Failure(
                f"{len({entry.file for entry in found.incomplete})} file(s) are not used, and the policy says "
                "on_held_file: block",
                metadata={"files": metadata.incomplete(found.incomplete)},
                allow_retries=False,
            )
        yield dg.MaterializeResult(
            asset_key=BOOKKEEPING,
            metadata={
                "status": "judged" if found.judged else "unchanged",
                "feeds_judged": sorted(found.judged),
                "files_not_used": metadata.incomplete(found.incomplete),
                builds.SHOWN: str(max(found.news_at.values(), default=builds.NEVER)),
            },
        )

    @dg.asset(
        key="quality_report",
        group_name="quality",
        kinds={"html", "excel"},
        owners=OWNERS,
        tags={"layer": "quality"},
        required_resource_keys={LOCK},
        deps=[*(raw_key(feed) for feed in feeds()), MODEL_TESTS],
        description="Offline HTML page and Excel workbook of exceptions with the people who can fix them.\n\n"
        "Grain: one row per failing row and rule of the latest results.",
    )
    def quality_report(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        paths = audit.write_quality_report(settings, builds.build_id(context.run))
        return dg.MaterializeResult(metadata=metadata.files(settings, paths))

    return [audited, quality_report]
