"""Blocks as plain data for report.json: their fields, without what only renderers need."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dial2deal.blocks.kinds import IF_ANY, OWN, Table, WorkList


def plain(value: Any) -> Any:
    """Dictionaries, lists and scalars of a block, a part of one, or anything that holds them."""
    if isinstance(value, WorkList):  # of the callers only those shown: the rest is a mart and the workbook
        return {"shown_rows": plain(value.shown_rows), **{name: plain(fact) for name, fact in value.facts.items()}}
    if isinstance(value, Table):
        return {**_fields(value), **{name: plain(fact) for name, fact in value.facts.items()}}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _fields(block: Any) -> dict[str, Any]:
    return {
        part.name: plain(value)
        for part in dataclasses.fields(block)
        if part.metadata != OWN and ((value := getattr(block, part.name)) is not None or part.metadata != IF_ANY)
    }
