"""Expressions of profiles see the cells of their row and nothing else: a profile may come from anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

import duckdb

from dial2deal.sql import only_row

# Scalar functions that tell of the machine or the session; tables and files are only reached by subqueries.
_REFUSED = {
    "getenv",
    "current_setting",
    "getvariable",
    "nextval",
    "currval",
    "current_user",
    "current_query",
    "pg_read_file",
    "which_secret",
    "in_search_path",
}


# A header, helper or canonical column that an expression refers to; {2,6} is a count in a pattern.
PLACEHOLDER = re.compile(r"\{(?![0-9]*,?[0-9]*\})([^{}]+)\}")


def problem_of(file: Any) -> str | None:
    """Which entry of a profile's YAML is refused and why, None when all of them only compute."""
    written = [("not_data", condition) for condition in file.not_data]
    written += [(f"expression of {name}", sql) for name, rule in file.columns.items() for sql in rule.expression]
    return next((f"{what} {told}." for what, sql in written if (told := complaint(sql))), None)


@lru_cache(maxsize=4096)
def complaint(expression: str) -> str | None:
    """Why ``expression`` is refused, None when it only computes."""
    # On a line of its own, so that a comment at its end cannot hide what follows.
    text = f"select (\n{PLACEHOLDER.sub('c0', expression)}\n) from cells"
    told = json.loads(only_row(_parser().cursor().execute("select json_serialize_sql($1::varchar)", [text]))[0])
    if told["error"]:
        return f"is no SQL expression: {told['error_message']}"
    if len(told["statements"]) != 1:
        return "holds more than one statement"
    node = told["statements"][0]["node"]
    if node["type"] != "SELECT_NODE" or len(node["select_list"]) != 1 or node["cte_map"]["map"]:
        return "is more than one expression"
    if node["from_table"].get("table_name") != "cells" or node["from_table"]["type"] != "BASE_TABLE":
        return "reads a table or file"
    for part in _parts(node["select_list"]):
        if part.get("class") == "SUBQUERY":
            return "holds a query: it may only use the cells of its row"
        if part.get("class") == "FUNCTION" and part.get("function_name", "").lower() in _REFUSED:
            return f"uses {part['function_name']}, which tells of the machine"
    return None


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _parts(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _parts(child)
