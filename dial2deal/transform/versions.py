"""What each model and test is made of, as one hash that changes when, and only when, its rows may change.

A model is made of its SQL, of the macros that it names, of what the metrics divide whose rates it carries, of the
settings that decide its rows, of the rows of the policy tables that it reads, and of the models before it.
Descriptions, labels that no model reads and comments are no part.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from graphlib import TopologicalSorter
from importlib.metadata import version
from typing import Any

from dial2deal import warehouse
from dial2deal.policy import Policy

_CONFIG = (
    "materialized", "incremental_strategy", "unique_key", "schema", "alias", "on_schema_change", "event_time",
    "full_refresh", "pre-hook", "post-hook", "enabled", "severity", "where", "limit", "fail_calc", "warn_if", "error_if",
)  # fmt: skip
_POLICY = "source.dial2deal.policy."
_SETTINGS = "settings"
# Of meta, what the strategies and tests read (macros/engine/incremental.sql).
_REPLACED = ("follows", "feed_column", "by_key", "announces", "remembers", "whole_table")
# Found under macros/engine by dbt itself, by their names.
_FOUND_BY_DBT = {
    "model": ("materialization_{materialized}_duckdb", "get_incremental_{incremental_strategy}_sql"),
    "test": ("get_where_subquery",),
}
_RATE = re.compile(r"\bmetric_rate\s*\(")
_QUOTIENT = ("numerator", "denominator", "expr", "metrics")
_PARSE = re.compile(r"\bparse\.")
# What the parse macros of the warehouse take from the policy, and tables that come from packages.
_PARSE_SETTINGS = ("time_zone", "outside_line_digits")
_FROM_PACKAGES = {"number_regions": ("phone",), "holidays": ("chinesecalendar",)}


def versions(manifest: Mapping[str, Any], policy: Policy) -> dict[str, str]:
    """Version of every model and test by dbt unique id; a model's includes those of the models that it reads."""
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "test")}
    graph = {key: [parent for parent in node["depends_on"]["nodes"] if parent in nodes] for key, node in nodes.items()}
    parts = _Parts(manifest, policy)
    found: dict[str, str] = {}
    for key in TopologicalSorter(graph).static_order():
        own = parts.of(nodes[key])
        is_model = nodes[key]["resource_type"] == "model"
        found[key] = _digest(own, *(found[parent] for parent in sorted(graph[key]))) if is_model else own
    return found


class _Parts:
    """What one node is made of, without the models that it reads."""

    def __init__(self, manifest: Mapping[str, Any], policy: Policy) -> None:
        project = manifest["metadata"]["project_name"]
        macros = (macro for macro in manifest["macros"].values() if macro["package_name"] == project)
        self._macros = {macro["name"]: _without_comments(macro["macro_sql"]) for macro in macros}
        self._policy = policy
        self._quotients = {
            metric["name"]: {key: metric["type_params"][key] for key in _QUOTIENT}
            | {"kind": metric["config"]["meta"].get("kind")}
            for metric in manifest["metrics"].values()
            if metric["type"] != "simple"
        }

    def of(self, node: Mapping[str, Any]) -> str:
        config = {name: node["config"].get(name) for name in _CONFIG}
        meta = node["config"].get("meta") or {}
        replaced = {name: meta[name] for name in _REPLACED if name in meta}
        contract = node["config"].get("contract") or {}
        columns = (
            [(name, column.get("data_type"), column.get("constraints")) for name, column in node["columns"].items()]
            if contract.get("enforced")
            else []
        )
        rest = json.dumps([config, replaced, columns, node.get("test_metadata")], default=str)
        found_by_dbt = [name.format(**config) for name in _FOUND_BY_DBT[node["resource_type"]]]
        own = f"{_without_comments(node['raw_code'])}\n{rest}"
        names = self._named(f"{own} generate_schema_name() {' '.join(f'{name}()' for name in found_by_dbt)}")
        text = "\n".join([own, *(self._macros[name] for name in sorted(names))])
        return _digest(
            node["schema"],
            node["alias"],
            text,
            self._rates(own),
            self._rules(node, text),
            self._parsing if _PARSE.search(text) else "",
        )

    def _rates(self, own: str) -> list[Any]:
        """What the metrics divide that a model takes a rate from (macro metric_rate), by the names in its SQL."""
        named = set(re.findall(r"\w+", own)) if _RATE.search(own) else set()
        return [(name, self._quotients[name]) for name in sorted(named & set(self._quotients))]

    def _named(self, text: str) -> set[str]:
        """Macros of the project that ``text`` names, and those that they name, in every engine's version."""
        found: set[str] = set()
        waiting = [text]
        while waiting:
            for name in set(re.findall(r"\b(\w+)\s*\(", waiting.pop())):
                for each in (name, f"duckdb__{name}"):
                    if each in self._macros and each not in found:
                        found.add(each)
                        waiting.append(self._macros[each])
        return found

    def _rules(self, node: Mapping[str, Any], text: str) -> list[Any]:
        """Rows of the policy that a node with this ``text`` reads: of columns that it names, of settings that it names."""
        tables = {key.removeprefix(_POLICY) for key in node["depends_on"]["nodes"] if key.startswith(_POLICY)}
        # A setting that becomes a constant of the statement is read while the model runs: dbt does not see it.
        if "'policy', 'settings'" in text:
            tables.add(_SETTINGS)
        words = set(re.findall(r"\w+", text))
        found: list[Any] = []
        for name in sorted(tables):
            rows = [row.model_dump(mode="json") for row in self._policy.tables.get(name, [])]
            if name == _SETTINGS:
                rows = [row for row in rows if _is_named(row["key"], text)]
            found.append((name, [version(package) for package in _FROM_PACKAGES.get(name, ())]))
            found += [{column: value for column, value in row.items() if column in words} for row in rows]
        return found

    @cached_property
    def _parsing(self) -> str:
        return _digest(warehouse.parse_macros(), [self._policy.text(key) for key in _PARSE_SETTINGS])


def _is_named(key: str, text: str) -> bool:
    """Whether a setting's key stands in ``text`` as a literal, or begins as one that ends with %."""
    parts = key.split(".")
    beginnings = (".".join(parts[:count]) + ".%" for count in range(1, len(parts)))
    return any(f"'{name}'" in text or f'"{name}"' in text for name in (key, *beginnings))


def _without_comments(code: str) -> str:
    code = re.sub(r"\{#.*?#\}", "", code, flags=re.DOTALL)
    lines = (line.rstrip() for line in code.splitlines() if not line.lstrip().startswith("--"))
    return "\n".join(line for line in lines if line)


def _digest(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def descendants(manifest: Mapping[str, Any], models: Iterable[str]) -> set[str]:
    """``models`` and every model that reads them, directly or through others."""
    children: dict[str, list[str]] = {}
    for key, node in manifest["nodes"].items():
        if node["resource_type"] == "model":
            for parent in node["depends_on"]["nodes"]:
                children.setdefault(parent, []).append(key)
    found, waiting = set(models), list(models)
    while waiting:
        fresh = [child for child in children.get(waiting.pop(), ()) if child not in found]
        found.update(fresh)
        waiting += fresh
    return found
