"""Asking the published data: ``sql`` and ``metrics``."""

from __future__ import annotations

import sys
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import typer

from dial2deal import status
from dial2deal.commands import output


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="How rows are printed.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
metrics_app = typer.Typer(no_args_is_help=True, help="Metrics by name, dimension and time: the definitions that "
                                                     "reports use too.")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("sql")(sql)
    app.add_typer(metrics_app, name="metrics")


def sql(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="One SQL statement in DuckDB's dialect; - reads standard input.")],
    form: FormatOption = Format.table,
    json: JsonOption = False,
) -> None:
    """Read the published snapshot, for example: dial2deal sql "select * from marts.channel_roi" """
    from dial2deal import metrics

    status.open_snapshot(ctx.obj).close()
    result = metrics.sql(ctx.obj, sys.stdin.read() if query == "-" else query)
    _print(result.columns, result.rows, Format.json if json else form)


@metrics_app.command("list")
def list_metrics(
    ctx: typer.Context,
    search: Annotated[str, typer.Argument(help="Only metrics whose name, label or description has this text.")] = "",
    json: JsonOption = False,
) -> None:
    """List every metric with its definition and dimensions."""
    from dial2deal.metrics import Metrics

    found = [entry for entry in _as_dicts(Metrics(_published(ctx)).catalog())
             if search.lower() in " ".join(str(value) for value in entry.values()).lower()]
    if json:
        output.as_json(found)
        return
    output.table(["metric", "label", "description"],
                 [[entry["name"], entry.get("label") or "", entry.get("description") or ""] for entry in found])


@metrics_app.command("query")
def query_metrics(
    ctx: typer.Context,
    metrics: Annotated[list[str], typer.Argument(help="Names of metrics; see 'dial2deal metrics list'.")],
    by: Annotated[list[str] | None, typer.Option(
        "--by", "-b", help="Dimension to group by; repeat for more.")] = None,
    start: Annotated[datetime | None, typer.Option(
        "--from", formats=["%Y-%m-%d"], help="First day, local time.")] = None,
    end: Annotated[datetime | None, typer.Option(
        "--to", formats=["%Y-%m-%d"], help="Last day, local time, included.")] = None,
    where: Annotated[list[str] | None, typer.Option(
        "--where", "-w",
        help="Filter such as channel=转介绍, call_hour>=9, team!=A or channel=A|B; repeat for more.")] = None,
    order: Annotated[list[str] | None, typer.Option("--order", "-o", help="Column to sort by; -name for descending.")]
    = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many rows.")] = None,
    form: FormatOption = Format.table,
    json: JsonOption = False,
) -> None:
    """Query metrics, for example: dial2deal metrics query connect_rate --by channel --from 2026-01-01"""
    from dial2deal.metrics import Metrics, parse_filter

    rows = Metrics(_published(ctx)).query(
        metrics, tuple(by or ()), start=_day(start), end=_day(end),
        filters=[parse_filter(text) for text in where or ()],
        order_by=tuple(order or ()), limit=limit)
    header = list(rows[0]) if rows else [*(by or ()), *metrics]
    _print(header, [[row[name] for name in header] for row in rows], Format.json if json else form)


def _print(header: list[str], rows: list, form: Format) -> None:
    if form is Format.json:
        output.as_json([dict(zip(header, row, strict=True)) for row in rows])
    elif form is Format.csv:
        output.as_csv(header, rows)
    else:
        output.table(header, rows)


def _published(ctx: typer.Context):
    status.open_snapshot(ctx.obj).close()
    return ctx.obj


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None


def _as_dicts(catalog) -> list[dict]:
    return [entry if isinstance(entry, dict) else vars(entry) for entry in catalog]
