"""Write-audit-publish, the audit: every loaded file is accepted or held by its own rows.

Great Expectations finds the rows that break a rule (one run per feed); each file is then judged alone.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from typing import Any

import duckdb

from dial2deal import warehouse
from dial2deal.audit import candidates as scratch
from dial2deal.audit import failures, texts
from dial2deal.audit.candidates import CATALOG, FILES, Candidates, LoadedFile
from dial2deal.audit.evaluate import Evaluation, evaluate
from dial2deal.audit.suites import CheckSpec, Suite, load_suites, parameters_of, resolve
from dial2deal.audit.verdicts import CheckOutcome, file_status, holds
from dial2deal.loading import corrections, repairs
from dial2deal.policy import Policy
from dial2deal.settings import Settings


def judge(settings: Settings, policy: Policy, build_id: str, *, feeds: list[str] | None = None) -> list[CheckOutcome]:
    """Judge every file with status ``loaded`` and record results, failing rows and the verdict.

    A failed critical check holds the file; a critical check that could not be evaluated leaves it ``loaded``:
    neither used nor called bad. Each file is one transaction, so a killed audit continues where it stopped.
    Raises SuiteError for a broken suite file. Opens and closes the warehouse itself.
    """
    suites = load_suites(settings)
    locale = policy.text("reports.locale")
    with warehouse.session(settings) as con:
        reopen(con, settings, policy, feeds)
        files = scratch.loaded_files(con, feeds)
        if not files:
            corrections.settle(con)
            return []
        repairs.count(con, [file.file_id for file in files])
        candidates = scratch.build(con, settings, suites, files)
    try:
        evaluations = _evaluate(suites, policy, candidates, {file.feed for file in files})
        with warehouse.session(settings) as con:
            scratch.attach(con, candidates.path)
            outcomes = _judge(con, suites, files, evaluations, candidates, locale)
            dates = _dates(con, files)
            checked_at = dt.datetime.now(dt.UTC).replace(tzinfo=None)
            for file in files:
                _record(
                    con,
                    build_id,
                    file,
                    outcomes[file.file_id],
                    dates.get(file.file_id, []),
                    checked_at,
                    locale,
                    _judged_by(con, suites[file.feed], policy, file.source),
                )
            corrections.settle(con)
            con.execute(f"detach {CATALOG}")
    finally:
        scratch.discard(candidates.path)
    return [outcome for file in files for outcome in outcomes[file.file_id]]


def reopen(con: duckdb.DuckDBPyConnection, settings: Settings, policy: Policy, feeds: list[str] | None = None) -> None:
    """Have held files whose suite, value maps or policy changed since judged anew, as their message promises."""
    held = con.execute("select file_id, source, feed, judged_by from ops.export_files where status = 'held'").fetchall()
    suites = load_suites(settings) if held else {}
    for file_id, source, feed, judged_by in held:
        if (feeds is None or feed in feeds) and judged_by != _judged_by(con, suites[feed], policy, source):
            con.execute("update ops.export_files set status = 'loaded' where file_id = ?", [file_id])


def _judged_by(con: duckdb.DuckDBPyConnection, suite: Suite, policy: Policy, source: str) -> str:
    """Digest of everything but its rows that a file's verdict hangs on; a changed profile has it read anew anyway."""
    maps = con.execute(
        "select column_name, raw_value, canonical_value from ops.value_maps where source = ? and feed = ? order by all",
        [source, suite.feed],
    ).fetchall()
    return hashlib.sha256(repr((suite, policy.version, maps)).encode()).hexdigest()[:12]


def _evaluate(
    suites: dict[str, Suite], policy: Policy, candidates: Candidates, feeds: set[str]
) -> dict[str, list[Evaluation]]:
    """Evaluations per feed. Great Expectations runs once per feed on rows, and once on all files together."""
    tables: dict[str, list[CheckSpec]] = {FILES: []}
    parameters: dict[str, Any] = {}
    results: dict[str, list[Evaluation]] = {feed: [] for feed in sorted(feeds)}
    for feed in sorted(feeds):
        values, errors = resolve(suites[feed], policy)
        parameters |= values
        tables[feed] = []
        for spec in suites[feed].checks:
            reason = candidates.unusable.get((feed, spec.column)) or next(
                (errors[name] for name in sorted(parameters_of(spec)) if name in errors), None
            )
            if reason:
                results[feed].append(Evaluation(spec, None, reason))
            else:
                tables[feed if spec.on == "row" else FILES].append(_with_tolerance(spec, values))
    of_files = tables[FILES]
    tables[FILES] = list({spec.check_name: spec for spec in of_files}.values())
    done = evaluate(candidates.path, tables, parameters)
    answers = {evaluation.check.check_name: evaluation for evaluation in done.pop(FILES)}
    for spec in of_files:
        results[spec.feed].append(dataclasses.replace(answers[spec.check_name], check=spec))
    return {feed: results[feed] + done[feed] for feed in results}


