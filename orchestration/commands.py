"""Commands that run Dagster: ``build``, ``demo``, ``report``, ``dev`` and ``dbt``. Registered by entry point.

Imports of Dagster stay inside the functions: ``dial2deal --help`` and ``dial2deal sql`` must not pay for them.
"""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from dial2deal.commands import output
from dial2deal.settings import Settings

_DAY = ["%Y-%m-%d"]
_PORT = 3000
JsonOption = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


class Granularity(StrEnum):
    """Kinds of report."""

    daily = "daily"
    weekly = "weekly"
    monthly = "monthly"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("build")(build)
    app.command("demo")(demo)
    app.command("report")(report)
    app.command("dev")(dev)
    app.command("dbt", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(dbt)


def build(
    ctx: typer.Context,
    from_date: Annotated[
        datetime | None,
        typer.Option("--from", formats=_DAY, help="Also rebuild the dates from this one on; needs --to."),
    ] = None,
    to_date: Annotated[
        datetime | None, typer.Option("--to", formats=_DAY, help="Last date to rebuild, included.")
    ] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Rebuild every model over all history.")] = False,
    reports: Annotated[bool, typer.Option(help="Render the reports that are due; else they stay queued.")] = True,
    json: JsonOption = False,
) -> None:
    """Load what is new in landing and bring models, checks, snapshot and reports up to date.

    Runs the same Dagster job as the schedules, in this process, recorded in the same Dagster instance.
    Exit code 0 only when the build was published and at least one file counts; held files are reported but do not
    fail it unless all are held or the policy says so.
    """
    if (from_date is None) != (to_date is None):
        raise typer.BadParameter("--from and --to belong together")
    if from_date and to_date and from_date > to_date:
        raise typer.BadParameter("--from lies after --to")
    _build(
        ctx.obj,
        json,
        full_refresh=full_refresh,
        reports=reports,
        from_date=from_date.date() if from_date else None,
        to_date=to_date.date() if to_date else None,
    )


def demo(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(min=1, help="Days of history.")] = 120,
    calls_per_day: Annotated[int, typer.Option(min=1, help="Calls on an average day.")] = 1500,
    seed: Annotated[int, typer.Option(help="Same seed, same files.")] = 20260105,
    json: JsonOption = False,
) -> None:
    """Write made-up exports with planted effects into landing, then build; ends with what to open."""
    from dial2deal.demo import write_exports

    if not json:
        output.stdout.print(f"Writing exports of {days} days with about {calls_per_day} calls each …")
    write_exports(ctx.obj.ensure(), days=days, calls_per_day=calls_per_day, seed=seed)
    _build(ctx.obj, json)


def report(
    ctx: typer.Context,
    granularity: Annotated[Granularity, typer.Argument(help="Which kind of report.")],
    named: Annotated[
        str | None,
        typer.Argument(metavar="[PERIOD]", help="2026-01-05, 2026-W02 or 2026-01; default: the latest complete one."),
    ] = None,
    period: Annotated[str | None, typer.Option(help="The same as PERIOD.")] = None,
    to: Annotated[str | None, typer.Option(help="Last period of a range that starts with --period.")] = None,
    json: JsonOption = False,
) -> None:
    """Render reports from the published snapshot, again or for periods that were never rendered."""
    from dial2deal import policy, published, reports
    from orchestration import partitions, run, summary

    settings: Settings = ctx.obj
    published.connect(settings).close()
    if named and period and named != period:
        raise typer.BadParameter("two periods are named; use --to for the last one of a range")
    period = period or named
    if to and not period:
        raise typer.BadParameter("--to needs a first period")
    if period is None:
        info = published.build_info(settings)
        if info["as_of_date"] is None:
            output.fail(
                "No report: nothing is published with a date yet. 'dial2deal files' says what became of each "
                "file; held ones count once they are corrected or released."
            )
        period = reports.expected_latest(granularity.value, info["as_of_date"], info["as_of_at"], policy.load(settings))
    period, to = (partitions.named(granularity.value, name) for name in (period, to or period))
    periods = partitions.between(granularity.value, period, to)
    outcomes = run.render(settings, granularity.value, periods, summary.reporter(quiet=json))
    summary.show_reports(outcomes, json=json)
    if not all(outcome.ok for outcome in outcomes):
        raise SystemExit(1)


def dev(
    ctx: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port of the web page; default 3000, or the next free one.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only look: the page can start and stop nothing, and no schedule runs.")
    ] = False,
) -> None:
    """Start the Dagster UI with its daemon: schedules and the landing sensor run. Stop with Ctrl-C."""
    from orchestration import dev

    settings: Settings = ctx.obj
    free = dev.free_port(host, port or _PORT)
    if port and free != port:
        raise typer.BadParameter(f"port {port} is taken; port {free} is free")
    if free != (port or _PORT):
        output.stdout.print(f"Port {_PORT} is taken, perhaps by another dial2deal dev.")
    output.stdout.print(
        f"Open this in your browser in a few seconds: http://{host}:{free}/asset-groups\n"
        f"Installation: {settings.home}. Stop with Ctrl-C.",
        soft_wrap=True,
        markup=False,
    )
    sys.stdout.flush()
    raise SystemExit(dev.serve(settings, host, free, read_only=read_only))


def dbt(ctx: typer.Context) -> None:
    """Run dbt itself on this installation, as in: dbt build -s fct_calls, dbt docs generate, dbt ls.

    The warehouse's path and the dates to build are filled in; numbers in what dbt says are masked. Nothing is published.
    """
    from dial2deal import policy, transform
    from orchestration import lock

    settings: Settings = ctx.obj
    if not ctx.args:
        raise typer.BadParameter("a command of dbt is missing, as in: dbt build -s fct_calls")
    with lock.held(settings, "dial2deal dbt", output.stderr.print):
        ok = transform.by_hand(settings, policy.load(settings), ctx.args, typer.echo)
    if not ok:
        raise SystemExit(1)


def _build(settings: Settings, json: bool, **options) -> None:
    from orchestration import run, summary

    outcome = run.build(settings, reporter=summary.reporter(quiet=json), **options)
    facts = summary.show_build(settings, outcome, json=json)
    none_accepted = facts["files"]["by_status"] and not facts["files"]["by_status"].get("accepted")
    if not outcome.ok or none_accepted:
        raise SystemExit(1)
