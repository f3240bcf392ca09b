"""A vendor's totals lines against the rows they total: does the file hold what its maker counted? → ops.file_totals."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb

from dial2deal.feeds.profiles import Profile, vocabulary
from dial2deal.loading import statements
from dial2deal.loading.cells import Cells
from dial2deal.privacy import mask_text
from dial2deal.sql import identifier, only_row

# Totals of groups make many such lines; the first ones show what is wrong.
_MAX_LINES = 20
_SHOWN = 60
_NUMERIC = {"seconds": "seconds", "money": "money", "number": "num"}
_NEVER_SUMMED = ("id", "phone", "timestamp", "date", "map", "boolean", "list")
_HALF_A_SECOND = 0.5
# Of a record of another width, without what stands before its first text.
LEADING_TEXT = "ltrim(content, ' \",;|' || chr(9))"


@dataclass(frozen=True)
class Compared:
    """One cell of a totals line. ``outcome``: agrees, differs or not_comparable; values in the column's unit."""

    line: int
    column: str
    basis: str  # sum | average | count | '' when nothing could be compared
    stated: str
    stated_value: float | None
    expected_value: float | None
    outcome: str


@dataclass(frozen=True)
class _Column:
    """One cell position: its header and how its text becomes a number (None = it is nothing to add up)."""

    index: int
    header: str
    value: str | None
    is_seconds: bool = False
    has_unit: bool = False


def store(
    con: duckdb.DuckDBPyConnection,
    profile: Profile,
    cells: Cells,
    zone: str,
    ragged: int,
    file_id: str,
    loaded_at: dt.datetime,
) -> None:
    """Compare the totals lines of the file just read and keep the outcome; call inside the file's transaction.

    ``ragged`` is the number of its data lines of another width, which count as rows but cannot be added up.
    """
    con.execute("delete from ops.file_totals where file_id = ?", [file_id])
    plan = statements.plan(profile, cells.table, zone, quick=False)
    found = _aligned(con, profile, cells, plan, ragged, file_id, loaded_at)
    if cells.has_ragged:
        found += _misaligned(con, lambda: _rows(con, cells, plan) + ragged)
    for item in found:
        masked = only_row(con.execute("select left(parse.mask_text(?), ?)", [item.stated, _SHOWN]))[0]
        con.execute(
            "insert into ops.file_totals values (?, ?, ?, ?, ?, ?, ?, ?)",
            [file_id, item.line, item.column, item.basis, masked, item.stated_value, item.expected_value, item.outcome],
        )


def _aligned(
    con: duckdb.DuckDBPyConnection,
    profile: Profile,
    cells: Cells,
    plan: statements.LoadPlan,
    ragged: int,
    file_id: str,
    loaded_at: dt.datetime,
) -> list[Compared]:
    """The totals lines that have as many cells as the header."""
    table = cells.table
    columns = _columns(profile, cells, plan)
    texts = ", ".join(f"c{c.index}" for c in columns)
    rows = con.execute(
        f"select _line, _first, list_transform([{texts}], lambda x: case when not parse.blank(x) then parse.cell(x) "
        f"end) from (select *, {cells.line} as _line, {statements.first_cell(table)} as _first "
        f"from {cells.source}) where {statements.is_totals_text('_first')} and _line not in (select _line from "
        f"raw.{identifier(profile.feed.name)} where _file_id = ? and _loaded_at = ?) order by _line "
        f"limit {_MAX_LINES}",
        [file_id, loaded_at],
    ).fetchall()
    compared: list[Compared] = []
    begin = 0
    for line, label, stated in rows:
        kind = _kind(label)
        if kind is None:
            compared += _phrase(label, line, lambda: _rows(con, cells, plan) + ragged)
            continue
        used = {c: text for c, text in zip(columns, stated, strict=True) if text and text != label}
        rows, facts = _facts(con, cells, plan, [*used], begin if kind == "part" else 0, line)
        rows += 0 if kind == "part" else ragged
        values = _values(con, cells, [*used], line)
        compared += [_compare(line, kind, c, used[c], value, rows, facts[c.index]) for c, value in values.items()]
        compared += _phrase(label, line, lambda rows=rows: rows)
        begin = line
    return compared


def _values(con: duckdb.DuckDBPyConnection, cells: Cells, columns: list[_Column], line: int) -> dict[_Column, Any]:
    """What one line states in each of the columns, as a number."""
    if not columns:
        return {}
    numbers = ", ".join(f"({c.value or 'null'})::double" for c in columns)
    row = con.execute(
        f"select {numbers} from (select *, {cells.line} as _line from {cells.source}) where _line = ?", [line]
    ).fetchone()
    return dict(zip(columns, row, strict=True))


