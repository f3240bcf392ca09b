"""Which models and tests a build runs: chosen by the graph from the feeds with news and from what was changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from dial2deal.feeds.catalogue import feeds
from dial2deal.transform.versions import descendants

_SOURCE, _RAW = "source.", "source.dial2deal.raw."
# Sources whose change shows in a model's version, or that say what this build replaces.
_QUIET = (
    "source.dial2deal.policy.",
    "source.dial2deal.ops.build_dates",
    "source.dial2deal.ops.touched_keys",
    "source.dial2deal.ops.secrets",
)


@dataclass(frozen=True)
class Chosen:
    """dbt unique ids of what runs: ``by_dates`` with their touched rows, then ``anew`` over all history, with tests."""

    by_dates: tuple[str, ...]
    anew: tuple[str, ...]


def stale(con: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], versions: Mapping[str, str]) -> set[str]:
    """Models and tests that are not what they were when they were last built, or whose table is gone."""
    known = dict(con.execute("select unique_id, version from ops.node_versions").fetchall())
    tables = _tables(con)
    nodes = manifest["nodes"]
    changed = {key for key, version in versions.items() if known.get(key) != version}
    gone = {
        key
        for key in versions
        if nodes[key]["resource_type"] == "model" and (nodes[key]["schema"], nodes[key]["alias"]) not in tables
    }
    models = {key for key in changed | gone if nodes[key]["resource_type"] == "model"}
    return changed | descendants(manifest, models)


def choose(con: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], changed: set[str], *, news: bool) -> Chosen:
    """What runs when ``changed`` (see `stale`) is built anew and, with ``news``, the rest by ops.build_dates.

    A test runs when a model that it reads does, after the last of them, or when it was changed itself.
    """
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "test")}
    models = {key for key, node in nodes.items() if node["resource_type"] == "model"}
    anew = changed & models
    if anew == models:
        return Chosen((), tuple(sorted(nodes)))
    is_idle = _is_idle(con, manifest)
    by_dates = {key for key in models - anew if news and not is_idle(key)}
    tests_anew, tests_by_dates = set[str](), set[str]()
    for key in nodes.keys() - models:
        read = models.intersection(nodes[key]["depends_on"]["nodes"])
        if read & anew:
            tests_anew.add(key)
        elif key in changed or read & by_dates or (not read and by_dates):
            tests_by_dates.add(key)
    return Chosen(tuple(sorted(by_dates | tests_by_dates)), tuple(sorted(anew | tests_anew)))


def record(con: duckdb.DuckDBPyConnection, versions: Mapping[str, str], done: Iterable[str]) -> None:
    """Note that the nodes ``done`` are now built as ``versions`` says."""
    rows = [(key, versions[key]) for key in done if key in versions]
    if rows:
        con.executemany("insert or replace into ops.node_versions values (?, ?)", rows)


def forget(con: duckdb.DuckDBPyConnection, keys: Iterable[str]) -> None:
    """Have ``keys`` built or tested again by the next build, whatever it brings."""
    con.execute("delete from ops.node_versions where unique_id in (select unnest(?::varchar[]))", [list(keys)])


def _is_idle(con: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> Callable[[str], bool]:
    """Whether nothing that a model reads has news. Staging is judged by its feed, a later model by all that it reads;
    what the records of files say beside raw rows changes with the dates of these rows.
    """
    busy = {feed for (feed,) in con.execute("select distinct feed from ops.build_dates").fetchall()}
    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    names = set(feeds())
    known: dict[str, bool] = {}

    def is_idle(key: str) -> bool:
        if key not in known:
            node = models[key]
            read = node["depends_on"]["nodes"]
            delivered = {parent.removeprefix(_RAW) for parent in read if parent.startswith(_RAW)}
            if node["name"].removeprefix("stg_") in names:
                known[key] = node["name"].removeprefix("stg_") not in busy
            else:
                known[key] = delivered.isdisjoint(busy) and all(
                    is_idle(parent) if parent in models else parent.startswith(_SOURCE if delivered else _QUIET)
                    for parent in read
                )
        return known[key]

    return is_idle


def _tables(con: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    return set(
        con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = current_database() union all "
            "select schema_name, view_name from duckdb_views() where database_name = current_database()"
        ).fetchall()
    )
