"""``map``: what an unknown export is, column by column, and what loading it would do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from dial2deal.commands import output

if TYPE_CHECKING:
    from dial2deal.mapping import Mapping
    from dial2deal.mapping.trial import Outcome

_WORTH_NAMING = 0.3
_SURE = {"high": "quite sure", "medium": "fairly sure", "low": "a guess", "asked": "as you named it"}
_STYLES = {"high": "green", "medium": "yellow", "low": "red"}


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("map")(map_export)


def map_export(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(exists=True, help="An export, or a folder with exports.")],
    source: Annotated[
        str | None,
        typer.Option(help="Name of the source that the profile is for; with --feed also the profile to try."),
    ] = None,
    feed: Annotated[str | None, typer.Option(help="calls, leads, orders …; default: what explains most.")] = None,
    new: Annotated[bool, typer.Option("--new", help="Propose a profile as if there were none.")] = False,
    write: Annotated[bool, typer.Option("--write/--no-write", help="Keep the proposed profile.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace a profile that is there already.")] = False,
    rows: Annotated[int, typer.Option(min=1, help="Lines of a text file that the dry run loads.")] = 200_000,
    audit: Annotated[bool, typer.Option("--audit/--no-audit", help="Also say what the audit would hold.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Recognise an export, or propose a profile for it: columns, confidence, samples, and a dry run of the load.

    Nothing is loaded and the file is not touched. A proposed profile goes to DIAL2DEAL_HOME/profiles to be edited.
    """
    from dial2deal.mapping.result import Options
    from dial2deal.mapping.run import map_path

    options = Options(source=source, feed=feed, fresh=new, write=write, force=force, rows=rows, audit=audit)
    found = map_path(ctx.obj, path, options)
    if json:
        output.as_json([mapping.as_dict() for mapping in found])
    else:
        for mapping in found:
            _show(mapping)
    if all(mapping.problem for mapping in found):
        raise SystemExit(1)


def _show(mapping: Mapping) -> None:
    _line(mapping.name, "bold")
    if mapping.problem:
        _line(f"  {mapping.problem}", "red")
        return
    where = f"header in line {mapping.header_line}" if mapping.header_line else "no header line"
    delimiter = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe"}.get(mapping.delimiter, mapping.delimiter)
    shape = f", {mapping.encoding}, {delimiter}" if mapping.container == "text" else ""
    _line(f"  {mapping.container}{shape}, {where}, {len(mapping.columns)} columns")
    if mapping.recognised:
        _line(f"  Recognised: {mapping.recognised}", "green")
    elif mapping.verdict:
        _line(f"  None of our feeds. {mapping.verdict}.", "yellow")
    else:
        second = f"; next would be {mapping.second}" if mapping.second else ""
        _line(
            f"  No profile fits; proposed as {mapping.source}/{mapping.feed} ({_SURE[mapping.sure]}{second})", "yellow"
        )
    others = [c for c in mapping.candidates if c["profile"] != mapping.recognised and c["score"] >= _WORTH_NAMING]
    if others:
        _line(
            "  Others considered: "
            + ", ".join(
                f"{c['profile']} ({c['score']:.0%}{', lacks ' + ', '.join(c['missing'][:3]) if c['missing'] else ''})"
                for c in others
            )
        )
    if not mapping.verdict:
        _columns(mapping.columns)
    for column, text in mapping.missing.items():
        _line(f"  Missing: {column} – {text}", "red")
    for note in mapping.notes:
        _line(f"  Note: {note}")
    _outcome(mapping)
    if mapping.profile_path:
        _line(f"  Profile {'written: ' if mapping.written else 'not written: '}{mapping.profile_path}", "bold")
    _line("  Next:")
    for command in mapping.next_commands:
        _line(f"    {command}")


def _columns(columns: list[dict[str, Any]]) -> None:
    grid = Table("column of the file", "canonical", "sure", "why", "samples", pad_edge=False)
    for entry in columns:
        target = entry["column"] or (f"→ {', '.join(entry['used_by'])}" if entry["used_by"] else "–")
        why = "; ".join(filter(None, (entry["reason"], entry["unit"] and f"unit {entry['unit']}", entry["note"])))
        grid.add_row(
            Text(entry["header"]),
            Text(target, style="" if entry["column"] else "dim"),
            Text(entry["confidence"], style=_STYLES.get(entry["confidence"], "")),
            Text(why),
            Text(", ".join(entry["samples"]), style="dim"),
        )
    output.stdout.print(grid)


def _outcome(mapping: Mapping) -> None:
    from dial2deal.loading.file_report import reason_text, total_text

    outcome = mapping.outcome
    if outcome is None:
        return
    part = " of the file's beginning" if outcome.is_part else ""
    read, accepted = outcome.total("rows_read"), outcome.total("rows_accepted")
    _line(
        f"  Dry run: {read:,} rows read{part}, {accepted:,} accepted, {outcome.total('rows_quarantined'):,} "
        f"quarantined, {outcome.total('rows_duplicate'):,} duplicate, "
        f"{outcome.total('rows_superseded'):,} superseded, {outcome.total('rows_total_line'):,} totals "
        "or other lines that are no data",
        "green" if read and accepted == read else "yellow",
    )
    for report in outcome.reports:
        if report.status == "failed":
            _line(f"    {mapping.failure(report)}", "red")
        for item in report.quarantine:
            _line(f"    quarantined: {reason_text(item)}", "yellow")
            if item.example:
                _line(f"      {item.example[:160]}", "dim")
        for total in report.totals:
            _line(f"    totals line {total.line}: {total_text(total)}")
    if outcome.repeated_ids:
        _line(
            f"    {outcome.repeated_ids:,} rows repeat an id with other content: the latest of each counts. If they "
            "are different calls, add columns to the id",
            "red",
        )
    for column, values in outcome.unmapped.items():
        _line(f"    values of {column} that no map knows: " + ", ".join(f"{v} ({n:,})" for v, n in values), "yellow")
    _findings(outcome)


def _findings(outcome: Outcome) -> None:
    """What the audit would say."""
    if outcome.findings is None:
        return
    if outcome.is_held:
        _line(
            "  The audit would HOLD this file: none of its rows would be used until it is corrected or released.", "red"
        )
    elif any(report.rows_accepted for report in outcome.reports):
        _line("  The audit would accept this file" + (", with remarks:" if outcome.findings else "."), "green")
    for finding in sorted(outcome.findings, key=lambda f: not f.holds):
        _line(f"    {finding.what}", "red" if finding.holds else "yellow")
        _line(f"      {finding.who}: {finding.todo}")


def _line(text: str, style: str | None = None) -> None:
    output.stdout.print(text, style=style, markup=False, soft_wrap=True)
