"""Expressions that share terms, each term computed once per row under a name of its own.

Written out into every place that uses it, a nested term made the plan of one small file take seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TERM = re.compile(r'"~(\w+)"')


@dataclass(frozen=True)
class Layers:
    """Terms by layer, each over the layers before it, and the expressions over all of them; all of them SQL."""

    terms: tuple[dict[str, str], ...]
    columns: dict[str, str]

    def over(self, source: str, more: str = "") -> str:
        """Relation of the rows of ``source`` beside terms and columns; ``more`` adds columns of the source's own."""
        relation = source
        for number, layer in enumerate((*self.terms, self.columns)):
            added = "".join(f", {sql} as {name}" for name, sql in layer.items())
            relation = f"(select *{added}{more if number == 0 else ''} from {relation})"
        return relation


def layers(terms: Mapping[str, str], columns: Mapping[str, str]) -> Layers:
    """``columns`` (name -> SQL) with each term (name -> SQL, in brackets where it is used) taken out of them.

    A term may use those before it. Terms that no column needs are left out.
    """
    named: dict[str, str] = {}
    for term, sql in terms.items():
        named[term] = _taken_out(sql, terms, list(named))
    short = {column: _taken_out(sql, terms, list(named)) for column, sql in columns.items()}
    depth: dict[str, int] = {}
    for sql in short.values():
        _note_depth(sql, named, depth)
    return Layers(
        tuple(
            {f'"~{term}"': named[term] for term in named if depth.get(term) == level}
            for level in range(1, max(depth.values(), default=0) + 1)
        ),
        short,
    )


def _taken_out(sql: str, terms: Mapping[str, str], earlier: list[str]) -> str:
    for term in reversed(earlier):
        sql = sql.replace(f"({terms[term]})", f'"~{term}"')
    return sql


def _note_depth(sql: str, named: Mapping[str, str], depth: dict[str, int]) -> int:
    """Note in ``depth`` the layer of each term that ``sql`` needs; the layer it belongs into itself."""
    for term in _TERM.findall(sql):
        if term not in depth:
            depth[term] = _note_depth(named[term], named, depth)
    return 1 + max((depth[term] for term in _TERM.findall(sql)), default=0)
