"""Which models a build would leave as they are: nothing that they read has news."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from dial2deal.feeds.catalogue import feeds

# Sources that change only with a full build, or that say what this build replaces.
_QUIET = (
    "source.dial2deal.policy.",
    "source.dial2deal.ops.build_dates",
    "source.dial2deal.ops.touched_keys",
    "source.dial2deal.ops.secrets",
)


def idle_models(con: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> list[str]:
    """Names of models that were built before and whose feeds, and theirs alone, have no date in ops.build_dates.

    ``manifest``: dbt's, of the project as it is. Staging is judged by its feed, a later model by all that it reads.
    """
    busy = {feed for (feed,) in con.execute("select distinct feed from ops.build_dates").fetchall()}
    built = set(
        con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
        ).fetchall()
    )
    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    staging = {f"stg_{feed}": feed for feed in feeds()}
    idle: dict[str, bool] = {}

    def is_idle(key: str) -> bool:
        if key not in idle:
            node = models[key]
            if (node["schema"], node["alias"]) not in built:
                idle[key] = False
            elif node["name"] in staging:
                idle[key] = staging[node["name"]] not in busy
            else:
                read = node["depends_on"]["nodes"]
                idle[key] = any(parent in models for parent in read) and all(
                    is_idle(parent) if parent in models else parent.startswith(_QUIET) for parent in read
                )
        return idle[key]

    return sorted(models[key]["name"] for key in models if is_idle(key))
