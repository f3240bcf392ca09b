"""What must hold of every delivered file, however damaged: nothing vanishes, nothing is told twice, nothing leaks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dial2deal.feeds import catalogue
from dial2deal.loading import FileResult
from dial2deal.readers import kinds

_MOBILE = re.compile(r"(?<![0-9A-Za-z_.])(?:\+?86)?1[3-9]\d{9}(?![0-9A-Za-z])")


@dataclass(frozen=True)
class Rows:
    """What the warehouse holds of one file. ``first`` is the first line of any record, None without one."""

    raw: int = 0
    quarantined: int = 0
    first: int | None = None
    encoding: str | None = None
    repairs: str = ""
    shown: str = ""


def in_warehouse(con: duckdb.DuckDBPyConnection) -> dict[str, Rows]:
    """`Rows` by file id."""
    raw: dict[str, tuple[int, int]] = {}
    tables = [f'select _file_id, _line from raw."{feed}"' for feed in catalogue.feeds()]
    for file, count, first in con.execute(
        f"select _file_id, count(*), min(_line) from ({' union all '.join(tables)}) group by all"
    ).fetchall():
        raw[file] = (count, first)
    held = {
        row[0]: row[1:]
        for row in con.execute(
            "select file_id, count(*), min(line), string_agg(concat_ws(' ', reason, raw_line), chr(10)) "
            "from ops.quarantine group by all"
        ).fetchall()
    }
    found = {}
    for file, encoding, repairs in con.execute("select file_id, encoding, repairs from ops.export_files").fetchall():
        rows, first = raw.get(file, (0, None))
        quarantined, first_held, shown = held.get(file, (0, None, ""))
        firsts = [line for line in (first, first_held) if line is not None]
        found[file] = Rows(rows, quarantined, min(firsts, default=None), encoding, repairs or "", shown or "")
    return found


def violations(result: FileResult, rows: Rows, path: Path) -> list[str]:
    """What is wrong with one file's result; ``path`` is the file as delivered."""
    found = []
    if result.status not in ("loaded", "failed"):
        found.append(f"status {result.status}")
    if result.status == "failed" and not result.message:
        found.append("failed without a message")
    if result.status == "failed" and "Loading failed" in (result.message or ""):
        found.append(f"unexpected error: {result.message[:300]}")
    if _MOBILE.search(result.message or "") or _MOBILE.search(rows.shown):
        found.append("a phone number is shown in full")
    if result.rows_read != (
        result.rows_accepted + result.rows_quarantined + result.rows_duplicate + result.rows_superseded
    ):
        found.append(f"rows do not add up: {result}")
    if (
        min(
            result.rows_read,
            result.rows_accepted,
            result.rows_total_line,
            result.rows_duplicate,
            result.rows_superseded,
        )
        < 0
    ):
        found.append(f"negative count: {result}")
    if rows.quarantined != result.rows_quarantined:
        found.append(f"{result.rows_quarantined} quarantined, {rows.quarantined} in quarantine")
    if not 0 <= rows.raw - result.rows_accepted - result.rows_superseded <= result.rows_duplicate:
        found.append(f"{result.rows_accepted} accepted, {result.rows_duplicate} duplicates, {rows.raw} in raw")
    if result.status == "loaded" and "!" not in result.path:
        found += _lines(result, rows, path)
    return found


def _lines(result: FileResult, rows: Rows, path: Path) -> list[str]:
    """Records against the physical lines of a text, counted without the loader's help."""
    content = path.read_bytes()
    if rows.first is None or rows.encoding in (None, "excel") or kinds.sniff(content[:4096]) != "text":
        return []
    # Byte order marks stand wherever files were joined; they and NUL bytes are no content.
    text = content.decode(rows.encoding, errors="replace").replace("\ufeff", "").replace("\0", "")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    after, before = lines[rows.first - 1 :], lines[: rows.first - 1]
    most = sum(1 for line in after if line) + len(before)
    least = 0 if "line breaks inside a cell" in rows.repairs else sum(1 for line in after if line.strip())
    total = result.rows_read + result.rows_total_line
    if not least <= total <= most:
        return [f"{total} records from line {rows.first} on, of {least} to {most} lines"]
    return []
