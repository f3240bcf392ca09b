"""What dbt reports, turned into plain results and into the append-only history of checks."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import duckdb

from dial2deal import warehouse
from dial2deal.privacy import mask_text
from dial2deal.sql import literal, only_row
from dial2deal.transform.dbt import NodeResult

_SAMPLE_ROWS = 20
_OUTCOMES = {"pass": "passed", "fail": "failed", "warn": "failed", "error": "not_evaluable"}


def listener(on_node: Callable[[NodeResult], None]) -> Callable[[Any], None]:
    """A dbt event callback that reports each finished node as it finishes (without row counts)."""

    def hear(event: Any) -> None:
        if event.info.name != "NodeFinished":
            return
        info, result = event.data.node_info, event.data.run_result
        on_node(
            NodeResult(
                unique_id=info.unique_id,
                name=info.node_name,
                resource_type=info.resource_type,
                status=info.node_status,
                seconds=round(result.execution_time, 3),
                rows=None,
                message=_mask(result.message) or None,
                failures=result.num_failures if info.resource_type == "test" else None,
            )
        )

    return hear


def collect(con: duckdb.DuckDBPyConnection, run_results: Sequence[Any]) -> tuple[NodeResult, ...]:
    """Results of all models and tests with the row counts of the tables, in dbt's order."""
    sizes = _table_sizes(con)
    return tuple(
        NodeResult(
            unique_id=result.node.unique_id,
            name=result.node.name,
            resource_type=str(result.node.resource_type),
            status=str(result.status),
            seconds=round(result.execution_time, 3),
            rows=sizes.get((result.node.schema, result.node.alias)) if _is_model(result) else None,
            message=_mask(result.message),
            failures=result.failures,
        )
        for result in run_results
    )


def red_reasons(run_results: Iterable[Any]) -> tuple[str, ...]:
    """One line per failed model and per failed test of severity error, with what to do."""
    reasons = []
    for result in run_results:
        status, name = str(result.status), result.node.name
        if _is_model(result):
            if status == "error":
                reasons.append(f"model {name} failed: {_first_line(result.message)}")
        elif _severity(result) == "critical" and status == "fail":
            reasons.append(
                f"test {name} found {result.failures} row(s) in {_tested(result)}; they are in ops.check_failures"
            )
        elif _severity(result) == "critical" and status == "error":
            reasons.append(f"test {name} could not be evaluated: {_first_line(result.message)}")
    return tuple(reasons)


def record(con: duckdb.DuckDBPyConnection, build_id: str, run_results: Iterable[Any]) -> None:
    """Append the tests' outcomes and a sample of the failing rows (numbers masked) to the history."""
    with warehouse.transaction(con):
        for result in run_results:
            status = str(result.status)
            if _is_model(result) or status not in _OUTCOMES:
                continue
            rows = _failing_rows(con, result) if status in ("fail", "warn") else []
            con.execute(
                "insert into ops.check_results by name select ? as build_id, now() at time zone 'UTC' as checked_at, "
                "'dbt_test' as kind, ? as feed_or_model, ? as check_name, ? as severity, ? as outcome, "
                "? as rows_failed, ? as message",
                [
                    build_id,
                    _tested(result),
                    result.node.name,
                    _severity(result),
                    _OUTCOMES[status],
                    result.failures,
                    _first_line(result.message),
                ],
            )
            for row in rows:
                con.execute(
                    "insert into ops.check_failures by name select ? as build_id, "
                    "now() at time zone 'UTC' as checked_at, 'dbt_test' as kind, ? as feed_or_model, "
                    "? as check_name, ? as severity, ? as row_json",
                    [build_id, _tested(result), result.node.name, _severity(result), row],
                )


def record_nodes(con: duckdb.DuckDBPyConnection, build_id: str, nodes: Sequence[NodeResult]) -> None:
    """Replace what ops.node_runs says of this build."""
    con.execute(f"delete from ops.node_runs where build_id = {literal(build_id)}")
    if nodes:
        names = [column.name for column in fields(NodeResult)]
        con.execute(
            f"insert into ops.node_runs by name select {literal(build_id)} as build_id, "
            + ", ".join(f"unnest(?) as {name}" for name in names),
            [[getattr(node, name) for node in nodes] for name in names],
        )


def nodes_of(con: duckdb.DuckDBPyConnection, build_id: str) -> tuple[NodeResult, ...]:
    """What `record_nodes` kept of a build, in dbt's order."""
    names = ", ".join(column.name for column in fields(NodeResult))
    rows = con.execute(f"select {names} from ops.node_runs where build_id = {literal(build_id)} order by rowid")
    return tuple(NodeResult(*row) for row in rows.fetchall())


@dataclass(frozen=True)
class TestOutcome:
    """The last result of one test. ``outcome``: passed | failed | not_evaluable; ``checked_at``: UTC."""

    outcome: str
    rows_failed: int
    message: str | None
    checked_at: dt.datetime


def latest_tests(con: duckdb.DuckDBPyConnection) -> dict[str, TestOutcome]:
    """The last result of each model's test by its name, of whichever build that ran it."""
    return {
        name: TestOutcome(*found)
        for name, *found in con.execute(
            "select check_name, outcome, coalesce(rows_failed, 0), message, checked_at "
            "from ops.check_results where kind = 'dbt_test' "
            "qualify row_number() over (partition by check_name order by checked_at desc, build_id desc) = 1"
        ).fetchall()
    }


def _mask(text: str | None) -> str | None:
    return mask_text(text) if text else text


def _failing_rows(con: duckdb.DuckDBPyConnection, result: Any) -> list[str]:
    try:
        cursor = con.execute(f"select * from ({result.node.compiled_code}) as failing limit {_SAMPLE_ROWS}")
    except duckdb.Error as error:
        return [json.dumps({"error": _mask(str(error))}, ensure_ascii=False)]
    names = [column[0] for column in cursor.description]
    return [
        json.dumps(
            {name: _mask(str(value)) if value is not None else None for name, value in zip(names, row, strict=True)},
            ensure_ascii=False,
        )
        for row in cursor.fetchall()
    ]


def _table_sizes(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    tables = con.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
    ).fetchall()
    return {
        (schema, table): only_row(con.execute(f'select count(*) from "{schema}"."{table}"'))[0]
        for schema, table in tables
    }


def _is_model(result: Any) -> bool:
    return str(result.node.resource_type) in ("model", "seed", "snapshot")


def _severity(result: Any) -> str:
    return "critical" if str(result.node.config.severity).lower() == "error" else "warning"


def _tested(result: Any) -> str:
    attached = getattr(result.node, "attached_node", None)
    if attached:
        return attached.split(".")[-1]
    return ", ".join(sorted({node.split(".")[-1] for node in result.node.depends_on.nodes}))


def _first_line(message: str | None) -> str | None:
    return _mask(" ".join(message.split())[:500]) if message else message
