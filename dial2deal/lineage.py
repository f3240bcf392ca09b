"""Which column of a model comes from which columns upstream, read from dbt's compiled SQL with sqlglot."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dial2deal.settings import Settings

# (schema, table, column) triples per output column of one model.
ColumnDeps = dict[str, list[tuple[str, str, str]]]
_FORMAT = 1


def column_lineage(settings: Settings, manifest: Mapping[str, Any], relations: Mapping[tuple[str, str], Any],
                   unique_ids: list[str]) -> dict[str, ColumnDeps]:
    """Lineage of the models ``unique_ids`` (dbt unique ids), computed only for SQL that changed.

    ``relations`` maps (schema, table) to its (column, type) pairs, as far as the warehouse has it. The result
    is cached by the hash of SQL and upstream columns in ``settings.dbt_target``. A model whose compiled SQL is
    absent or cannot be parsed has no entry: lineage is an aid and never stops a build.
    """
    cache_file = settings.dbt_target / "column_lineage.json"
    cache = _read(cache_file)
    result: dict[str, ColumnDeps] = {}
    changed = False
    for unique_id in unique_ids:
        node = manifest["nodes"][unique_id]
        compiled = settings.dbt_target / "compiled" / node["package_name"] / node["original_file_path"]
        if not compiled.exists():
            continue
        sql = compiled.read_text(encoding="utf-8")
        parents = _parents(manifest, unique_id)
        known = {parent: relations[parent] for parent in parents if parent in relations}
        key = hashlib.sha256(repr((_FORMAT, sql, sorted(known.items()))).encode()).hexdigest()
        entry = cache.get(unique_id)
        if entry is None or entry["key"] != key:
            entry = {"key": key, "columns": _analyse(sql, known)}
            cache[unique_id] = entry
            changed = True
        if entry["columns"]:
            result[unique_id] = {column: [(dep[0], dep[1], dep[2]) for dep in deps]
                                 for column, deps in entry["columns"].items()}
    if changed:
        _write(cache_file, cache)
    return result


def _parents(manifest: Mapping[str, Any], unique_id: str) -> list[tuple[str, str]]:
    found = []
    for parent in manifest["nodes"][unique_id]["depends_on"]["nodes"]:
        node = manifest["nodes"].get(parent) or manifest["sources"].get(parent)
        if node is not None:
            found.append((node["schema"], node.get("alias") or node.get("identifier") or node["name"]))
    return found


def _analyse(sql: str, known: Mapping[tuple[str, str], Any]) -> dict[str, list[list[str]]]:
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    schema: dict[str, dict[str, dict[str, str]]] = {}
    for (schema_name, table), columns in known.items():
        schema.setdefault(schema_name, {})[table] = dict(columns)
    try:
        tree = parse_one(sql, read="duckdb")
        for table in tree.find_all(exp.Table):
            table.set("catalog", None)
        # Qualified once for all columns: lineage() would otherwise do it again for each of them.
        tree = qualify(tree, dialect="duckdb", schema=schema, validate_qualify_columns=False, identify=False)
        scope = build_scope(tree)
    except SqlglotError:
        return {}
    columns: dict[str, list[list[str]]] = {}
    for name in tree.named_selects:
        try:
            node = lineage(name, tree, schema=schema, dialect="duckdb", scope=scope, trim_selects=False)
        except (SqlglotError, ValueError):
            continue
        sources = {(leaf.source.db, leaf.source.name, leaf.name.split(".")[-1].strip('"'))
                   for leaf in node.walk() if isinstance(leaf.source, exp.Table) and leaf.source.db}
        columns[name] = [list(source) for source in sorted(sources) if source[2] != "*"]
    return columns


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _write(path: Path, cache: dict[str, Any]) -> None:
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(cache, ensure_ascii=False, sort_keys=True), encoding="utf-8")
    os.replace(unfinished, path)
