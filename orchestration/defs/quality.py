"""Expectation suites on ``raw/<feed>`` as asset checks, and the quality report."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import dagster as dg

from dial2deal import quality, warehouse
from dial2deal.publish.verdict import IncompleteFile
from dial2deal.quality.latest import LatestOutcome
from dial2deal.settings import Settings
from orchestration import builds, metadata
from orchestration.defs.ingest import OWNERS, STANDING, feeds, raw_key, standing
from orchestration.instance import POOL
from orchestration.rules import current_policy

# The one check per feed that orders the audit before the transform, whatever the policy says.
HELD_FILES = "every_file_used"
_SAMPLES = 20


def checks(settings: Settings, *, on_held_file: str) -> list[dg.AssetChecksDefinition]:
    """One multi-asset check per feed. ``on_held_file`` (policy) decides whether critical checks block."""
    by_feed = defaultdict(list)
    for spec in quality.checks(settings):
        by_feed[spec.feed].append(spec)
    return [_feed_checks(settings, feed, by_feed[feed], on_held_file == "block") for feed in feeds()]


def _feed_checks(settings: Settings, feed: str, suite: list, block: bool) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(
            HELD_FILES, asset=raw_key(feed), blocking=True,
            description="No file of this feed is held, unreadable or unjudged. Blocks the transform when the policy "
                        "says on_held_file: block, otherwise warns.",
        ),
        *(dg.AssetCheckSpec(
            check.check_name, asset=raw_key(feed), blocking=block and check.severity == "critical",
            description=f"{check.title_zh} · {check.title_en}\n\n"
                        f"Who fixes: {check.who_fixes.zh} · {check.who_fixes.en}. {check.fix_zh} · {check.fix_en}",
            metadata={"severity": check.severity},
        ) for check in suite),
    ]

    @dg.multi_asset_check(name=f"audit_{feed}", specs=specs, can_subset=True, pool=POOL)
    def audit(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        wanted = {key.name for key in context.selected_asset_check_keys}
        rules, build = current_policy(settings), builds.build_id(context.run)
        known = builds.find(settings, build, STANDING)
        unchanged = known is not None and feed not in known.to_judge
        if not unchanged:
            quality.audit(settings, rules, build, feeds=[feed])
            with warehouse.session(settings) as con:
                known = standing(con)
        outcomes = defaultdict(list)
        for outcome in known.latest:
            if outcome.feed == feed:
                outcomes[outcome.check_name].append(outcome)
        results = [held_result(feed, known.incomplete, rules.text("on_held_file"))]
        # A feed that never had a file says nothing more: few installations deliver every feed, and results cost time.
        results += [check_result(feed, check.check_name, check.severity, outcomes[check.check_name],
                                 unchanged=unchanged) for check in suite if outcomes]
        yield from (result for result in results if result.check_name in wanted)

    return audit


def check_result(feed: str, name: str, severity: str, outcomes: list[LatestOutcome], *,
                 unchanged: bool) -> dg.AssetCheckResult:
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


def _samples(outcomes: Iterable[LatestOutcome]) -> dict:
    rows = [[outcome.path, outcome.outcome, outcome.rows_failed, str(sample)]
            for outcome in outcomes for sample in (outcome.samples or ("",))[:_SAMPLES]]
    return {"samples": metadata.table(["file", "outcome", "rows failed", "sample"], rows)} if rows else {}


def assets(settings: Settings, *, after: Iterable[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """The quality report; ``after`` names the models whose test results it shows."""

    @dg.asset(
        key="quality_report", group_name="quality", kinds={"html", "excel"}, owners=OWNERS,
        tags={"layer": "quality"}, pool=POOL, deps=[*(raw_key(feed) for feed in feeds()), *after],
        description="Offline HTML page and Excel workbook of exceptions with the people who can fix them.\n\n"
                    "Grain: one row per failing row and rule of the latest results.",
    )
    def quality_report(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        paths = quality.write_quality_report(settings, builds.build_id(context.run))
        return dg.MaterializeResult(metadata=metadata.files(paths))

    return [quality_report]
