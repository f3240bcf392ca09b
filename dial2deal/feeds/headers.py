"""What a profile's expressions mean by them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dial2deal.feeds.expressions import PLACEHOLDER
from dial2deal.readers.headers import normalise_header


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
