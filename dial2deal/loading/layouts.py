"""Files whose layout changes on the way: columns that were switched on while the file went on growing.

A line is read as what its number of cells or the header line before it says; what neither explains is set aside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import duckdb

from dial2deal.feeds.profiles import Profile
from dial2deal.readers.headers import normalise_header
from dial2deal.readers.table import Layout, Table, text_rows


def grown(con: duckdb.DuckDBPyConnection, profile: Profile, table: Table) -> Table | None:
    """The table with all its layouts, to be read again record by record; None where one layout is all there is.

    ``ragged`` holds the lines that do not fit the table's own layout.
    """
    odd: list[tuple[int, list[str]]] = []
    for line, content in con.execute(
        "select line, content from ragged where nullif(reason, '') is null order by line"
    ).fetchall():
        rows = text_rows(content, table.delimiter)
        if rows:
            odd.append((line, rows[0][1]))
    dialects = profile.file.dialects
    if any(table.header is names or table.header == names for names in dialects.values()):
        widths = {len(cells) for _, cells in odd} & dialects.keys()
        others = [(0, dialects[width]) for width in sorted(widths, reverse=True)]
    else:
        others = [(line, cells) for line, cells in odd if _is_header(profile, table, cells)]
    return _united(profile, table, others) if others else None


def _is_header(profile: Profile, table: Table, cells: list[str]) -> bool:
    if profile.names_used(cells) < 2:
        return False
    match = profile.match(cells)
    return not match.missing and match.score[0] >= table.match.score[0] and match.score[1] >= 2


def _united(profile: Profile, table: Table, others: Iterable[tuple[int, list[str]]]) -> Table:
    """One header of all names, the widest layout's order first, and where each layout's cells stand in it."""
    layouts = [(0, table.header), *others]
    names: dict[str, int] = {}
    header: list[str] = []
    for _, cells in sorted(layouts, key=lambda layout: -len(layout[1])):
        for place, cell in _named(cells):
            if place not in names:
                names[place] = len(header)
                header.append(cell)
    found = tuple(Layout(line, tuple(names[place] for place, _ in _named(cells))) for line, cells in layouts)
    return replace(table, header=header, match=profile.match(header), width=len(header), layouts=found)


def _named(cells: list[str]) -> list[tuple[Any, str]]:
    """Each cell with what tells it from the others: its name, or its position where it has none of its own."""
    seen: set[str] = set()
    named = []
    for position, cell in enumerate(cells):
        name = normalise_header(cell)
        named.append(((name, position) if not name or name in seen else (name, -1), cell))
        seen.add(name)
    return named
