"""How dbt's manifest appears in Dagster: keys, groups, owners, descriptions and checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

from orchestration.defs.ingest import POLICY

BOOKKEEPING = dg.AssetKey(["ops", "bookkeeping"])
_OWNERS = {"marts": "team:sales-operations"}


def relation(props: Mapping[str, Any]) -> tuple[str, str]:
    """(schema, table) of a dbt node or source."""
    return props["schema"], props.get("alias") or props.get("identifier") or props["name"]


def layer(props: Mapping[str, Any]) -> str:
    """staging, quality, intermediate, core or marts: the folder below models/."""
    return props["fqn"][1] if len(props["fqn"]) > 2 else "other"


class Translator(DagsterDbtTranslator):
    """Keys are ``schema/table``; the tables of schemas policy and ops are one asset each in the graph."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        schema, table = relation(dbt_resource_props)
        if dbt_resource_props["resource_type"] == "source":
            if schema == "policy":
                return POLICY
            if schema == "ops":
                return BOOKKEEPING
        return dg.AssetKey([schema, table])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        if dbt_resource_props["resource_type"] == "source":
            return None
        return layer(dbt_resource_props)

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        return super().get_owners(dbt_resource_props) or [_OWNERS.get(layer(dbt_resource_props), "team:data")]

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        return {**super().get_tags(dbt_resource_props), "layer": layer(dbt_resource_props)}

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        text = (dbt_resource_props.get("description") or "").strip()
        grain = (dbt_resource_props.get("meta") or {}).get("grain")
        return f"{text}\n\nGrain: {grain}." if grain and "grain" not in text.lower() else text

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        schema, table = relation(dbt_resource_props)
        return {**super().get_metadata(dbt_resource_props), "dagster/table_name": f"{schema}.{table}",
                "sql": dbt_resource_props["original_file_path"]}

    def get_asset_check_spec(self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str,
                             project: Any) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        # A failed test closes the gate, which names it; blocking here would end the run without saying why.
        return spec._replace(blocking=False) if spec else None
