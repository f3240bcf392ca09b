"""What a command says at its end: files, verdict, reports, snapshot, and how to look further."""

from __future__ import annotations

import datetime as dt
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dial2deal import policy, published, warehouse
from dial2deal.audit.pages import file_books
from dial2deal.commands import output
from dial2deal.loading.file_report import file_reports, sentence
from dial2deal.publish import verdict
from dial2deal.settings import Settings
from orchestration.console import Reporter
from orchestration.run import BuildOutcome, RunOutcome

_HEADLINES = 3
_ORDER = ("monthly", "weekly", "daily")


def reporter(*, quiet: bool) -> Reporter:
    """Progress on stderr, so that stdout holds only the outcome."""
    return Reporter(output.stderr, quiet=quiet)


def show_build(settings: Settings, outcome: BuildOutcome, *, json: bool) -> dict[str, Any]:
    """Print the outcome of a build and return it as plain values."""
    facts = build_facts(settings, outcome)
    if json:
        output.as_json(facts)
        return facts
    _files(facts)
    for problem in facts["problems"]:
        _line(problem, "red")
    published = facts["published"]
    if not outcome.build.ok:
        _line(
            "Nothing was published" + ("; the earlier snapshot and reports stay in place." if published else "."), "red"
        )
    if published:
        missing = "" if published["verdict"] == "complete" else ": the files named above are missing"
        _line(f"Snapshot: {published['path']} (data as of {published['as_of']}, {published['verdict']}{missing})")
    _line(f"Quality report: {settings.quality / 'report.html'}")
    _line("Every step and check: make dev, or dial2deal dev")
    _reports(facts["reports"], _why_no_report(settings, facts))
    return facts


def show_reports(outcomes: list[RunOutcome], *, json: bool) -> None:
    """Print what became of reports that were asked for."""
    made = [asdict(report) for outcome in outcomes for report in outcome.reports]
    problems = [problem for outcome in outcomes for problem in outcome.problems]
    if json:
        output.as_json({"reports": made, "problems": problems})
        return
    if made or not problems:
        _reports(made)
    for problem in problems:
        _line(problem, "red")


def build_facts(settings: Settings, outcome: BuildOutcome) -> dict[str, Any]:
    """The outcome of a build as plain values."""
    with warehouse.session(settings) as con:
        counts = dict(con.execute("select status, count(*) from ops.export_files group by all order by all").fetchall())
        incomplete = verdict.incomplete_files(con)
        reports = file_reports(con, latest_build=True) if outcome.build.files_new else []
    info = published.build_info(settings)
    problems = [problem for run in (outcome.build, *outcome.reports) for problem in run.problems]
    return {
        "ok": outcome.ok,
        "run_id": outcome.build.run_id,
        "files": {
            "new": outcome.build.files_new,
            "by_status": counts,
            "incomplete": [asdict(file) for file in incomplete],
            "reports": [sentence(report) for report in reports if report.needs_attention],
            "workbooks": str(file_books.folder(settings)),
        },
        "problems": problems,
        "published": info
        and {"path": str(settings.snapshot), "as_of": str(info["as_of_at"]), "verdict": info["verdict"]},
        "reports": [asdict(report) for report in outcome.made],
    }


def _files(facts: dict[str, Any]) -> None:
    files = facts["files"]
    known = ", ".join(f"{count} {name}" for name, count in files["by_status"].items()) or "none"
    _line(f"Files: {files['new']} new; in all {known}")
    for file in files["incomplete"]:
        span = f" ({file['first_date']} to {file['last_date']})" if file["first_date"] else ""
        _line(
            f"  {file['status']}: {file['file']}{span} · rule {file['rule']}, {file['rows']} row(s) · "
            f"{file['message'] or ''}",
            "yellow",
        )
    held = sorted({file["file"] for file in files["incomplete"] if file["status"] == "held"})
    if held:
        _line(
            "  Held files are judged again after a corrected delivery or a change of profile, value map or rule. "
            f'To use one as it is: dial2deal release {shlex.quote(held[0])} --reason "…"',
            "yellow",
        )
    if files["by_status"] and not files["by_status"].get("accepted"):
        _line("  NONE of the files was accepted: nothing of them counts yet.", "bold red")
    if files["reports"]:
        _line(f"  {len(files['reports'])} file(s) were repaired or left rows out: dial2deal files --build tells what")


def _why_no_report(settings: Settings, facts: dict[str, Any]) -> str:
    """What a person who expected a report wants to know."""
    published = facts["published"]
    if not published:
        return ""
    if published["as_of"] == "None":
        return ": nothing is published with a date yet"
    last = dt.datetime.fromisoformat(published["as_of"])
    complete_after = policy.load(settings).text("reports.day_complete_after")
    if f"{last:%H:%M}" < complete_after:
        return (
            f": the day {last:%Y-%m-%d} counts as complete once its latest event is at {complete_after} or later "
            f"(setting reports.day_complete_after); so far it is {last:%H:%M}"
        )
    return ": no period with changes is complete"


def _reports(made: list[dict[str, Any]], why: str = "") -> None:
    if not made:
        _line(f"Reports: none was due{why}")
        return
    latest: dict[str, dict[str, Any]] = {}
    for report in made:
        latest[report["granularity"]] = max(
            report, latest.get(report["granularity"], report), key=lambda item: item["period"]
        )
    _line(f"Reports: {len(made)} made. Open the latest of each kind in your browser:")
    for granularity in _ORDER:
        if granularity in latest:
            pages = [path for path in latest[granularity]["paths"] if Path(path).suffix == ".html"]
            _line(f"  {granularity:<8}{(pages or latest[granularity]['paths'] or ['-'])[0]}")
    first = next(latest[granularity] for granularity in _ORDER if granularity in latest)
    for text in first["headline"][:_HEADLINES]:
        _line(f"  • {text}", "bold")
    for note in dict.fromkeys(note for report in made for note in report["notes"]):
        _line(f"  {note}", "yellow")


def _line(text: str, style: str | None = None) -> None:
    output.stdout.print(text, style=style, markup=False, soft_wrap=True)
