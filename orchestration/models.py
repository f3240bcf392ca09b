"""dbt's manifest as Dagster assets and checks: keys, groups, owners, descriptions, dependencies.

Read from the manifest directly, by dagster-dbt's conventions; why not by dagster-dbt itself: docs/adr/0024.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg

from dial2deal.settings import PROJECT_ROOT
from orchestration.defs.ingest import POLICY

warnings.filterwarnings("ignore", message=".*CodeReference", category=dg.BetaWarning)
Manifest = Mapping[str, Any]
BOOKKEEPING = dg.AssetKey(["ops", "bookkeeping"])
_BUILT = ("model", "seed", "snapshot")
_OWNERS = {"marts": "team:sales-operations"}
_KINDS = {"table": "table", "incremental": "table", "view": "view"}


def relation(props: Mapping[str, Any]) -> tuple[str, str]:
    """(schema, table) of a dbt node or source."""
    return props["schema"], props.get("alias") or props.get("identifier") or props["name"]


def asset_key(props: Mapping[str, Any]) -> dg.AssetKey:
    """``schema/table``; the sources of schemas policy and ops are one asset each in the graph."""
    schema, table = relation(props)
    if props["resource_type"] == "source":
        return {"policy": POLICY, "ops": BOOKKEEPING}.get(schema, dg.AssetKey([schema, table]))
    return dg.AssetKey(_asked(props).get("asset_key") or [schema, table])


def _asked(props: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a model says under meta.dagster, by dagster-dbt's convention: group, owners, asset_key."""
    return (props["config"].get("meta") or {}).get("dagster") or {}


def model_ids(manifest: Manifest) -> dict[str, dg.AssetKey]:
    """Asset key of every table or view that dbt builds, by dbt unique id, upstream first."""
    nodes = manifest["nodes"]
    graph = {
        unique_id: props["depends_on"]["nodes"]
        for unique_id, props in sorted(nodes.items())
        if props["resource_type"] in _BUILT and props["config"].get("enabled", True)
    }
    return {
        unique_id: asset_key(nodes[unique_id])
        for unique_id in TopologicalSorter(graph).static_order()
        if unique_id in graph and nodes[unique_id]["config"]["materialized"] != "ephemeral"
    }


def owner_of(manifest: Manifest) -> dict[tuple[str, str], dg.AssetKey]:
    """Asset key by (schema, table), sources included."""
    return {
        relation(props): asset_key(props)
        for props in (*manifest["nodes"].values(), *manifest["sources"].values())
        if props["resource_type"] in (*_BUILT, "source")
    }


def keys_by_layer(manifest: Manifest) -> dict[str, list[dg.AssetKey]]:
    """Asset keys by folder below models/, and under ``published`` those of schema marts, which readers get."""
    result: dict[str, list[dg.AssetKey]] = defaultdict(list)
    for unique_id, key in model_ids(manifest).items():
        result[_layer(manifest["nodes"][unique_id])].append(key)
        if manifest["nodes"][unique_id]["schema"] == "marts":
            result["published"].append(key)
    return result


def asset_specs(manifest: Manifest) -> list[dg.AssetSpec]:
    """One spec per model; an output may be missing, because a model below a failed one is not built."""
    specs = []
    for unique_id, key in model_ids(manifest).items():
        props = manifest["nodes"][unique_id]
        layer = _layer(props)
        materialized = props["config"]["materialized"]
        specs.append(
            dg.AssetSpec(
                key,
                deps=sorted(set(_upstream(manifest, unique_id)) - {key}),
                description=_description(props),
                group_name=_asked(props).get("group") or layer,
                kinds={"dbt", "duckdb", _KINDS.get(materialized, materialized)},
                owners=_asked(props).get("owners") or [_OWNERS.get(layer, "team:data")],
                tags={"layer": layer, **{f"dbt/{tag}": "" for tag in props.get("tags", [])}},
                metadata={
                    "dagster/table_name": ".".join(relation(props)),
                    "sql": props["original_file_path"],
                    "dagster/code_references": _code(props),
                },
                code_version=props["checksum"]["checksum"],
                skippable=True,
            )
        )
    return specs


def _code(props: Mapping[str, Any]) -> dg.CodeReferencesMetadataValue:
    """Where the UI opens the model: its SQL and the file that describes it."""
    described = (props.get("patch_path") or "").partition("://")[2]
    return dg.CodeReferencesMetadataValue(
        code_references=[
            dg.LocalFileCodeReference(file_path=str(PROJECT_ROOT / "dbt_project" / path), label=path)
            for path in (props["original_file_path"], described)
            if path
        ]
    )


def check_specs(manifest: Manifest) -> dict[str, dg.AssetCheckSpec]:
    """One spec per dbt test by its unique id, on the model it is attached to, else on the last it reads.

    None of them blocks: a failed test closes the gate, which names it; blocking here would end the run before.
    """
    models = model_ids(manifest)
    specs = {}
    for unique_id, props in sorted(manifest["nodes"].items()):
        if props["resource_type"] != "test":
            continue
        tested = [
            node for node in (props.get("attached_node"), *reversed(props["depends_on"]["nodes"])) if node in models
        ]
        if tested:
            specs[unique_id] = dg.AssetCheckSpec(
                props["name"],
                asset=models[tested[0]],
                description=_test_description(props),
                metadata={
                    "severity": "critical" if is_critical(props) else "warning",
                    "sql": props["original_file_path"],
                },
            )
    return specs


def _test_description(props: Mapping[str, Any]) -> str:
    """What a test says of itself, else what it is, and what becomes of the build when it fails."""
    kind = props.get("test_metadata") or {}
    column = props.get("column_name")
    text = (props.get("description") or "").strip()
    text = text or (kind.get("name", "query without rows").replace("_", " ") + (f": {column}" if column else ""))
    return f"{text}\n\n" + ("A failure turns the gate red." if is_critical(props) else "A failure is a warning.")


def is_critical(props: Mapping[str, Any]) -> bool:
    """True for a test whose failure makes the gate red."""
    return props["config"]["severity"].lower() == "error"


def column_descriptions(props: Mapping[str, Any]) -> dict[str, str]:
    """What the project says of each column of a model."""
    return {name: column.get("description") or "" for name, column in props.get("columns", {}).items()}


def _upstream(manifest: Manifest, unique_id: str) -> Iterator[dg.AssetKey]:
    """Keys that a model reads; an ephemeral model in between is looked through."""
    for parent in manifest["nodes"][unique_id]["depends_on"]["nodes"]:
        props = manifest["nodes"].get(parent) or manifest["sources"].get(parent)
        if props is None:
            continue
        if props["config"].get("materialized") == "ephemeral":
            yield from _upstream(manifest, parent)
        elif props["resource_type"] in (*_BUILT, "source"):
            yield asset_key(props)


def _layer(props: Mapping[str, Any]) -> str:
    return props["fqn"][1] if len(props["fqn"]) > 2 else "other"


def _description(props: Mapping[str, Any]) -> str:
    text = (props.get("description") or "").strip()
    grain = (props["config"].get("meta") or {}).get("grain")
    return f"{text}\n\nGrain: {grain}." if grain and "grain" not in text.lower() else text
