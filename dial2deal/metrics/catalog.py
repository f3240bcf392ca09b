"""What can be asked for: metrics and dimensions of the semantic manifest, under short names."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dial2deal.metrics.problems import MetricError

GRAINS = ("day", "week", "month", "quarter", "year")
_ADDITIVE = {"sum", "sum_boolean", "count"}
_SHOWN_AS = {"CNY": "money", "seconds": "seconds", "times": "multiple", "ratio": "ratio"}


@dataclass(frozen=True)
class Metric:
    """One metric, as its entry in dbt_project/models/semantic says.

    kind: count, sum, money, share (0–1, with an interval) or ratio. good: which direction is better (up, down, none).
    feeds: exports it needs, the leading one first. null_when: never, no_rows (nothing to add up), no_denominator,
    unknown (rows that do not say). grain: the finest time it is known by. is_ratio: one counted thing ÷ another;
    other quotients only show two parts. is_additive: groups and periods may be added up.
    """

    name: str
    label_zh: str
    label_en: str
    description: str
    unit: str
    kind: str
    good: str
    feeds: tuple[str, ...]
    requirements: tuple[str, ...]
    null_when: str
    grain: str
    is_additive: bool
    is_ratio: bool
    numerator: str | None
    denominator: str | None
    within: tuple[str, ...] = ()
    known_by: str | None = None
    unknown_by: str | None = None

    @property
    def is_share(self) -> bool:
        return self.kind == "share"

    @property
    def shown_as(self) -> str:
        """How people read the number: share, money, seconds, multiple, ratio (in percent) or count."""
        return "share" if self.is_share else _SHOWN_AS.get(self.unit, "count")

    def label(self, locale: str) -> str:
        return self.label_zh if locale == "zh" else self.label_en


@dataclass(frozen=True)
class Dimension:
    """One word to group or filter by. ``relation`` and ``expression`` give its values.

    ``qualified`` is MetricFlow's name, ``is_entity`` says which of its two kinds of reference it needs. ``values``
    holds (value, zh, en) in the order to show; ``values_from`` is the policy table and column that has them instead.
    """

    name: str
    label_zh: str
    label_en: str
    qualified: str
    is_entity: bool
    relation: str
    expression: str
    values: tuple[tuple[str, str, str], ...] = ()
    values_from: str | None = None

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


def load(path: Path) -> Catalog:
    """Catalogue of the semantic manifest that dbt wrote at ``path``. Raises MetricError."""
    try:
        return read(json.loads(path.read_text(encoding="utf-8")))
    except KeyError as error:
        raise MetricError(
            f"{path.name} was published by another version ({error} is missing); run `dial2deal build` again."
        ) from error


def read(manifest: dict[str, Any]) -> Catalog:
    """Catalogue of a semantic manifest. Entities with a label are offered as dimensions, keys of rows have none."""
    measures = {
        measure["name"]: (measure["agg"], _grain(model, measure))
        for model in manifest["semantic_models"]
        for measure in model["measures"]
    }
    counted = {entry["name"] for entry in manifest["metrics"] if entry["type"] == "simple"}
    metrics = {entry["name"]: _metric(entry, measures, counted) for entry in manifest["metrics"]}
    dimensions: dict[str, Dimension] = {}
    for model in manifest["semantic_models"]:
        primary = next((e["name"] for e in model["entities"] if e["type"] == "primary"), model["primary_entity"])
        for entity in model["entities"]:
            if entity["label"]:
                dimensions[entity["name"]] = _dimension(model, entity, entity["name"], is_entity=True)
        for dimension in model["dimensions"]:
            if dimension["type"] == "categorical":
                qualified = f"{primary}__{dimension['name']}"
                dimensions[dimension["name"]] = _dimension(model, dimension, qualified, is_entity=False)
    return Catalog(metrics, dimensions)


def _metric(entry: dict[str, Any], measures: dict[str, tuple[str, str]], counted: set[str]) -> Metric:
    meta, parts = entry["config"]["meta"], entry["type_params"]
    divided = {key: parts[key]["name"] if parts[key] else meta.get(key) for key in ("numerator", "denominator")}
    used = [measures[measure["name"]] for measure in parts["input_measures"]]
    return Metric(
        name=entry["name"],
        label_zh=entry["label"],
        label_en=meta["label_en"],
        description=entry["description"] or "",
        unit=meta["unit"],
        kind=meta["kind"],
        good=meta["good"],
        feeds=tuple(meta["feeds"]),
        requirements=tuple(meta["requirements"]),
        null_when=meta["null_when"],
        grain=max((grain for _, grain in used), key=GRAINS.index),
        is_additive=entry["type"] == "simple" and used[0][0] in _ADDITIVE and meta.get("additive", True),
        is_ratio=entry["type"] == "ratio" and not entry["filter"] and set(divided.values()) <= counted,
        **divided,
        within=tuple(meta.get("within", ())),
        known_by=meta.get("known_by"),
        unknown_by=meta.get("unknown_by"),
    )


def _dimension(model: dict[str, Any], entry: dict[str, Any], qualified: str, *, is_entity: bool) -> Dimension:
    meta, relation = entry["config"]["meta"], model["node_relation"]
    return Dimension(
        name=entry["name"],
        label_zh=entry["label"],
        label_en=meta["label_en"],
        qualified=qualified,
        is_entity=is_entity,
        relation=f'"{relation["schema_name"]}"."{relation["alias"]}"',
        expression=entry["expr"] or entry["name"],
        values=tuple((value, words["zh"], words["en"]) for value, words in meta.get("values", {}).items()),
        values_from=meta.get("values_from"),
    )


def _grain(model: dict[str, Any], measure: dict[str, Any]) -> str:
    """The granularity of the day column that the measure is known by."""
    time = measure["agg_time_dimension"] or model["defaults"]["agg_time_dimension"]
    return next(d["type_params"]["time_granularity"] for d in model["dimensions"] if d["name"] == time)
