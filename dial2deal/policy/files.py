"""How policy is written down: CSV as it is, YAML unfolded into the rows of the tables that a file holds."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dial2deal import storage
from dial2deal.policy import checks
from dial2deal.policy.rows import PolicyError
from dial2deal.settings import PROJECT_ROOT

Cells = dict[str, Any]
# Cells of a row, and where it stands, for messages.
Found = Iterator[tuple[Cells, str]]
# What a default row says of the values that it may have; no part of the policy itself.
_CHECKS = ("choices", "several", "check")
# libyaml reads ten times faster; what it refuses, PyYAML may understand or at least explain better.
_LOADERS = (getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader)


def read(folder: Path, table: str, known: list[str]) -> Found:
    """Cells of the rows of ``table`` in ``folder``, none where its file is absent. ``known``: columns of a CSV file.

    Raises PolicyError when the file cannot be read or has another structure.
    """
    if table not in _UNFOLD:
        yield from _csv_rows(folder / f"{table}.csv", known)
        return
    name, unfold = _UNFOLD[table]
    content = _yaml(folder / name)
    try:
        yield from ((cells, f"{name}{where}") for cells, where in unfold(content))
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise PolicyError(
            f"{name} does not have the expected structure: {error!r}. Compare it with the default "
            "file in the project's policy folder."
        ) from error


def file_of(table: str) -> str:
    """Name of the file in which rows of ``table`` stand."""
    return _UNFOLD[table][0] if table in _UNFOLD else f"{table}.csv"


def _csv_rows(path: Path, known: list[str]) -> Found:
    if not path.exists():
        return
    try:
        reader = csv.DictReader(io.StringIO(storage.read_text(path).removeprefix("\ufeff"), newline=""))
        unknown = set(reader.fieldnames or ()) - set(known)
        if unknown:
            raise PolicyError(f"{path.name}: unknown column {sorted(unknown)}; known are {known}.")
        for row in reader:
            yield row, f"{path.name} line {reader.line_num}"
    except (storage.EncodingError, csv.Error) as error:
        raise PolicyError(f"{path.name}: {error}") from error


def _yaml(path: Path) -> Cells:
    if not path.exists():
        return {}
    try:
        text = storage.read_text(path)
    except storage.EncodingError as error:
        raise PolicyError(str(error)) from error
    for loader in _LOADERS:
        try:
            return yaml.load(text, Loader=loader) or {}
        except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
            problem = error
    raise PolicyError(f"{path.name} is not valid YAML: {str(problem)[:500]}") from problem


def _settings(content: Cells) -> Found:
    defaults = default_settings()
    stray = sorted(map(str, set(content) - {"settings"}))
    if stray:
        raise PolicyError(f"settings.yml: unknown entry {stray}; rows stand under 'settings:'.")
    for item in content.get("settings") or []:
        key, value = str(item["key"]), item["value"]
        problem = checks.complaint(key, value, defaults.get(key), defaults)
        if problem:
            raise PolicyError(f"settings.yml: {key} {problem}")
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        row = {name: cell for name, cell in item.items() if name not in ("value", *_CHECKS)}
        yield {**row, "value_text": str(value), "value_number": number}, f" key {key}"


@cache
def default_settings() -> dict[str, Cells]:
    """The project's own rows by key: what settings there are, and what each may be."""
    content = _yaml(PROJECT_ROOT / "policy" / "settings.yml")
    return {item["key"]: item for item in content["settings"]}


def _tiers(content: Cells) -> Found:
    """Each tier ends where the next higher one begins, so neither gaps nor overlaps can be written down."""
    texts = content.get("texts", {})
    for profile in content.get("profiles", []):
        where = f" profile {profile['profile']}"
        bounds = _bounds(profile["tiers"], where)
        for (lower, inclusive, tier), upper in zip(bounds, [*bounds[1:], None], strict=True):
            text = texts.get(tier) or {}
            limits = {
                "lower_seconds": lower,
                "lower_inclusive": inclusive,
                "upper_seconds": upper[0] if upper else None,
                "upper_inclusive": (not upper[1]) if upper else None,
            }
            named = {**text, "tier_family": text.get("family", tier[0])}
            named.pop("family", None)
            dates = {name: profile.get(name) for name in ("valid_from", "valid_to")}
            yield {"profile": profile["profile"], "tier": tier, **limits, **named, **dates}, where


def _bounds(tiers: Cells, where: str) -> list[tuple[int, bool, str]]:
    bounds = []
    for tier, limit in tiers.items():
        if len(limit) != 1 or next(iter(limit)) not in ("above", "from"):
            raise PolicyError(f"tiers.yml{where}: tier {tier} needs exactly one of 'above' or 'from'.")
        word, seconds = next(iter(limit.items()))
        bounds.append((int(seconds), word == "from", tier))
    bounds.sort(key=lambda bound: bound[0])
    if len({seconds for seconds, _, _ in bounds}) != len(bounds) or bounds[0][:2] != (0, True):
        raise PolicyError(f"tiers.yml{where}: limits must differ and the lowest tier must start 'from: 0'.")
    return bounds


def _stages(content: Cells) -> Found:
    for preset in content.get("presets", []):
        for ordinal, stage in enumerate(preset["stages"], start=1):
            cells = {name: cell for name, cell in stage.items() if name not in ("optional", "evidence")}
            optional = stage.get("optional", False)
            yield (
                {"preset": preset["preset"], "ordinal": ordinal, "is_optional": optional, **cells},
                f" preset {preset['preset']}",
            )


def _evidence(content: Cells) -> Found:
    renamed = {"kind": "evidence_kind", "value": "evidence_value"}
    for preset in content.get("presets", []):
        for stage in preset["stages"]:
            for item in stage["evidence"]:
                cells = {renamed.get(name, name): cell for name, cell in item.items()}
                where = f" preset {preset['preset']} stage {stage['stage']}"
                yield {"preset": preset["preset"], "stage": stage["stage"], **cells}, where


def _findings(content: Cells) -> Found:
    for number, rule in enumerate(content.get("rules") or [], start=1):
        yield rule, f": rule {rule.get('id', f'number {number}')}"


_UNFOLD: dict[str, tuple[str, Callable[[Cells], Found]]] = {
    "settings": ("settings.yml", _settings),
    "tier_rules": ("tiers.yml", _tiers),
    "funnel_stages": ("funnel.yml", _stages),
    "funnel_evidence": ("funnel.yml", _evidence),
    "findings": ("findings.yml", _findings),
}
