"""What can be asked for: metrics and dimensions of the semantic manifest, under short names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dial2deal.metrics.snapshot import MetricError

GRAINS = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True)
class Metric:
    """One metric. ``kind``: count, sum, money, share (0–1, with an interval) or ratio.

    ``numerator`` and ``denominator`` name metrics; both are None where the metric is not a quotient.
    """

    name: str
    label_zh: str
    label_en: str
    description: str
    unit: str
    kind: str
    requirement: str
    numerator: str | None
    denominator: str | None
    within: tuple[str, ...] = ()
    known_by: str | None = None
    unknown_by: str | None = None

    @property
    def is_share(self) -> bool:
        return self.kind == "share"


@dataclass(frozen=True)
class Dimension:
    """One word to group or filter by. ``relation`` and ``expression`` give its values.

    ``qualified`` is MetricFlow's name, ``is_entity`` says which of its two kinds of reference it needs.
    """

    name: str
    label_zh: str
    qualified: str
    is_entity: bool
    relation: str
    expression: str

    def reference(self) -> str:
        """Jinja reference for a where clause."""
        return f"{{{{ {'Entity' if self.is_entity else 'Dimension'}('{self.qualified}') }}}}"


@dataclass(frozen=True)
class Catalog:
    """Metrics and dimensions by name, read from a parsed semantic manifest."""

    metrics: dict[str, Metric]
    dimensions: dict[str, Dimension]

    def metric(self, name: str) -> Metric:
        """The metric called ``name``. Raises MetricError."""
        if name not in self.metrics:
            raise MetricError(f"There is no metric {name!r}.{_near(name, self.metrics)}")
        return self.metrics[name]

    def dimension(self, name: str) -> Dimension:
        """The dimension called ``name``. Raises MetricError."""
        if name not in self.dimensions:
            raise MetricError(f"There is no dimension {name!r}.{_near(name, (*GRAINS, *self.dimensions))}")
        return self.dimensions[name]


def _near(name: str, known: Iterable[str]) -> str:
    words = list(known)
    near = difflib.get_close_matches(name, words, 3)
    return f" Did you mean {' or '.join(near)}?" if near else f" Known: {', '.join(sorted(words))}."


_ENTITY_LABELS = {
    "channel": "渠道",
    "business_line": "业务线",
    "team": "团队",
    "agent": "坐席",
    "region_province": "省份",
    "region_city": "城市",
}


def read(manifest: Any) -> Catalog:
    """Catalogue of a parsed MetricFlow manifest.

    Entities listed in ``_ENTITY_LABELS`` are offered as dimensions, keys of rows are not.
    """
    metrics = {}
    for metric in manifest.metrics:
        meta = dict(metric.config.meta) if metric.config else {}
        metrics[metric.name] = Metric(
            name=metric.name,
            label_zh=metric.label or metric.name,
            label_en=meta["label_en"],
            description=metric.description or "",
            unit=meta["unit"],
            kind=meta["kind"],
            requirement=meta["requirement"],
            numerator=meta.get("numerator"),
            denominator=meta.get("denominator"),
            within=tuple(meta.get("within", ())),
            known_by=meta.get("known_by"),
            unknown_by=meta.get("unknown_by"),
        )
    dimensions: dict[str, Dimension] = {}
    for model in manifest.semantic_models:
        relation = f'"{model.node_relation.schema_name}"."{model.node_relation.alias}"'
        primary = next((e.name for e in model.entities if e.type.value == "primary"), model.primary_entity)
        for entity in model.entities:
            # Values come from the entity's own table where there is one.
            known = dimensions.get(entity.name)
            if entity.name in _ENTITY_LABELS and (known is None or entity.type.value == "primary"):
                dimensions[entity.name] = Dimension(
                    entity.name, _ENTITY_LABELS[entity.name], entity.name, True, relation, entity.expr or entity.name
                )
        for dimension in model.dimensions:
            if dimension.type.value == "categorical":
                dimensions[dimension.name] = Dimension(
                    dimension.name,
                    dimension.label or dimension.name,
                    f"{primary}__{dimension.name}",
                    False,
                    relation,
                    dimension.expr or dimension.name,
                )
    return Catalog(metrics, dimensions)
