"""Expectation suites on ``raw/<feed>`` as asset checks, and the quality report."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg

from dial2deal import audit, warehouse
from dial2deal.audit.latest import LatestOutcome
from dial2deal.publish.verdict import IncompleteFile
from dial2deal.settings import Settings
from orchestration import builds, metadata
from orchestration.defs.ingest import OWNERS, STANDING, Standing, feeds, raw_key, standing
from orchestration.defs.transform import MODEL_TESTS
from orchestration.lock import LOCK
from orchestration.rules import current_policy

# The check of each feed that orders the audit before the transform, whatever the policy says.
HELD_FILES = "every_file_used"
AUDIT_STEP = "audit"
_SAMPLES = 20


def checks(settings: Settings, *, on_held_file: str) -> list[dg.AssetChecksDefinition]:
    """All feeds' checks as one step. ``on_held_file`` (policy) decides whether critical checks block."""
    suites = defaultdict(list)
    for spec in audit.checks(settings):
        suites[spec.feed].append(spec)
    specs = [spec for feed in feeds() for spec in _specs(feed, suites[feed], block=on_held_file == "block")]

    @dg.multi_asset_check(name=AUDIT_STEP, specs=specs, can_subset=True, required_resource_keys={LOCK})
    def audited(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        wanted = context.selected_asset_check_keys
        chosen = {key.asset_key.path[-1] for key in wanted}
        rules, build = current_policy(settings), builds.build_id(context.run)
        known = builds.find(settings, build, STANDING, Standing)
        judged = chosen if known is None else chosen & known.to_judge
        if judged:
            audit.judge(settings, rules, build, feeds=sorted(judged))
            with warehouse.session(settings) as con:
                known = standing(con)
        outcomes = defaultdict(list)
        for outcome in known.latest:
            outcomes[outcome.feed, outcome.check_name].append(outcome)
        seen = {outcome.feed for outcome in known.latest}
        for feed in feeds():
            results = [held_result(feed, known.incomplete, rules.text("on_held_file"))]
            # A feed that never had a file says nothing more: few installations deliver all, and results cost time.
            results += [
                check_result(
                    feed,
                    check.check_name,
                    check.severity,
                    outcomes[feed, check.check_name],
                    unchanged=feed not in judged,
                )
                for check in suites[feed]
                if feed in seen
            ]
            yield from (result for result in results if dg.AssetCheckKey(raw_key(feed), result.check_name) in wanted)

    return [audited]


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


def assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The quality report; it shows the models' tests as well."""

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

    return [quality_report]
