"""MetricFlow behind one small interface: the library declares its classes unstable, so only this file knows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from dial2deal.metrics.problems import MetricError

_DAY = re.compile(r"DATE_TRUNC\('day', ((?:\w+\.)?(\w+))\)")


class Compiler:
    """Compiles metric questions to DuckDB SQL. ``manifest_text`` is dbt's semantic_manifest.json.

    ``dates``: names of columns that hold dates in every table that has them.
    """

    def __init__(self, manifest_text: str, dates: AbstractSet[str]) -> None:
        from metricflow.engine.metricflow_engine import MetricFlowEngine
        from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
        from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

        self.manifest = parse_manifest_from_dbt_generated_manifest(manifest_text)
        self._dates = dates
        self._engine = MetricFlowEngine(SemanticManifestLookup(self.manifest), _sql_client())

    def sql(self, metrics: Sequence[str], group_by: Sequence[str], where: Sequence[str]) -> str:
        """SQL of one question. ``group_by`` holds MetricFlow's names. Raises MetricError when it makes no sense."""
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

        request = MetricFlowQueryRequest.create(
            metric_names=list(metrics), group_by_names=list(group_by), where_constraints=list(where) or None
        )
        try:
            return _DAY.sub(self._day, self._engine.explain(request).sql_statement.sql)
        except Exception as error:
            raise MetricError(
                f"These metrics and dimensions do not fit together: {', '.join(metrics)} by "
                f"{', '.join(group_by) or 'nothing'}. {_first_reason(error)}"
            ) from error

    def _day(self, found: re.Match[str]) -> str:
        """A date's day is the date: truncated, no row group can be left out (half of the CPU of a filtered question)."""
        return found[1] if found[2] in self._dates else found[0]

    def dimensions(self, metric: str) -> set[str]:
        """MetricFlow's names of everything ``metric`` can be grouped by."""
        found = {d.dunder_name for d in self._engine.simple_dimensions_for_metrics([metric])}
        return found | self._own_entities(metric)

    def _own_entities(self, metric: str) -> set[str]:
        """Entities that every table of the metric holds itself; the engine also lists those of joined tables."""
        models = {
            measure.name: {entity.name for entity in model.entities}
            for model in self.manifest.semantic_models
            for measure in model.measures
        }
        wanted = next(m for m in self.manifest.metrics if m.name == metric).type_params.input_measures
        return set.intersection(*(models[measure.name] for measure in wanted))


def _sql_client() -> Any:
    """The engine asks its client only for the dialect: statements run elsewhere."""
    from metricflow.protocols.sql_client import SqlEngine
    from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer

    class DialectOnly:
        sql_engine_type = SqlEngine.DUCKDB
        sql_plan_renderer = DuckDbSqlPlanRenderer()

    return DialectOnly()


def _first_reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines)[:400]
