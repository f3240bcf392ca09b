"""Which tables are published, and which of them can be refreshed by date."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from dial2deal.settings import Settings

_SCHEMA = "marts"


@dataclass(frozen=True)
class PublishedTable:
    """One table of schema marts. With ``date_column`` only touched dates of ``feeds`` change in a build."""

    name: str
    date_column: str | None = None
    feeds: tuple[str, ...] = ()
    description: str = ""
    columns: dict[str, str] = field(default_factory=dict, compare=False)  # name -> what it means

    @property
    def partition_column(self) -> str | None:
        """Column that splits the Parquet copy into one folder per value."""
        return self.date_column


def published_tables(settings: Settings) -> list[PublishedTable]:
    """Models of schema marts in the manifest of the last transform, by name.

    Raises FileNotFoundError when no transform has run yet.
    """
    manifest = json.loads((settings.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    models = (
        n
        for n in manifest["nodes"].values()
        if n["resource_type"] == "model" and n["schema"] == _SCHEMA and n["config"].get("materialized") != "ephemeral"
    )
    labels = {metric["name"]: metric.get("label") or "" for metric in manifest.get("metrics", {}).values()}
    return sorted((_table(node, labels) for node in models), key=lambda table: table.name)


def _table(node: dict[str, Any], labels: dict[str, str]) -> PublishedTable:
    config, meta = node["config"], node["config"].get("meta") or {}
    if config.get("materialized") != "incremental" or not config.get("event_time"):
        return PublishedTable(node["alias"], **_meaning(node, labels))
    feeds = meta.get("follows") or [meta["announces"]]
    return PublishedTable(node["alias"], config["event_time"], tuple(feeds), **_meaning(node, labels))


def _meaning(node: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    """Descriptions; a column that is a metric begins with the metric's Chinese name."""
    return {
        "description": " ".join((node.get("description") or "").split()),
        "columns": {
            column["name"]: " · ".join(
                filter(None, (labels.get(column["name"]), " ".join((column.get("description") or "").split())))
            )
            for column in (node.get("columns") or {}).values()
        },
    }
