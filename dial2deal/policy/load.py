"""Read, merge and validate the policy files of the project and of the installation."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import itertools
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dial2deal import userfiles
from dial2deal.policy import checks
from dial2deal.policy.tables import TABLES, Table
from dial2deal.settings import PROJECT_ROOT, Settings

Row = dict[str, Any]
# What a default row says of the values that it may have; no part of the policy itself.
_CHECKS = ("choices", "several", "check")


class PolicyError(ValueError):
    """A policy file is wrong; the message names file, row, column, value and what to do."""


@dataclass(frozen=True)
class Policy:
    """Validated rules. ``tables`` maps a table's name to its rows; ``version`` is a hash of all of them."""

    tables: dict[str, list[Row]]
    version: str
    _settings: dict[tuple[str, str], list[Row]] = field(repr=False)

    def rows(self, table: str) -> list[Row]:
        """All rows of ``table`` in file order. Raises KeyError for an unknown table."""
        return self.tables[table]

    def text(self, key: str, scope: str = "", on: dt.date | None = None) -> str:
        """Value of a setting as text, for business line ``scope`` (else global), valid on date ``on``.

        Without ``on`` the row without end of validity (the current rule) is taken. Raises PolicyError.
        """
        for candidate in (scope, ""):
            rows = self._settings.get((key, candidate), [])
            for row in rows:
                if _is_valid(row, on):
                    return row["value_text"]
        raise PolicyError(f"Setting {key!r} has no value valid on {on or 'today'}; add it to policy/settings.yml.")

    def number(self, key: str, scope: str = "", on: dt.date | None = None) -> float:
        """Value of a setting as a number; see ``text``. Raises PolicyError when it is not a number."""
        value = self.text(key, scope, on)
        try:
            return float(value)
        except ValueError as error:
            raise PolicyError(f"Setting {key!r} must be a number, not {value!r}.") from error

    def optional_number(self, key: str, on: dt.date | None = None) -> float | None:
        """Value of a setting that may be ``none``: no number is set. Raises PolicyError as ``number`` does."""
        return None if self.text(key, on=on) == "none" else self.number(key, on=on)


