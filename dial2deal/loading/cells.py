"""Cells as text in the temporary tables ``incoming`` and ``ragged``, every physical line accounted for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from dial2deal.loading import statements
from dial2deal.readers.problems import FileProblem
from dial2deal.readers.records import blank_lines, reread
from dial2deal.readers.table import Table
from dial2deal.readers.text import is_utf8
from dial2deal.sql import literal, only_row

_WIDTH_REJECTS = ("MISSING COLUMNS", "TOO MANY COLUMNS")
_MAX_COLUMNS = 16_384


@dataclass(frozen=True)
class Cells:
    """The temporary table ``incoming`` and how to address it; ``table`` is the text it was read from.

    ``file`` and ``line`` are SQL over ``source``: which file a record comes from, and where in it.
    """

    table: Table
    rows: int
    line: str
    source: str = "incoming"
    has_ragged: bool = False
    file: str = "null"


def read_cells(con: duckdb.DuckDBPyConnection, table: Table, work: Path) -> Cells | None:
    """Read into the temporary tables incoming and ragged; None when the text is not UTF-8.

    Every physical line must be accounted for: as a record, as a record of another width or as blank. Where DuckDB's
    reading does not add up, the file is read again record by record. Raises FileProblem when that fails too.
    """
    if table.width > _MAX_COLUMNS:
        raise FileProblem(
            f"The header has {table.width:,} columns; an export has at most {_MAX_COLUMNS:,}, as a sheet "
            "of Excel. Is it turned by 90 degrees, or delimited by another character?"
        )
    if not table.has_line_column:
        rows, rejects = _bare_read(con, table)
        if rows + len(rejects) == table.lines and not (rejects and table.has_quotes):
            return _numbered(con, table, rows, rejects, [])
        blanks = [] if table.has_quotes else blank_lines(table)
        if rows + len(rejects) + len(blanks) == table.lines and not table.has_quotes:
            return _numbered(con, table, rows, rejects, blanks)
        if not is_utf8(table.path):
            return None
        table = reread(table, work)
    rows, rejects = _bare_read(con, table)
    if rows != table.lines or rejects:
        raise FileProblem(
            f"{table.lines} records were found but {rows} could be read; nothing was loaded, so that no row is lost. "
            "Export the file again with every text quoted, or as Excel."
        )
    has_ragged = table.ragged is not None and table.ragged.stat().st_size > 0
    if has_ragged:
        con.execute(
            "create or replace temp table ragged as select l::bigint as line, c0 as reason, c1 as content from "
            f"read_csv({literal(str(table.ragged))}, header=false, auto_detect=false, delim=',', quote='\"', "
            "escape='\"', columns={'l': 'varchar', 'c0': 'varchar', 'c1': 'varchar'})"
        )
    return Cells(table, rows, "l::bigint", has_ragged=has_ragged)


def _bare_read(con: duckdb.DuckDBPyConnection, table: Table) -> tuple[int, list[tuple[int, str]]]:
    """Fill ``incoming``; the number of its rows and the lines of another width, (-1, []) when DuckDB gives up."""
    con.execute("drop table if exists rejects; drop table if exists rejects_scan")
    try:
        rows = only_row(
            con.execute(
                f"create or replace temp table incoming as select * from {statements.read_csv(table, 'rejects')}"
            )
        )[0]
        if rows == table.lines:
            return rows, []
        kinds = ", ".join(f"'{kind}'" for kind in _WIDTH_REJECTS)
        # A rejected record may be cut inside a character; DuckDB then cannot return it.
        rejects = con.execute(
            f"select line, any_value(csv_line), bool_and(error_type in ({kinds})) from rejects "
            "group by line order by line"
        ).fetchall()
    except duckdb.Error:
        return -1, []
    if not all(only_width for _, _, only_width in rejects):
        return -1, []
    return rows, [(line, content) for line, content, _ in rejects]


def _numbered(
    con: duckdb.DuckDBPyConnection, table: Table, rows: int, rejects: list[tuple[int, str]], blanks: list[int]
) -> Cells:
    """Cells whose line is the row id shifted by the lines left out before it."""
    blanks = blanks + [line for line, content in rejects if not content.strip()]
    rejects = [(line, content) for line, content in rejects if content.strip()]
    if rejects:
        con.execute(
            "create or replace temp table ragged as select unnest($lines::bigint[]) as line, "
            "null::varchar as reason, trim(unnest($contents::varchar[]), chr(13) || chr(10)) as content",
            {"lines": [line for line, _ in rejects], "contents": [content for _, content in rejects]},
        )
    left_out = sorted([line for line, _ in rejects] + blanks)
    if not left_out:
        return Cells(table, rows, f"rowid + {table.skip + 1}")
    con.execute(
        "create or replace temp table shifts as select unnest($rows::bigint[]) as row_from, "
        "unnest($shifts::bigint[]) as shift",
        {
            "rows": [-1, *(line - table.skip - 1 - i for i, line in enumerate(left_out))],
            "shifts": list(range(len(left_out) + 1)),
        },
    )
    # Several lines left out in a row begin at the same row: the greatest shift holds.
    shifted = (
        "(select i.*, s.shift from (select rowid as row_id, * from incoming) i asof join "
        "(select row_from, max(shift) as shift from shifts group by row_from) s on i.row_id >= s.row_from)"
    )
    return Cells(table, rows, f"row_id + {table.skip + 1} + shift", shifted, has_ragged=bool(rejects))


def read_together(con: duckdb.DuckDBPyConnection, tables: dict[str, Table]) -> tuple[Cells, dict[str, int]] | None:
    """Read tables of one shape, by file id, into one ``incoming``; with the number of records of each.

    Only tables whose every line is a record of the header's width are there, the others are for `read_cells`;
    None when there are not two of them.
    """
    con.execute("drop table if exists rejects; drop table if exists rejects_scan")
    shape = next(iter(tables.values()))
    together = statements.read_csv(shape, "rejects", [table.path for table in tables.values()])
    try:
        con.execute(f"create or replace temp table incoming as select *, file_index as _file_index from {together}")
    except duckdb.Error:
        return None
    found = dict.fromkeys(range(len(tables)), (0, 0, -1)) | {
        row[0]: row[1:]
        for row in con.execute(
            "select _file_index, count(*), min(rowid), max(rowid) from incoming group by all"
        ).fetchall()
    }
    whole = [
        (file, index, table, *found[index][:2])
        for index, (file, table) in enumerate(tables.items())
        if found[index][0] == table.lines and found[index][2] - found[index][1] + 1 == table.lines
    ]
    if len(whole) < 2:
        return None
    con.execute(
        "create or replace temp table together as select unnest($indexes::bigint[]) as _file_index, "
        "unnest($files::varchar[]) as _from_file, unnest($firsts::bigint[]) as _row_from",
        {
            "indexes": [index for _, index, *_ in whole],
            "files": [file for file, *_ in whole],
            "firsts": [first for *_, first in whole],
        },
    )
    line = "l::bigint" if shape.has_line_column else f"_row - _row_from + {shape.skip + 1}"
    source = (
        "(select i.rowid as _row, i.*, t._from_file, t._row_from from incoming i join together t using (_file_index))"
    )
    rows = {file: count for file, _, _, count, _ in whole}
    merged = replace(
        shape,
        **{
            flag: any(getattr(table, flag) for _, _, table, *_ in whole)
            for flag in ("may_be_lossy", "may_be_padded", "may_be_bracketed")
        },
    )
    return Cells(merged, sum(rows.values()), line, source, file="_from_file"), rows
