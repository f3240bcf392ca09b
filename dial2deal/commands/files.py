"""Files delivered: ``load``, ``files``, ``release`` and ``forget``."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer

from dial2deal import policy, warehouse
from dial2deal.commands import output
from dial2deal.landing.deliveries import name_key, shown
from dial2deal.loading import file_report
from dial2deal.loading.file_report import FileReport
from dial2deal.privacy import visible
from dial2deal.settings import Settings

_DETAILED = 3
_STATUSES = ("loaded", "accepted", "held", "failed", "superseded")
_STYLES = {"accepted": "green", "held": "yellow", "failed": "red"}
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("load")(load)
    app.command("files")(list_files)
    app.command("release")(release)
    app.command("forget")(forget)


def load(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Files or folders with exports.")],
    source: Annotated[
        str | None, typer.Option(help="Vendor profile, for example generic_400; needed for files outside landing.")
    ] = None,
    feed: Annotated[str | None, typer.Option(help="calls, leads, orders …; needed for files outside landing.")] = None,
    json: JsonOption = False,
) -> None:
    """Load and audit files, without building. Files from elsewhere are copied into landing/SOURCE/FEED/ first."""
    from dial2deal import audit, loading
    from dial2deal.audit.pages import file_books

    settings: Settings = ctx.obj.ensure()
    rules = policy.load(settings)
    _check_place(settings, source, feed)
    arrived = [landed for path in paths for landed in _land(settings, path, source, feed)]
    with warehouse.session(settings) as con:
        policy.sync(con, rules)
        results = loading.load_landing(con, settings, rules, paths=arrived)
    audit.judge(settings, rules, f"load-{uuid.uuid4().hex[:12]}", feeds=sorted({r.feed for r in results}))
    reports = _reports(settings, file_ids=[result.file_id for result in results])
    file_books.write(settings)
    _show(reports, json)
    for result in results:
        if result.status == "waiting":
            output.stderr.print(f"{result.path} waits: {result.message}", markup=False, soft_wrap=True)
    bad = [report for report in reports if report.status in ("failed", "held")]
    if bad:
        output.fail(f"{len(bad)} of {len(reports)} file(s) not accepted; the message of each says what to do.")


def list_files(
    ctx: typer.Context,
    path: Annotated[
        str | None,
        typer.Argument(help="A file or folder below landing, the name of a file, or a file id; default: all."),
    ] = None,
    status: Annotated[
        str | None, typer.Option(help="Only files with this status: loaded, accepted, held, failed or superseded.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Only files of this source.")] = None,
    build: Annotated[bool, typer.Option("--build", help="Only what came with the latest build.")] = False,
    excel: Annotated[bool, typer.Option("--excel", help="Also write the workbook of each file listed.")] = False,
    json: JsonOption = False,
) -> None:
    """Report each file delivered: rows read, repaired, quarantined, repeated, overlaps, totals line, what to do."""
    from dial2deal.audit.pages import file_books

    if status and status not in _STATUSES:
        output.fail(f"There is no status {status!r}.{output.suggestion(status, _STATUSES)}", code=2)
    reports = _reports(
        ctx.obj, path=path and _below_landing(ctx.obj, path), status=status, source=source, latest_build=build
    )
    if path and not reports:
        names = {name for report in _reports(ctx.obj) for name in (report.path, report.path.rpartition("/")[2])}
        near = output.suggestion(path, names)
        output.fail(
            f"No file delivered is called {path!r}."
            + (near if "Did you mean" in near else " 'dial2deal files' lists all.")
        )
    books = file_books.write(ctx.obj, [report.file_id for report in reports]) if excel and reports else []
    _show(reports, json)
    for book in books if not json else ():
        output.stdout.print(str(book), markup=False, soft_wrap=True)


def release(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(help="File id or path of a held file; see 'dial2deal files --status held'.")],
    reason: Annotated[
        str | None, typer.Option(help="Why its data may be used although a rule failed; kept. Asked for when missing.")
    ] = None,
) -> None:
    """Accept a held file as it is. The next build uses its rows; the decision and its reason are recorded."""
    from dial2deal import audit

    file = _below_landing(ctx.obj, file)
    audit.find_held(ctx.obj, file)  # before anybody thinks of a reason
    path = audit.release(ctx.obj, file, reason or typer.prompt("Reason"))
    output.stdout.print(f"{path} is accepted. Run 'dial2deal build' to use it.", markup=False)


def forget(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(help="File id or path of a failed or held file; see 'dial2deal files'.")],
) -> None:
    """Remove a failed or held file from landing and from the books, such as one laid into the wrong folder."""
    from dial2deal import loading

    settings: Settings = ctx.obj
    with warehouse.session(settings) as con:
        removed = loading.forget(con, settings, _below_landing(settings, file))
    for line in removed:
        output.stdout.print(line, markup=False, soft_wrap=True)


def _check_place(settings: Settings, source: str | None, feed: str | None) -> None:
    """A misspelt source or feed is refused before anything is copied."""
    from dial2deal.feeds.catalogue import feeds
    from dial2deal.feeds.profiles import Profiles

    if feed is not None and feed not in feeds():
        output.fail(f"There is no feed {feed!r}.{output.suggestion(feed, feeds())}", code=2)
    profiles = Profiles(settings.profile_dirs)
    sources = {name for name, _ in profiles.names()}
    if source is not None and source not in sources:
        output.fail(
            f"There is no profile for source {source!r}.{output.suggestion(source, sources)} For another "
            "platform, 'dial2deal map FILE' proposes one.",
            code=2,
        )
    if source is not None and feed is not None and profiles.resolve(source, feed) is None:
        of_source = sorted(name for known, name in profiles.names() if known == source)
        output.fail(f"Source {source} has no feed {feed}; it has {', '.join(of_source)}.", code=2)


def _land(settings: Settings, path: Path, source: str | None, feed: str | None) -> list[Path]:
    """Paths in landing for what the user named; copies what lies elsewhere."""
    path = path.resolve()
    if path.is_relative_to(settings.landing):
        return [path]
    if not source or not feed:
        output.fail(
            f"{path.name} lies outside {settings.landing}: name its vendor profile and feed with --source and --feed.",
            code=2,
        )
    target = settings.landing / source / feed
    target.mkdir(parents=True, exist_ok=True)
    landed = []
    for item in sorted(path.iterdir()) if path.is_dir() else [path]:
        if item.is_file():
            landed.append(Path(shutil.copy2(item, target / item.name)))
    return landed


def _below_landing(settings: Settings, path: str) -> str:
    """A path that exists in landing as the ledger writes it; other texts as they are."""
    found = Path(path).resolve()
    inside = found.relative_to(settings.landing).as_posix() if found.is_relative_to(settings.landing) else path
    return shown(inside, name_key(settings.landing))


def _reports(settings: Settings, **conditions: Any) -> list[FileReport]:
    if not settings.warehouse.exists():
        return []
    with warehouse.session(settings) as con:
        return file_report.file_reports(con, **conditions)


def _show(found: list[FileReport], json: bool) -> None:
    if json:
        output.as_json([file_report.as_dict(item) for item in found])
        return
    if not found:
        output.stdout.print("No files.")
        return
    for item in found:
        output.stdout.print(item.path, style="bold", markup=False, soft_wrap=True)
        output.stdout.print(f"  {_counts(item)}", style=_STYLES.get(item.status), markup=False, soft_wrap=True)
        if len(found) <= _DETAILED:
            _details(item)
        elif item.message:
            output.stdout.print(f"  {visible(item.message)}", markup=False, soft_wrap=True)


def _counts(item: FileReport) -> str:
    parts = [f"{item.status}: {item.rows_read:,} rows read", f"{item.rows_accepted:,} accepted"]
    parts += [
        f"{count:,} {word}"
        for count, word in (
            (item.rows_quarantined, "quarantined"),
            (item.rows_duplicate, "duplicate"),
            (item.rows_superseded, "superseded"),
            (sum(item.repairs.values()), "repairs"),
            (len(item.overlaps), "overlaps"),
        )
        if count
    ]
    parts += [f"totals line {item.totals_verdict.replace('_', ' ')}"] if item.totals_verdict else []
    return ", ".join(parts)


def _details(item: FileReport) -> None:
    """What the line of counts only counts, for one file."""
    lines = [item.message] if item.message else []
    lines += [f"repaired: {file_report.repair_label(rule, 'en')}: {count:,}" for rule, count in item.repairs.items()]
    lines += [file_report.column_reading_text(finding) for finding in item.column_readings]
    lines += [f"quarantined: {file_report.reason_text(q)}" for q in item.quarantine]
    lines += [f"overlaps {file_report.overlap_text(o)}" for o in item.overlaps]
    lines += [f"totals line {t.line}: {file_report.total_text(t)}" for t in item.totals]
    if item.unknown_columns:
        lines.append("kept but not recognised: " + ", ".join(item.unknown_columns))
    for line in lines:
        output.stdout.print(f"  {visible(line)}", markup=False, soft_wrap=True)