def _with_tolerance(spec: CheckSpec, values: dict[str, Any]) -> CheckSpec:
    if not isinstance(spec.tolerance, dict):
        return spec
    return dataclasses.replace(spec, tolerance=float(values[spec.tolerance["$PARAMETER"]]))


def _judge(
    con: duckdb.DuckDBPyConnection,
    suites: dict[str, Suite],
    files: list[LoadedFile],
    evaluations: dict[str, list[Evaluation]],
    candidates: Candidates,
    locale: str,
) -> dict[str, list[CheckOutcome]]:
    """Outcomes per file id, with samples and messages; failing rows are left in temp.failing_rows."""
    outcomes: dict[str, list[CheckOutcome]] = {}
    for feed, results in evaluations.items():
        unexpected = failures.unexpected_counts(con, results)
        checked = failures.checked_counts(con, feed, results)
        errors = {}
        for file in [file for file in files if file.feed == feed]:
            outcomes[file.file_id] = []
            for result in sorted(results, key=lambda r: (r.check.on != "file", r.check.check_name)):
                key = (result.check.check_name, file.file_id)
                error = result.error or (candidates.unreadable.get(file.file_id) if result.check.on == "row" else None)
                outcome = _outcome(result.check, file, checked.get(key, 0), unexpected.get(key, 0), error)
                outcomes[file.file_id].append(outcome)
                errors[key] = error
        of_feed = [outcome for file in files if file.feed == feed for outcome in outcomes[file.file_id]]
        failures.collect(con, suites[feed], results, [o for o in of_feed if o.outcome == "failed"])
        for outcome in of_feed:
            outcome.message = texts.outcome_message(outcome, locale, errors[outcome.check_name, outcome.file_id])
    return outcomes


def _outcome(
    check: CheckSpec, file: LoadedFile, rows_checked: int, rows_failed: int, error: str | None
) -> CheckOutcome:
    if error is not None:
        verdict, rows_checked, rows_failed = "not_evaluable", None, None
    else:
        verdict = "passed" if holds(rows_checked, rows_failed, check.tolerance) else "failed"
    return CheckOutcome(
        check.feed,
        check.check_name,
        check.severity,
        verdict,
        file.file_id,
        file.path,
        rows_checked,
        rows_failed,
        None,
        check,
    )


def _record(
    con: duckdb.DuckDBPyConnection,
    build_id: str,
    file: LoadedFile,
    outcomes: list[CheckOutcome],
    dates: list[dt.date],
    checked_at: dt.datetime,
    locale: str,
    judged_by: str,
) -> None:
    """Results, failing rows, verdict and dirty dates of one file, all or nothing."""
    status = file_status(outcomes)
    rows = [
        (
            build_id,
            checked_at,
            "expectation",
            o.feed,
            o.check_name,
            o.severity,
            o.outcome,
            o.file_id,
            o.rows_checked,
            o.rows_failed,
            o.message,
            _details(o),
        )
        for o in outcomes
    ]
    with warehouse.transaction(con):
        marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(rows))
        con.execute(f"insert into ops.check_results values {marks}", [value for row in rows for value in row])
        con.execute(
            """
            insert into ops.check_failures
            select ?, ?, 'expectation', feed, check_name, severity, file_id, line, column_name, value, row_json
            from failing_rows where file_id = ? order by check_name, line nulls first""",
            [build_id, checked_at, file.file_id],
        )
        con.execute(
            "update ops.export_files set status = ?, message = ?, audited_at = ?, judged_by = ? where file_id = ?",
            [
                status,
                texts.file_message(status, outcomes, locale),
                None if status == "loaded" else checked_at,
                judged_by,
                file.file_id,
            ],
        )
        if status == "accepted":
            warehouse.mark_dirty(con, file.feed, dates, f"accepted {file.path}")


def _details(outcome: CheckOutcome) -> str:
    spec = outcome.spec
    tolerance = spec.tolerance if isinstance(spec.tolerance, float | int) else None
    return json.dumps(
        {"tolerance": tolerance, "column": spec.shows, "who_fixes": spec.who_fixes.code, "samples": outcome.samples},
        ensure_ascii=False,
        sort_keys=True,
    )


def _dates(con: duckdb.DuckDBPyConnection, files: list[LoadedFile]) -> dict[str, list[dt.date]]:
    """Event dates of every file, one scan per feed."""
    dates: dict[str, list[dt.date]] = {}
    for feed in sorted({file.feed for file in files}):
        ids = scratch.id_list([file.file_id for file in files if file.feed == feed])
        dates |= dict(
            con.execute(
                f'select _file_id, list(distinct _event_date order by _event_date) from raw."{feed}" '
                f"where _file_id in ({ids}) group by _file_id"
            ).fetchall()
        )
    return dates
