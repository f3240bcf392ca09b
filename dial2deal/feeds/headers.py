"""Headers as names: whichever way they are spelled, and what a profile's expressions mean by them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from dial2deal.feeds.expressions import PLACEHOLDER

_BRACKETS = re.compile(r"[(\[{<【「](.*?)[)\]}>】」]")
# What tells one figure from another and is no unit: Talk Duration (AVG) is not the talk of all calls.
_FIGURE = re.compile(r"\s*(avg|average|mean|max|total|平均|最大|最长|总)", re.IGNORECASE)
_NOISE = re.compile(r"[\s_\-*:'\"​﻿]+")


@lru_cache(maxsize=4096)
def normalise_header(text: str) -> str:
    """Header without case, full-width forms, spaces, separators and a unit in brackets."""
    plain = unicodedata.normalize("NFKC", text or "")
    bare = _BRACKETS.sub(lambda found: found[1] if _FIGURE.match(found[1]) else "", plain)
    return _NOISE.sub("", bare).lower() or _NOISE.sub("", plain).lower()


def first_matches(choices: dict[str, list[tuple[int, str]]], by_name: dict[str, int], used: set[int]) -> dict[str, int]:
    """Rank by rank, so that a column's first choice beats another column's later choice for the same cell."""
    candidates = sorted(
        (rank, column, index) for header, index in by_name.items() for rank, column in choices.get(header, ())
    )
    positions: dict[str, int] = {}
    for _, column, index in candidates:
        if column not in positions and index not in used:
            positions[column] = index
            used.add(index)
    return positions


def first_sql(expressions: list[str], names: Mapping[str, int], padded: bool) -> str | None:
    """SQL over c0, c1, … of the first of ``expressions`` whose references ``names`` (name -> cell) has; else None."""
    chosen = applicable(expressions, names)
    return None if chosen is None else over_cells(chosen[0], names, padded)


def over_cells(expression: str, names: Mapping[str, int], padded: bool) -> str:
    """SQL of one expression over c0, c1, …, what is not there as NULL; ``padded`` cells without the blanks around."""

    def cell(reference: re.Match[str]) -> str:
        position = _resolve(reference[1].removesuffix("?"), names)
        if position is None:
            return "null::varchar"
        return f"parse.cell(c{position})" if padded else f"c{position}"

    return PLACEHOLDER.sub(cell, expression)


def applicable(expressions: list[str], names: Mapping[str, int]) -> tuple[str, dict[str, int]] | None:
    """The first expression whose every reference is in the file, with the cells they mean.

    References that end with a question mark may be lacking, as long as one reference is there.
    """
    for expression in expressions:
        references = PLACEHOLDER.findall(expression)
        found = {r: cell for r in references if (cell := _resolve(r.removesuffix("?"), names)) is not None}
        if all(r in found or r.endswith("?") for r in references) and (found or not references):
            return expression, found
    return None


def _resolve(reference: str, names: Mapping[str, int]) -> int | None:
    return names.get(reference, names.get(normalise_header(reference)))
