"""A profile's YAML made whole: what it takes from another profile, and its terms put into its expressions."""

from __future__ import annotations

import re
from typing import Any

_MERGED = ("helpers", "terms", "columns", "values")


def merge(own: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the entries of ``own``: helpers, terms, columns and values one by one, the others as a whole.

    An empty entry of ``own`` takes the base's away.
    """
    merged = {**base, **{key: value for key, value in own.items() if key != "like"}}
    for part in _MERGED:
        if own.get(part) and base.get(part):
            merged[part] = {**base[part], **own[part]}
            if part == "values":
                for column, pairs in own[part].items():
                    merged[part][column] = {**base[part].get(column, {}), **pairs}
    return {key: value for key, value in merged.items() if value not in ("", None)}


def expand_terms(raw: dict[str, Any]) -> dict[str, Any]:
    """The profile with every ``{term}`` replaced by its text in brackets; a term may use those before it."""
    if not isinstance(raw, dict) or not isinstance(raw.get("terms"), dict):
        return raw  # nothing to do, or the validation says what is wrong
    terms: dict[str, str] = {}
    for name, text in raw["terms"].items():
        terms[name] = _expanded(text, terms)
    columns = {}
    for name, rule in (raw.get("columns") or {}).items():
        if isinstance(rule, dict) and "expression" in rule:
            given = rule["expression"]
            several = [given] if isinstance(given, str) else given
            rule = {**rule, "expression": [_expanded(text, terms) for text in several]}
        columns[name] = rule
    not_data = [_expanded(text, terms) for text in raw.get("not_data") or []]
    return {**raw, "terms": terms, "columns": columns, **({"not_data": not_data} if not_data else {})}


def _expanded(text: Any, terms: dict[str, str]) -> Any:
    if not isinstance(text, str):
        return text  # the validation says what is wrong with it
    return re.sub(r"\{([^{}]+)\}", lambda m: f"({terms[m[1]]})" if m[1] in terms else m[0], text)
