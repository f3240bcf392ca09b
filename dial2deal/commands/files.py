"""Files delivered: ``load``, ``files`` and ``release``."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Annotated

import typer

from dial2deal import policy, warehouse
from dial2deal.commands import output
from dial2deal.settings import Settings

_COLUMNS = ("file_id", "source", "feed", "path", "status", "rows_read", "rows_accepted", "rows_quarantined",
            "rows_duplicate", "first_event_date", "last_event_date", "message")
_SHOWN = ("path", "status", "rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "message")
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("load")(load)
    app.command("files")(list_files)
    app.command("release")(release)


def load(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Files or folders with exports.")],
    source: Annotated[str | None, typer.Option(help="Vendor profile, for example generic_400; needed for files "
                                                    "outside landing.")] = None,
    feed: Annotated[str | None, typer.Option(help="calls, leads, orders …; needed for files outside landing.")] = None,
    json: JsonOption = False,
) -> None:
    """Load and audit files, without building. Files from elsewhere are copied into landing/SOURCE/FEED/ first."""
    from dial2deal import exports, quality

    settings: Settings = ctx.obj.ensure()
    rules = policy.load(settings)
    arrived = [landed for path in paths for landed in _land(settings, path, source, feed)]
    with warehouse.session(settings) as con:
        policy.sync(con, rules)
        results = exports.load_landing(con, settings, rules, paths=arrived)
    quality.audit(settings, rules, f"load-{uuid.uuid4().hex[:12]}", feeds=sorted({r.feed for r in results}))
    rows = _manifest(settings, [result.file_id for result in results])
    _show(rows, json)
    bad = [row for row in rows if row["status"] in ("failed", "held")]
    if bad:
        output.fail(f"{len(bad)} of {len(rows)} file(s) not accepted; the message of each says what to do.")


def list_files(
    ctx: typer.Context,
    status: Annotated[str | None, typer.Option(
        help="Only files with this status: loaded, accepted, held, failed or superseded.")] = None,
    json: JsonOption = False,
) -> None:
    """List the files delivered so far: status, rows and, where something is wrong, what to do."""
    _show([row for row in _manifest(ctx.obj) if status in (None, row["status"])], json)


def release(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(help="File id or path of a held file; see 'dial2deal files --status held'.")],
    reason: Annotated[str, typer.Option(prompt=True, help="Why its data may be used although a rule failed; kept.")],
) -> None:
    """Accept a held file as it is. The next build uses its rows; the decision and its reason are recorded."""
    from dial2deal import quality

    path = quality.release(ctx.obj, file, reason)
    output.stdout.print(f"{path} is accepted. Run 'dial2deal build' to use it.", markup=False)


def _land(settings: Settings, path: Path, source: str | None, feed: str | None) -> list[Path]:
    """Paths in landing for what the user named; copies what lies elsewhere."""
    path = path.resolve()
    if path.is_relative_to(settings.landing):
        return [path]
    if not source or not feed:
        output.fail(f"{path.name} lies outside {settings.landing}: name its vendor profile and feed with "
                    "--source and --feed.", code=2)
    target = settings.landing / source / feed
    target.mkdir(parents=True, exist_ok=True)
    landed = []
    for item in sorted(path.iterdir()) if path.is_dir() else [path]:
        if item.is_file():
            landed.append(Path(shutil.copy2(item, target / item.name)))
    return landed


def _manifest(settings: Settings, file_ids: list[str] | None = None) -> list[dict]:
    if not settings.warehouse.exists():
        return []
    with warehouse.session(settings) as con:
        rows = con.execute(
            f"select {', '.join(_COLUMNS)} from ops.export_files where ?::varchar[] is null or "
            "file_id in (select unnest(?::varchar[])) order by path, file_id", [file_ids, file_ids]).fetchall()
    return [dict(zip(_COLUMNS, row, strict=True)) for row in rows]


def _show(rows: list[dict], json: bool) -> None:
    if json:
        output.as_json(rows)
    elif rows:
        output.table(_SHOWN, [[row[name] for name in _SHOWN] for row in rows])
    else:
        output.stdout.print("No files.")
