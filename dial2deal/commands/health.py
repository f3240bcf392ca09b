"""``doctor``: is this installation able to work, and is its data in order?"""

from __future__ import annotations

import ctypes.util
import datetime as dt
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Annotated

import duckdb
import typer
from packaging.requirements import Requirement

from dial2deal import policy, published, warehouse
from dial2deal.commands import output
from dial2deal.presentation import pdf
from dial2deal.settings import Settings
from dial2deal.sql import only_row

_MIN_FREE_BYTES = 2 << 30
_STALE_HOURS = 36
_STYLES = {"ok": "green", "warning": "yellow", "error": "red"}


@dataclass(frozen=True)
class Finding:
    """One thing the doctor looked at. ``state``: ok, warning (something is missing or old), error (cannot work)."""

    subject: str
    state: str
    message: str


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("doctor")(doctor)


def doctor(ctx: typer.Context, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check Python, packages, system libraries, disk, policy, landing, warehouse and snapshot. Changes nothing."""
    findings = examine(ctx.obj)
    if json:
        output.as_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            output.stdout.print(f"[{_STYLES[finding.state]}]{finding.state:<8}[/] ", end="")
            output.stdout.print(f"{finding.subject}: {finding.message}", markup=False, soft_wrap=True)
    if any(finding.state == "error" for finding in findings):
        raise SystemExit(1)


def examine(settings: Settings) -> list[Finding]:
    """All findings in a fixed order; an examination that breaks is an error finding, never an exception."""
    examinations: tuple[Callable[[Settings], Iterable[Finding]], ...] = (
        _python,
        _packages,
        _system,
        _disk,
        _policy,
        _landing,
        _warehouse,
        _snapshot,
    )
    findings: list[Finding] = []
    for examination in examinations:
        try:
            findings += examination(settings)
        except Exception as error:  # a doctor that dies of one illness is no help with the others
            findings.append(Finding(examination.__name__.strip("_"), "error", f"{type(error).__name__}: {error}"))
    return findings


def _python(_: Settings) -> Iterable[Finding]:
    found = ".".join(str(part) for part in sys.version_info[:3])
    good = sys.version_info[:2] == (3, 11)
    yield Finding("python", "ok" if good else "error", found if good else f"{found}; 3.11 is needed, run 'make env'")


def _packages(_: Settings) -> Iterable[Finding]:
    wrong = []
    for line in requires("dial2deal") or ():
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} {found} instead of {requirement.specifier}")
    yield Finding(
        "packages",
        "error" if wrong else "ok",
        f"{'; '.join(wrong)}: run 'make env'" if wrong else "all at the versions this project was tested at",
    )


def _system(_: Settings) -> Iterable[Finding]:
    pango = ctypes.util.find_library("pango-1.0") and ctypes.util.find_library("pangoft2-1.0")
    yield Finding(
        "pango",
        "ok" if pango else "warning",
        "found" if pango else "missing: reports get no PDF; apt-get install libpango-1.0-0 libpangoft2-1.0-0",
    )
    font = pdf.chinese_font()
    yield Finding(
        "chinese font",
        "ok" if font else "warning",
        font or "missing: reports get no PDF; apt-get install fonts-noto-cjk",
    )
    chromium = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    yield Finding(
        "chromium",
        "ok" if chromium else "warning",
        chromium or "missing: only the browser tests need it; apt-get install chromium",
    )


def _disk(settings: Settings) -> Iterable[Finding]:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    if not os.access(folder, os.W_OK):
        yield Finding("home", "error", f"{folder} is not writable; set DIAL2DEAL_HOME to a folder that is")
        return
    free = shutil.disk_usage(folder).free
    yield Finding(
        "home", "ok" if free >= _MIN_FREE_BYTES else "warning", f"{settings.home}, {free / (1 << 30):.1f} GiB free"
    )
    if settings.home.exists() and settings.home.stat().st_mode & 0o077:
        yield Finding(
            "access",
            "warning",
            f"other accounts may look into {settings.home}, which holds phone numbers: chmod 700 it",
        )


def _policy(settings: Settings) -> Iterable[Finding]:
    try:
        rules = policy.load(settings)
    except policy.PolicyError as error:
        yield Finding("policy", "error", str(error))
        return
    own = sum(1 for _ in settings.policy_dirs[-1].glob("*")) if settings.policy_dirs[-1].exists() else 0
    yield Finding("policy", "ok", f"version {rules.version}, {own} file(s) of this installation's own")


def _landing(settings: Settings) -> Iterable[Finding]:
    files = [path for path in settings.landing.rglob("*") if path.is_file()] if settings.landing.exists() else []
    state = "ok" if files else "warning"
    yield Finding(
        "landing",
        state,
        f"{len(files)} file(s)"
        if files
        else f"empty: put exports into {settings.landing}/<source>/<feed>/, or run 'dial2deal demo'",
    )


def _warehouse(settings: Settings) -> Iterable[Finding]:
    if not settings.warehouse.exists():
        yield Finding("warehouse", "warning", "not built yet: run 'dial2deal build'")
        return
    size = settings.warehouse.stat().st_size / (1 << 20)
    try:
        con = duckdb.connect(str(settings.warehouse), read_only=True)
    except duckdb.Error as error:
        yield (
            Finding("warehouse", "ok", f"{size:.0f} MiB, in use by a build or another program")
            if warehouse.is_locked(error)
            else _damaged(error)
        )
        return
    try:
        yield from _content(con, size)
        yield from _key(con, settings)
    except duckdb.Error as error:
        yield _damaged(error)
    finally:
        con.close()


def _damaged(error: duckdb.Error) -> Finding:
    return Finding(
        "warehouse",
        "error",
        f"damaged ({str(error).splitlines()[0][:200]}): put it back from a backup, or "
        "move it away and run 'dial2deal build', which makes it anew from landing",
    )


def _content(con: duckdb.DuckDBPyConnection, size: float) -> Iterable[Finding]:
    counts = dict(con.execute("select status, count(*) from ops.export_files group by status").fetchall())
    dirty = only_row(con.execute("select count(distinct event_date) from ops.dirty_dates"))[0]
    bad = counts.get("held", 0) + counts.get("failed", 0)
    listed = ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "no files"
    yield Finding("warehouse", "ok", f"{size:.0f} MiB, files: {listed}")
    if bad:
        yield Finding("files", "warning", f"{bad} held or failed: 'dial2deal files' says why and what to do")
    if dirty:
        yield Finding("changes", "warning", f"{dirty} date(s) are not published yet: run 'dial2deal build'")


def _key(con: duckdb.DuckDBPyConnection, settings: Settings) -> Iterable[Finding]:
    """The warehouse's key counts; a file that holds another one would be a worthless backup."""
    row = con.execute("select customer_hash_key from ops.secrets").fetchone()
    if row and settings.secret_key.exists() and settings.secret_key.read_bytes().strip() != row[0].encode():
        yield Finding(
            "key",
            "warning",
            f"{settings.secret_key} is not the warehouse's key: keep the right one, or "
            "delete the file and it is written again",
        )


def _snapshot(settings: Settings) -> Iterable[Finding]:
    info = published.build_info(settings)
    if info is None:
        yield Finding("snapshot", "warning", "nothing is published yet: run 'dial2deal build'")
        return
    age = dt.datetime.now(dt.UTC).replace(tzinfo=None) - info["built_at"]
    hours = age.total_seconds() / 3600
    yield Finding(
        "snapshot",
        "warning" if hours > _STALE_HOURS else "ok",
        f"data as of {info['as_of_at']}, {info['verdict']}, built {hours:.0f} h ago"
        + (": run 'dial2deal build'" if hours > _STALE_HOURS else ""),
    )
