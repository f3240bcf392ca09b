"""How results of dial2deal look as Dagster metadata; nothing here contains an unmasked number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from dial2deal.privacy import mask_text
from dial2deal.publish.verdict import IncompleteFile
from dial2deal.settings import Settings
from dial2deal.transform.preview import Shape, markdown

_MAX_ROWS = 50
# Below the UI's own address, whatever its port; see orchestration/webserver.py.
SERVED = "/files"


def of_shape(shape: Shape | None, descriptions: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Row count, column schema and masked preview of one table; empty without.

    ``descriptions`` by column; columns come in their order, those without one last.
    """
    if shape is None:
        return {}
    order = {name: place for place, name in enumerate(descriptions or {})}
    result: dict[str, Any] = {
        "dagster/column_schema": dg.TableSchema(
            [
                dg.TableColumn(name, kind, description=(descriptions or {}).get(name) or None)
                for name, kind in sorted(shape.columns, key=lambda column: order.get(column[0], len(order)))
            ]
        )
    }
    if shape.rows is not None:
        result["dagster/row_count"] = shape.rows
    if shape.preview:
        result["preview"] = dg.MetadataValue.md(shape.preview)
    return result


def of_model(shown: Mapping[str, Any] | None, owner: Mapping[tuple[str, str], dg.AssetKey]) -> dict[str, Any]:
    """Columns, rows, preview, SQL and column lineage of a model from plain values; ``owner``: asset by relation."""
    if not shown:
        return {}
    result: dict[str, Any] = {
        "dagster/column_schema": dg.TableSchema(
            [dg.TableColumn(name, kind, description=text) for name, kind, text in shown["columns"]]
        )
    }
    if shown["rows"] is not None:
        result["dagster/row_count"] = shown["rows"]
    if shown["preview"]:
        result["preview"] = dg.MetadataValue.md(shown["preview"])
    if shown["lineage"]:
        result["dagster/column_lineage"] = _lineage(shown["lineage"], owner)
    result["sql as run"] = dg.MetadataValue.md(f"```sql\n{shown['sql']}\n```")
    return result


def _lineage(
    columns: Mapping[str, Sequence[Sequence[str]]], owner: Mapping[tuple[str, str], dg.AssetKey]
) -> dg.TableColumnLineage:
    """Tables that share one asset in the graph (policy, ops) share columns too."""
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(key, source)
                for key, source in sorted(
                    {(owner[(schema, table)], source) for schema, table, source in deps if (schema, table) in owner}
                )
            ]
            for column, deps in columns.items()
        }
    )


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> dg.MarkdownMetadataValue:
    """A Markdown table of at most fifty rows that says how many it leaves out."""
    text = markdown(
        list(header),
        [[mask_text(str(cell)) if isinstance(cell, str) else cell for cell in row] for row in rows[:_MAX_ROWS]],
    )
    if len(rows) > _MAX_ROWS:
        text += f"\n\n… and {len(rows) - _MAX_ROWS} more"
    return dg.MetadataValue.md(text)


def incomplete(entries: Sequence[IncompleteFile]) -> dg.MarkdownMetadataValue:
    """Files that are not used, with rule, rows and what to do."""
    return table(
        ["file", "status", "rule", "rows", "from", "to", "message"],
        [
            [
                entry.file,
                entry.status,
                entry.rule,
                entry.rows,
                entry.first_date or "",
                entry.last_date or "",
                entry.message or "",
            ]
            for entry in entries
        ],
    )


def bullets(lines: Iterable[str]) -> dg.MarkdownMetadataValue:
    """Sentences as a Markdown list."""
    return dg.MetadataValue.md("\n".join(f"- {mask_text(line)}" for line in lines))


def files(settings: Settings, paths: Iterable[Path]) -> dict[str, Any]:
    """One path entry per file, labelled by its kind, and links for those a browser opens, served beside the UI."""
    result: dict[str, Any] = {}
    for path in paths:
        label = path.name if path.suffix else f"{path.name}/"
        result[label] = dg.MetadataValue.path(str(path))
        if path.suffix in (".html", ".pdf") and path.is_relative_to(settings.home):
            result[f"open {label}"] = dg.MetadataValue.url(f"{SERVED}/{path.relative_to(settings.home).as_posix()}")
    return result


def evaluation(result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    """A result as an event of a check that the run did not plan: what is planned and has no news would turn grey."""
    if result.asset_key is None or result.check_name is None:
        raise ValueError("the result names no check")
    return dg.AssetCheckEvaluation(
        asset_key=result.asset_key,
        check_name=result.check_name,
        passed=result.passed,
        metadata=result.metadata,
        severity=result.severity,
        description=result.description,
    )
