"""Which column of a model comes from which columns upstream, read from dbt's compiled SQL with sqlglot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dial2deal import storage
from dial2deal.settings import Settings
from dial2deal.transform import parsed

# (schema, table, column) triples per output column of one model.
ColumnDeps = dict[str, list[tuple[str, str, str]]]
_FORMAT = 3
_KEPT_IN = "column_lineage.json"
_FORMS = 4


def column_lineage(
    settings: Settings, manifest: Mapping[str, Any], relations: Mapping[tuple[str, str], Any], unique_ids: list[str]
) -> dict[str, ColumnDeps]:
    """Lineage of the models ``unique_ids`` (dbt unique ids), computed only for SQL that changed.

    ``relations`` maps (schema, table) to its (column, type) pairs, as far as the warehouse has it. The result
    is kept by the hash of SQL and upstream columns in ``settings.dbt_target``, and where installations share parsed
    projects, there too. A model whose compiled SQL is absent or cannot be parsed has no entry: lineage is an aid and
    never stops a build.
    """
    cache_file, shared_file = settings.dbt_target / _KEPT_IN, parsed.shared(_KEPT_IN)
    cache = _read(cache_file) or (_read(shared_file) if shared_file else {})
    result: dict[str, ColumnDeps] = {}
    changed = False
    for unique_id in unique_ids:
        node = manifest["nodes"][unique_id]
        compiled = settings.dbt_target / "compiled" / node["package_name"] / node["original_file_path"]
        if not compiled.exists():
            continue
        sql = compiled.read_text(encoding="utf-8")
        known = {relation: columns for relation, columns in relations.items() if relation[1] in sql}
        key = hashlib.sha256(repr((_FORMAT, sql, sorted(known.items()))).encode()).hexdigest()
        # A full build and one by dates run different SQL: each model has some of its last forms.
        forms = cache.setdefault(unique_id, {})
        if key not in forms:
            forms[key] = _analyse(sql, known)
            cache[unique_id] = dict(list(forms.items())[-_FORMS:])
            changed = True
        if forms[key]:
            result[unique_id] = {
                column: [(dep[0], dep[1], dep[2]) for dep in deps] for column, deps in forms[key].items()
            }
    if changed:
        text = json.dumps(cache, ensure_ascii=False)
        storage.write(cache_file, text)
        parsed.share(_KEPT_IN, text)
    return result


def _analyse(sql: str, known: Mapping[tuple[str, str], Any]) -> dict[str, list[list[str]]]:
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    schema: dict[str, dict[str, dict[str, str]]] = {}
    for (schema_name, table), columns in known.items():
        schema.setdefault(schema_name, {})[table] = dict(columns)
    try:
        tree = parse_one(sql, read="duckdb")
        for table in tree.find_all(exp.Table):
            table.set("catalog", None)
        tree = qualify(tree, dialect="duckdb", schema=schema, validate_qualify_columns=False, identify=False)
        scope = build_scope(tree)
    except SqlglotError:
        return {}
    tracer = _Tracer()
    return {
        name: [list(source) for source in sorted(tracer.output(scope, position))]
        for position, name in enumerate(tree.named_selects)
    }


class _Tracer:
    """Follows output columns down to tables; sqlglot's own lineage copies the tree for each column, 8x slower."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], frozenset[tuple[str, str, str]]] = {}

    def output(self, scope: Any, position: int) -> frozenset[tuple[str, str, str]]:
        """Table columns that the output column at ``position`` of ``scope`` is computed from."""
        key = (id(scope), position)
        if key not in self._found:
            self._found[key] = frozenset()  # a recursive query meets itself here
            self._found[key] = frozenset(self._trace(scope, position))
        return self._found[key]

    def _trace(self, scope: Any, position: int) -> Iterator[tuple[str, str, str]]:
        if scope.set_operation_scopes:
            for branch in scope.set_operation_scopes:
                yield from self.output(branch, position)
            return
        selects = scope.expression.selects
        if position >= len(selects):
            return
        nodes = {id(node): node for node in selects[position].walk()}
        for column in (node for node in nodes.values() if node.key == "column"):
            yield from self._column(scope, column.table, column.name)
        for subquery in scope.subquery_scopes:
            if id(subquery.expression) in nodes:
                for index in range(len(subquery.expression.selects)):
                    yield from self.output(subquery, index)

    def _column(self, scope: Any, table: str, name: str) -> Iterator[tuple[str, str, str]]:
        source = scope.sources.get(table)
        if source is None:
            return
        if hasattr(source, "db"):
            if source.db and name != "*":
                yield source.db, source.name, name
            return
        names = source.expression.named_selects
        if name in names:
            yield from self.output(source, names.index(name))


def _read(path: Path) -> dict[str, Any]:
    """What is kept; nothing where it cannot be read or is of an earlier form."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {} if any("columns" in forms for forms in found.values()) else found
