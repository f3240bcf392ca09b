"""Small masked excerpts and shapes of warehouse tables, for people who look at a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from dial2deal.privacy import mask_text
from dial2deal.sql import identifier

_PHONE_COLUMN = re.compile(r"phone|mobile|number|(^|_)tel($|_)")
_MOBILE_DIGITS = 11
# Names of persons and free text about them; agents' ids and hashed keys tell a reader enough.
_PERSONAL = re.compile(r"(^|_)(name|notes?|email|address|wechat|contact|raw_line|remark|_extra)($|_)|^_extra$")
_HIDDEN = "***"
_CELL_WIDTH = 40


@dataclass(frozen=True)
class Shape:
    """What a table looks like. ``rows`` is None for a view: counting one would run its query."""

    rows: int | None
    columns: tuple[tuple[str, str], ...]
    preview: str


def _mask_digits(digits: str) -> str:
    return f"{digits[-11:-8]}****{digits[-4:]}" if len(digits) >= _MOBILE_DIGITS else f"****{digits[-2:]}"


def shapes(
    con: duckdb.DuckDBPyConnection, relations: Iterable[tuple[str, str]], *, limit: int = 5
) -> dict[tuple[str, str], Shape]:
    """Shape of each (schema, table) that exists; row counts of all tables come from one query."""
    wanted = sorted(set(relations))
    columns = columns_of(con, wanted)
    tables = {
        (schema, table)
        for schema, table in con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
        ).fetchall()
    }
    countable = [relation for relation in wanted if relation in tables]
    counts: Mapping[tuple[str, str], int] = {}
    if countable:
        query = " union all ".join(
            f"select {index}, count(*) from {_quoted(relation)}" for index, relation in enumerate(countable)
        )
        counts = {countable[index]: count for index, count in con.execute(query).fetchall()}
    return {
        relation: Shape(
            rows=counts.get(relation),
            columns=columns[relation],
            preview=masked_preview(con, relation, limit=limit) if relation in tables else "",
        )
        for relation in wanted
        if relation in columns
    }


def columns_of(
    con: duckdb.DuckDBPyConnection, relations: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
    """(column, type) pairs of each (schema, table) that exists, views included."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, table, name, kind in con.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = current_database() order by schema_name, table_name, column_index"
    ).fetchall():
        found.setdefault((schema, table), []).append((name, kind))
    return {relation: tuple(found[relation]) for relation in relations if relation in found}


def masked_preview(con: duckdb.DuckDBPyConnection, relation: tuple[str, str], *, limit: int = 5) -> str:
    """The first rows in storage order as a Markdown table: digits masked, personal columns hidden."""
    cursor = con.execute(f"select * from {_quoted(relation)} limit {int(limit)}")
    names = [column[0] for column in cursor.description]
    return markdown(
        names, [[_cell(name, value) for name, value in zip(names, row, strict=True)] for row in cursor.fetchall()]
    )


def markdown(header: list[str], rows: Iterable[Iterable[Any]]) -> str:
    """A Markdown table; an empty one says so in words."""
    body = [" | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) for row in rows]
    if not body:
        return "(no rows)"
    return "\n".join(["| " + " | ".join(header) + " |", "|" + "---|" * len(header), *(f"| {row} |" for row in body)])


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if _PERSONAL.search(name) and not name.endswith("_file"):
        return _HIDDEN
    text = str(value)
    if isinstance(value, str):  # money and counts are no phone numbers, however many digits they have
        digits = re.sub("[^0-9]", "", text)
        text = _mask_digits(digits) if _PHONE_COLUMN.search(name) and len(digits) > 6 else mask_text(text)
    return text if len(text) <= _CELL_WIDTH else text[: _CELL_WIDTH - 1] + "…"


def _quoted(relation: tuple[str, str]) -> str:
    return ".".join(identifier(part) for part in relation)