def load(settings: Settings) -> Policy:
    """Policy of the project overridden by the installation's own files. Raises PolicyError."""
    merged: dict[str, list[Row]] = {}
    stray = checks.stray_files(settings.policy_dirs[-1], settings.policy_dirs[0])
    if stray:
        raise PolicyError(f"{settings.policy_dirs[-1].name}/: {stray}")
    for name, table in TABLES.items():
        layers = [_read_table(folder, name, table) for folder in settings.policy_dirs]
        merged[name] = _override(layers, table)
        _check_overlap(name, table, merged[name])
    _check_references(merged)
    digest = hashlib.sha256(json.dumps(merged, default=str, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    by_key: dict[tuple[str, str], list[Row]] = {}
    for row in merged["settings"]:
        by_key.setdefault((row["key"], row["scope"]), []).append(row)
    return Policy(tables=merged, version=digest[:12], _settings=by_key)


def _read_table(folder: Path, name: str, table: Table) -> list[Row]:
    if name in ("settings", "tier_rules", "funnel_stages", "funnel_evidence"):
        return [_typed(row, table, where) for row, where in _yaml_rows(folder, name)]
    path = folder / f"{name}.csv"
    if not path.exists():
        return []
    try:
        reader = csv.DictReader(io.StringIO(userfiles.read(path).removeprefix("\ufeff"), newline=""))
        unknown = set(reader.fieldnames or ()) - set(table.columns)
        if unknown:
            raise PolicyError(f"{path.name}: unknown column {sorted(unknown)}; known are {list(table.columns)}.")
        return [_typed(row, table, f"{path.name} line {reader.line_num}") for row in reader]
    except (userfiles.EncodingError, csv.Error) as error:
        raise PolicyError(f"{path.name}: {error}") from error


def _yaml_rows(folder: Path, name: str) -> list[tuple[Row, str]]:
    file = {"settings": "settings.yml", "tier_rules": "tiers.yml"}.get(name, "funnel.yml")
    path = folder / file
    if not path.exists():
        return []
    try:
        content = yaml.safe_load(userfiles.read(path)) or {}
    except userfiles.EncodingError as error:
        raise PolicyError(str(error)) from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise PolicyError(f"{file} is not valid YAML: {str(error)[:500]}") from error
    expand = {
        "settings": _expand_settings,
        "tier_rules": _expand_tiers,
        "funnel_stages": _expand_stages,
        "funnel_evidence": _expand_evidence,
    }[name]
    try:
        return [(row, f"{file} {where}") for row, where in expand(content)]
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise PolicyError(
            f"{file} does not have the expected structure: {error!r}. Compare it with the default "
            "file in the project's policy folder."
        ) from error


def _expand_settings(content: dict) -> list[tuple[Row, str]]:
    rows, defaults = [], _default_settings()
    stray = sorted(map(str, set(content) - {"settings"}))
    if stray:
        raise PolicyError(f"settings.yml: unknown entry {stray}; rows stand under 'settings:'.")
    for item in content.get("settings") or []:
        value = item["value"]
        problem = checks.complaint(str(item["key"]), value, defaults.get(str(item["key"])), defaults)
        if problem:
            raise PolicyError(f"settings.yml: {item['key']} {problem}")
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        row = {k: v for k, v in item.items() if k not in ("value", *_CHECKS)}
        rows.append(({"scope": "", **row, "value_text": str(value), "value_number": number}, f"key {item['key']}"))
    return rows


@cache
def _default_settings() -> dict[str, Row]:
    """The project's own rows by key: what settings there are, and what each may be."""
    content = yaml.safe_load((PROJECT_ROOT / "policy" / "settings.yml").read_text(encoding="utf-8"))
    return {item["key"]: item for item in content["settings"]}


def _expand_tiers(content: dict) -> list[tuple[Row, str]]:
    """Each tier ends where the next higher one begins, so neither gaps nor overlaps can be written down."""
    rows = []
    texts = content.get("texts", {})
    for profile in content["profiles"]:
        where = f"profile {profile['profile']}"
        bounds = []
        for tier, limit in profile["tiers"].items():
            if len(limit) != 1 or next(iter(limit)) not in ("above", "from"):
                raise PolicyError(f"tiers.yml {where}: tier {tier} needs exactly one of 'above' or 'from'.")
            word, seconds = next(iter(limit.items()))
            bounds.append((int(seconds), word == "from", tier))
        bounds.sort(key=lambda bound: bound[0])
        if len({seconds for seconds, _, _ in bounds}) != len(bounds) or bounds[0][:2] != (0, True):
            raise PolicyError(f"tiers.yml {where}: limits must differ and the lowest tier must start 'from: 0'.")
        for index, (lower, inclusive, tier) in enumerate(bounds):
            upper = bounds[index + 1] if index + 1 < len(bounds) else None
            text = texts.get(tier) or {}
            rows.append(
                (
                    {
                        "profile": profile["profile"],
                        "tier": tier,
                        "tier_family": text.get("family", tier[0]),
                        "lower_seconds": lower,
                        "lower_inclusive": inclusive,
                        "upper_seconds": upper[0] if upper else None,
                        "upper_inclusive": (not upper[1]) if upper else None,
                        **{k: v for k, v in text.items() if k != "family"},
                        "valid_from": profile.get("valid_from"),
                        "valid_to": profile.get("valid_to"),
                    },
                    where,
                )
            )
    return rows


def _expand_stages(content: dict) -> list[tuple[Row, str]]:
    return [
        (
            {
                "preset": preset["preset"],
                "stage": stage["stage"],
                "ordinal": ordinal,
                "is_optional": stage.get("optional", False),
                "label_zh": stage.get("label_zh"),
                "label_en": stage.get("label_en"),
            },
            f"preset {preset['preset']}",
        )
        for preset in content["presets"]
        for ordinal, stage in enumerate(preset["stages"], start=1)
    ]


def _expand_evidence(content: dict) -> list[tuple[Row, str]]:
    return [
        (
            {
                "preset": preset["preset"],
                "stage": stage["stage"],
                "evidence_kind": item["kind"],
                "evidence_value": item.get("value"),
                "valid_from": item.get("valid_from"),
                "valid_to": item.get("valid_to"),
            },
            f"preset {preset['preset']} stage {stage['stage']}",
        )
        for preset in content["presets"]
        for stage in preset["stages"]
        for item in stage["evidence"]
    ]


def _typed(row: Row, table: Table, where: str) -> Row:
    typed: Row = {}
    for column, kind in table.columns.items():
        value = row.get(column)
        if isinstance(value, str):
            value = value.strip()
        if value == "" and column != "scope":
            value = None
        if value is None and column in table.required:
            raise PolicyError(f"{where}: column {column} is empty; give it a value.")
        typed[column] = _convert(value, kind, column, where)
    extra = set(row) - set(table.columns)
    if extra:
        raise PolicyError(f"{where}: unknown field {sorted(map(str, extra))}; known are {list(table.columns)}.")
    return typed


def _convert(value: Any, kind: str, column: str, where: str) -> Any:
    if value is None:
        return None
    try:
        if kind == "date":
            return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
        if kind == "integer":
            return int(value)
        if kind == "double":
            return float(value)
    except ValueError as error:
        raise PolicyError(f"{where}: {column} = {value!r} is not a valid {kind}.") from error
    if kind == "boolean":
        text = str(value).lower()
        if text not in ("true", "false"):
            raise PolicyError(f"{where}: {column} = {value!r} must be true or false.")
        return text == "true"
    return str(value)


def _override(layers: list[list[Row]], table: Table) -> list[Row]:
    rows: list[Row] = []
    for layer in layers:
        replaced = {tuple(row[c] for c in table.override_by) for row in layer}
        rows = [row for row in rows if tuple(row[c] for c in table.override_by) not in replaced] + layer
    return rows


def _check_overlap(name: str, table: Table, rows: list[Row]) -> None:
    by_key: dict[tuple, list[Row]] = {}
    for row in rows:
        if row.get("valid_from") and row.get("valid_to") and row["valid_to"] < row["valid_from"]:
            raise PolicyError(
                f"{name}: {tuple(row[c] for c in table.unique_by)} ends on {row['valid_to']}, before it "
                f"begins on {row['valid_from']}."
            )
        by_key.setdefault(tuple(row[c] for c in table.unique_by), []).append(row)
    for key, same in by_key.items():
        spans = sorted((row.get("valid_from") or dt.date.min, row.get("valid_to") or dt.date.max) for row in same)
        for (start, end), (next_start, _) in itertools.pairwise(spans):
            if start > end or next_start <= end:
                raise PolicyError(
                    f"{name}: {key} has two rows valid on {next_start}; end the earlier one "
                    "(valid_to) the day before the later one begins (valid_from)."
                )


def _check_references(tables: dict[str, list[Row]]) -> None:
    profiles = {row["profile"] for row in tables["tier_rules"]}
    for row in tables["business_lines"]:
        if row["tier_profile"] not in profiles:
            raise PolicyError(
                f"business_lines.csv: {row['business_line']} uses tier profile "
                f"{row['tier_profile']!r}, which tiers.yml does not define ({sorted(profiles)})."
            )
    channels = {row["channel"] for row in tables["channels"]}
    for row in tables["channel_aliases"]:
        if row["channel"] not in channels:
            raise PolicyError(
                f"channel_aliases.csv: alias {row['alias']} points to channel {row['channel']!r}, "
                "which channels.csv does not list."
            )


def _is_valid(row: Row, on: dt.date | None) -> bool:
    if on is None:
        return row["valid_to"] is None
    return (row["valid_from"] or dt.date.min) <= on <= (row["valid_to"] or dt.date.max)
