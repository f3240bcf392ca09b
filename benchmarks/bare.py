"""The models' compiled SQL run by DuckDB alone: what the same work costs without the product around it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import duckdb


def run(database: Path, manifest: Path, *, with_tests: bool) -> dict:
    """Build every model in dependency order in ``database``, which holds raw, ops and policy tables.

    Raises duckdb.Error when a statement fails.
    """
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    models = {key: node for key, node in nodes.items() if node["resource_type"] == "model"}
    con = duckdb.connect()
    con.execute("set enable_progress_bar = false")
    con.execute(f"attach '{database}' as warehouse")  # the compiled SQL says "warehouse"."staging"."stg_calls"
    con.execute("use warehouse")
    con.execute("delete from ops.build_dates")
    con.execute(
        "insert into ops.build_dates select distinct unnest(['calls', 'fct_calls']), _event_date from raw.calls"
    )
    began = time.perf_counter()
    for key in _in_order(models):
        _create(con, models[key])
    models_seconds = time.perf_counter() - began
    tests = 0
    if with_tests:
        for node in nodes.values():
            if node["resource_type"] == "test" and node.get("compiled_code"):
                con.execute(f"select count(*) from ({node['compiled_code']})").fetchall()
                tests += 1
    con.close()
    return {
        "seconds": time.perf_counter() - began,
        "models_seconds": models_seconds,
        "models": len(models),
        "tests": tests,
    }


def _create(con: duckdb.DuckDBPyConnection, node: dict) -> None:
    con.execute(f"create schema if not exists {node['schema']}")
    kind = "view" if node["config"]["materialized"] == "view" else "table"
    con.execute(f'create or replace {kind} {node["schema"]}."{node["alias"]}" as {node["compiled_code"]}')


def _in_order(models: dict[str, dict]) -> list[str]:
    """Each model after those that it reads."""
    done: list[str] = []

    def visit(key: str) -> None:
        if key in models and key not in done:
            for parent in models[key]["depends_on"]["nodes"]:
                visit(parent)
            done.append(key)

    for key in sorted(models):
        visit(key)
    return done