def _columns(profile: Profile, cells: Cells, plan: statements.LoadPlan) -> list[_Column]:
    table = cells.table
    by_index = {i: c for c, i in table.match.positions.items()}
    found = []
    for index in range(min(table.width, len(table.header))):
        header, canonical = mask_text(table.header[index].strip()), by_index.get(index)
        kind = profile.feed.columns[canonical].kind if canonical else "text"
        if kind in _NUMERIC and canonical in plan.values:
            sql = plan.values[canonical]
            found.append(_Column(index, header, f"parse.{_NUMERIC[kind]}({sql})", kind == "seconds", " || " in sql))
        elif kind in _NEVER_SUMMED:
            found.append(_Column(index, header, None))
        else:
            found.append(
                _Column(
                    index,
                    header,
                    (
                        f"list_transform([parse.cell(c{index})], lambda x: coalesce(parse.num(x), parse.money(x), "
                        "case when regexp_matches(x, '[:秒分]') then parse.seconds(x) end))[1]"
                    ),
                )
            )
    return found


def _facts(
    con: duckdb.DuckDBPyConnection,
    cells: Cells,
    plan: statements.LoadPlan,
    columns: list[_Column],
    after: int,
    before: int,
) -> tuple[int, dict[int, tuple[Any, int, int]]]:
    """(data rows, column → (sum, numbers, cells filled)) of the data rows between two lines."""
    numbers = ", ".join(
        f"sum({c.value or 'null'})::double, count({c.value or 'null'}), count(*) filter (not parse.blank(c{c.index}))"
        for c in columns
    )
    row = con.execute(
        f"select count(*){', ' + numbers if numbers else ''} from (select *, {cells.line} as _line from "
        f"{cells.source}) where not {plan.is_total} and _line > ? and _line < ?",
        [after, before],
    ).fetchone()
    return row[0], {c.index: row[1 + 3 * n : 4 + 3 * n] for n, c in enumerate(columns)}


def _rows(con: duckdb.DuckDBPyConnection, cells: Cells, plan: statements.LoadPlan) -> int:
    return only_row(con.execute(f"select count(*) from {cells.source} where not {plan.is_total}"))[0]


def _compare(
    line: int,
    kind: str,
    column: _Column,
    text: str,
    value: float | None,
    rows: int,
    facts: tuple[float | None, int, int],
) -> Compared:
    total, numbers, filled = facts
    said = _stated_count(text)
    if said is not None:
        return _counted(line, column.header, text, said, rows)
    if value is None or text.endswith("%") or not numbers or numbers * 2 < filled:
        whole = _whole(text)
        if whole is not None and whole == rows:
            return _counted(line, column.header, text, whole, rows)
        return Compared(line, column.header, "", text, value, None, "not_comparable")
    expected = total / numbers if kind == "average" else total
    # A unit such as minutes is rounded to whole seconds row by row.
    slack = _HALF_A_SECOND * (rows if column.has_unit and kind != "average" else 1) if column.is_seconds else 0.0
    if abs(value - expected) <= max(slack, _rounding(text, kind)):
        return Compared(line, column.header, "average" if kind == "average" else "sum", text, value, expected, "agrees")
    if _whole(text) == rows:
        return _counted(line, column.header, text, rows, rows)
    return Compared(line, column.header, "average" if kind == "average" else "sum", text, value, expected, "differs")


def _counted(line: int, column: str, text: str, said: int, rows: int) -> Compared:
    return Compared(line, column, "count", text, said, rows, "agrees" if said == rows else "differs")


def _phrase(label: str, line: int, rows: Callable[[], int]) -> list[Compared]:
    """The number of rows that a footer such as 共 1234 条 states; ``rows`` counts them when there is one."""
    said = _stated_count(label)
    return [] if said is None else [_counted(line, "", label, said, rows())]


def _misaligned(con: duckdb.DuckDBPyConnection, rows: Callable[[], int]) -> list[Compared]:
    """Totals lines of another width: only a number of rows in words can be compared."""
    found: list[Compared] = []
    for line, content in con.execute(
        f"select line, {LEADING_TEXT} from ragged where {statements.is_totals_text(LEADING_TEXT)} "
        f"order by line limit {_MAX_LINES}"
    ).fetchall():
        counted = _phrase(content, line, rows)
        if counted:
            found += counted
        elif _kind(content):
            found.append(Compared(line, "", "", content, None, None, "not_comparable"))
    return found


def _kind(label: str) -> str | None:
    """total, part or average, by the word a totals line begins with; None for footers that state nothing."""
    plain = label.strip().lower()
    words = [(word, kind) for kind, listed in vocabulary()["totals_kinds"].items() for word in listed]
    return next((kind for word, kind in sorted(words, key=lambda w: -len(w[0])) if plain.startswith(word)), None)


def _stated_count(text: str) -> int | None:
    units = "|".join(map(re.escape, vocabulary()["count_units"]))
    found = re.search(rf"([0-9][0-9,]*) ?(?:{units})", text.lower())
    return int(found[1].replace(",", "")) if found else None


def _whole(text: str) -> int | None:
    plain = text.replace(",", "").strip()
    return int(plain) if re.fullmatch("[0-9]{1,12}", plain) else None


def _rounding(text: str, kind: str) -> float:
    """Half a unit of the last decimal that is stated; sums of whole numbers are exact."""
    decimals = re.search(r"\.([0-9]+)", text)
    if decimals:
        return 0.5 * 10 ** -len(decimals[1]) + 1e-9
    return 0.5 if kind == "average" else 1e-6
