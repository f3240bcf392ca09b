"""Expectation suites on ``raw/<feed>`` as asset checks, and the quality report."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import dagster as dg

from dial2deal import quality
from dial2deal.settings import Settings
from orchestration import metadata
from orchestration.builds import build_id
from orchestration.defs.ingest import OWNERS, feeds, raw_key
from orchestration.instance import POOL
from orchestration.rules import current_policy

# The one check per feed that orders the audit before the transform, whatever the policy says.
HELD_FILES = "no_file_held"
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
            description="Every new file of this feed was audited and accepted. Blocks the transform when the "
                        "policy says on_held_file: block, otherwise warns.",
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
        rules = current_policy(settings)
        outcomes = quality.audit(settings, rules, build_id(context.run), feeds=[feed])
        results = [held_result(feed, outcomes, rules.text("on_held_file"))]
        grouped = defaultdict(list)
        for outcome in outcomes:
            grouped[outcome.check_name].append(outcome)
        results += [check_result(feed, check.check_name, check.severity, grouped[check.check_name])
                    for check in suite]
        yield from (result for result in results if result.check_name in wanted)

    return audit


def check_result(feed: str, name: str, severity: str, outcomes: list) -> dg.AssetCheckResult:
    """One Dagster result from the outcomes of one expectation on every new file (``CheckOutcome`` objects).

    A check that could not be evaluated is neither passed nor called bad data: metadata ``outcome`` and the
    description say so, and it counts as much as its severity.
    """
    failed = [outcome for outcome in outcomes if outcome.outcome == "failed"]
    broken = [outcome for outcome in outcomes if outcome.outcome == "not_evaluable"]
    state = "failed" if failed else "not_evaluable" if broken else "passed" if outcomes else "unchanged"
    return dg.AssetCheckResult(
        asset_key=raw_key(feed),
        check_name=name,
        passed=not failed and not broken,
        severity=dg.AssetCheckSeverity.ERROR if severity == "critical" else dg.AssetCheckSeverity.WARN,
        description={"failed": "; ".join(f"{o.path}: {o.message}" for o in failed)[:1000],
                     "not_evaluable": "could not be evaluated: "
                                      + "; ".join(f"{o.path}: {o.message}" for o in broken)[:1000],
                     "passed": None,
                     "unchanged": "no new file"}[state],
        metadata={
            "outcome": state,
            "files_checked": len(outcomes),
            "rows_checked": sum(outcome.rows_checked or 0 for outcome in outcomes),
            "rows_failed": sum(outcome.rows_failed or 0 for outcome in outcomes),
            **_samples(failed + broken),
        },
    )


def held_result(feed: str, outcomes: list, on_held_file: str) -> dg.AssetCheckResult:
    """Whether a file of this feed was just held; an error only where the policy lets it block."""
    rules = defaultdict(list)
    for outcome in outcomes:
        if outcome.severity == "critical" and outcome.outcome != "passed":
            rules[outcome.path].append(outcome)
    return dg.AssetCheckResult(
        asset_key=raw_key(feed),
        check_name=HELD_FILES,
        passed=not rules,
        severity=dg.AssetCheckSeverity.ERROR if on_held_file == "block" else dg.AssetCheckSeverity.WARN,
        description=f"{len(rules)} file(s) held; policy on_held_file: {on_held_file}" if rules else None,
        metadata={
            "outcome": "failed" if rules else "passed" if outcomes else "unchanged",
            "files_held": len(rules),
            "held": metadata.table(["file", "rule", "outcome", "rows", "message"],
                                   [[path, o.check_name, o.outcome, o.rows_failed, o.message or ""]
                                    for path in sorted(rules) for o in rules[path]]),
        },
    )


def _samples(outcomes: Iterable) -> dict:
    rows = [[outcome.path, outcome.outcome, outcome.rows_failed, str(sample)]
            for outcome in outcomes for sample in (outcome.samples or [""])[:_SAMPLES]]
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
        paths = quality.write_quality_report(settings, build_id(context.run))
        return dg.MaterializeResult(metadata=metadata.files(paths))

    return [quality_report]
