"""Asking the published data: ``sql`` and ``metrics``."""

from __future__ import annotations

import sys
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dial2deal import published
from dial2deal.commands import output
from dial2deal.settings import Settings

if TYPE_CHECKING:
    from dial2deal.metrics import Metrics

_VALUES_SHOWN = 200


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="How rows are printed.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
metrics_app = typer.Typer(
    no_args_is_help=True, help="Metrics by name, dimension and time: the definitions that reports use too."
)


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

    published.connect(ctx.obj).close()
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

    found = [
        entry
        for entry in Metrics(_published(ctx)).catalog()
        if search.lower() in " ".join(str(value) for value in entry.values()).lower()
    ]
    if json:
        output.as_json(found)
        return
    if not found:
        output.fail(f"No metric's name, label or description has {search!r}; 'dial2deal metrics list' shows all.")
    for entry in found:
        output.stdout.print(
            f"{entry['name']}  {entry['label_zh']} · {entry['label_en']}", style="bold", markup=False, soft_wrap=True
        )
        output.stdout.print(f"    {' '.join(entry['description'].split())}", markup=False, soft_wrap=True)
        if notes := _notes(entry):
            output.stdout.print(f"    {notes}", markup=False, soft_wrap=True)


@metrics_app.command("query")
def query_metrics(
    ctx: typer.Context,
    metrics: Annotated[list[str], typer.Argument(help="Names of metrics; see 'dial2deal metrics list'.")],
    by: Annotated[list[str] | None, typer.Option("--by", "-b", help="Dimension to group by; repeat for more.")] = None,
    start: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, local time.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, local time, included.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            "-w",
            help="Filter such as channel=转介绍, call_hour>=9, team!=A or channel=A|B; repeat for more.",
        ),
    ] = None,
    order: Annotated[
        list[str] | None, typer.Option("--order", "-o", help="Column to sort by; -name for descending.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many rows.")] = None,
    form: FormatOption = Format.table,
    json: JsonOption = False,
) -> None:
    """Query metrics, for example: dial2deal metrics query connect_rate --by channel --from 2026-01-01"""
    from dial2deal.metrics import Metrics, parse_filter

    if start and end and start > end:
        output.fail("--from lies after --to.", code=2)
    service = Metrics(_published(ctx))
    filters = [parse_filter(text) for text in where or ()]
    for name, operator, value in filters:
        _check_value(service, name, operator, value)
    rows = service.query(
        metrics,
        tuple(by or ()),
        start=_day(start),
        end=_day(end),
        filters=filters,
        order_by=tuple(order or ()),
        limit=limit,
    )
    if form is Format.table and not json:
        kinds = {entry["name"]: entry["kind"] for entry in service.catalog()}
        output.table(
            [*(by or ()), *metrics],
            [
                [*(row[name] for name in by or ()), *(_readable(row, name, kinds[name]) for name in metrics)]
                for row in rows
            ],
        )
        return
    header = list(rows[0]) if rows else [*(by or ()), *metrics]
    _print(header, [[row[name] for name in header] for row in rows], Format.json if json else form)


def _check_value(service: Metrics, name: str, operator: str, value: object) -> None:
    """A value that no row has is a typing mistake, not a group of zeros."""
    known = service.values(name)
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and operator in ("=", "!=", "in", "not in") and text not in map(str, known):
            output.fail(f"No row has {name} = {text!r}.{output.suggestion(text, map(str, known[:_VALUES_SHOWN]))}")


def _notes(entry: dict[str, Any]) -> str:
    """What a reader of a metric must not do with it; empty for a number by day that adds up."""
    notes = [f"known by {entry['grain']}"] if entry["grain"] != "day" else []
    if not (entry["is_additive"] or entry["numerator"]):
        notes.append("groups and periods do not add up")
    return "; ".join(notes)


def _readable(row: dict[str, Any], name: str, kind: str) -> str:
    """One metric as people write it: thousands, percent, numerator and denominator, interval."""
    value = row[name]
    if value is None:
        return "–"
    if kind == "share":
        text = f"{value:.1%} ({_number(row[f'{name}_num'])} of {_number(row[f'{name}_den'])}"
        low, high = row[f"{name}_low"], row[f"{name}_high"]
        text += f"; {low:.1%}–{high:.1%})" if low is not None else ")"
        return text if row[f"{name}_n_ok"] else f"{text} few"
    return f"{value:,.2f}" if kind in ("money", "ratio") else _number(value)


def _number(value: object) -> str:
    if not isinstance(value, (int, float, Decimal)) or isinstance(value, bool):
        return str(value)
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _print(header: list[str], rows: list[Any], form: Format) -> None:
    if form is Format.json:
        output.as_json([dict(zip(header, row, strict=True)) for row in rows])
    elif form is Format.csv:
        output.as_csv(header, rows)
    else:
        output.table(header, rows)


def _published(ctx: typer.Context) -> Settings:
    settings: Settings = ctx.obj
    published.connect(settings).close()
    return settings


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None
