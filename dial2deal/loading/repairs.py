"""Counts how many values of each file were read in which uncommon spelling; the rules are in repairs.yml.

Counted after the load, from the raw tables: they keep the vendor's text. Columns whose every value has the common
spelling cost one comparison a value; only the others are looked at rule by rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from dial2deal.feeds.catalogue import Column, Feed, feeds
from dial2deal.feeds.profiles import Profile
from dial2deal.loading.cells import Cells
from dial2deal.readers.table import Table
from dial2deal.sql import only_row

_FILE = Path(__file__).with_name("repairs.yml")
_TRIMMED = ("blanks around a cell removed", "Excel text marks of an id removed")
_CONTRADICTION = "clock contradicts the times"
# Spellings {t} that need no rule. Each is met by millions of values: the cheapest test that tells stands first.
_COMMON = {
    "phone": "case strlen({t}) when 11 then try_cast({t} as bigint) between 13000000000 and 19999999999 "
    "when 10 then try_cast({t} as bigint) between 4000000000 and 4009999999 end",
    "timestamp": "case when {t} like '____-__-__ __:__:__' "
    "then {t} >= '1971' and not contains({t}, ' 24:') and try_cast({t} as timestamp) is not null "
    "else parse.is_plain_time({t}) and parse.ts({t}) is not null end",
    "date": "parse.is_plain_time({t}) and parse.day({t}) is not null",
    "seconds": "case when {t} like '__:__:__' then try_cast({t} as time) is not null "
    "else try_cast(try_cast({t} as integer) as varchar) = {t} end",
    "money": "parse.quick_money({t}) is not null",
    "number": "try_cast(try_cast({t} as integer) as varchar) = {t}",
    "boolean": "parse.bool({t}) is not null",
    "id": "not ends_with({t}, '000') or strlen({t}) < 16",
    "list": "strlen({t}) < 3",
}
# Of columns whose unreadable values are quarantined: what was accepted can be read.
_COMMON_READ = {
    "timestamp": "{t} like '____-__-__ __:__:__'",
    "seconds": "case when {t} like '__:__:__' then true else try_cast(try_cast({t} as integer) as varchar) = {t} end",
}
_PARSED = {
    "timestamp": "parse.ts(t)",
    "date": "parse.day(t)",
    "seconds": "parse.seconds(t)",
    "money": "parse.money(t)",
    "number": "parse.num(t)",
    "boolean": "parse.bool(t)",
    "phone": "parse.clean_number(t)",
}


@cache
def vocabulary() -> dict[str, dict[str, Any]]:
    """repairs.yml: rule -> label_zh, label_en, quirk and, for rules on values, kinds and when."""
    return yaml.safe_load(_FILE.read_text(encoding="utf-8"))


def count(con: duckdb.DuckDBPyConnection, file_ids: Collection[str]) -> None:
    """Add the counts of rules on values to ops.export_files.repairs of loaded files; again gives the same."""
    for feed in feeds().values():
        files, since = only_row(
            con.execute(
                "select list(file_id), min(loaded_at) from ops.export_files where feed = ? and file_id in "
                "(select unnest(?::varchar[])) and rows_accepted + rows_duplicate > 0",
                [feed.name, list(file_ids)],
            )
        )
        if not files:
            continue
        rows = f'(select * from raw."{feed.name}" where _loaded_at >= $since and _file_id in (select unnest($files)))'
        found: dict[str, dict[str, int]] = {}
        for file_id, rule, number in _counts(con, feed, rows, {"since": since, "files": files}):
            of_file = found.setdefault(file_id, {})
            of_file[rule] = of_file.get(rule, 0) + number
        _store(con, found)


def note_trimmed(con: duckdb.DuckDBPyConnection, profile: Profile, cells: Cells, tables: dict[str, Table]) -> None:
    """Note in each table (by file id) how many cells lose blanks or, being ids, Excel's text marks.

    The only repairs that raw does not show. Where a scan of the bytes found none, nothing is looked at.
    """
    if not cells.table.may_be_padded:
        return
    positions = cells.table.match.positions
    ids = [f"c{i}" for column, i in positions.items() if profile.feed.columns[column].kind == "id"]
    blanks = " + ".join(f"count(*) filter (c{i} is distinct from parse.cell(c{i}))" for i in positions.values())
    marks = " + ".join(f"count(*) filter (parse.cell({cell}) is distinct from parse.id({cell}))" for cell in ids)
    for file_id, *numbers in con.execute(
        f"select {cells.file}, {blanks or 0}, {marks or 0} from {cells.source} group by all"
    ).fetchall():
        if file_id in tables:
            tables[file_id].repairs.update({rule: n for rule, n in zip(_TRIMMED, numbers, strict=True) if n})


def _counts(
    con: duckdb.DuckDBPyConnection, feed: Feed, rows: str, which: dict[str, Any]
) -> Iterator[tuple[str, str, int]]:
    columns = [column for column in feed.columns.values() if column.kind in _COMMON]
    tests = ", ".join(f"bool_or({_uncommon(column)})" for column in columns)
    uncommon = con.execute(f"select {tests} from {rows}", which).fetchone()
    for column, is_uncommon in zip(columns, uncommon, strict=True):
        rules = {rule: entry["when"] for rule, entry in vocabulary().items() if column.kind in entry.get("kinds", ())}
        if not is_uncommon:
            continue
        counted = re.sub("{([a-z]+)}", r"\1", ", ".join(f"count(*) filter ({when})" for when in rules.values()))
        for file_id, *numbers in con.execute(
            f"select _file_id, {counted} from {_texts(column, rows)} group by _file_id", which
        ).fetchall():
            yield from ((file_id, rule, n) for rule, n in zip(rules, numbers, strict=True) if n)
    if {"talk_seconds", "answered_at", "ended_at", "started_at"} <= feed.columns.keys():
        for file_id, number in con.execute(_contradictions(rows), which).fetchall():
            yield file_id, _CONTRADICTION, number


def _uncommon(column: Column) -> str:
    quoted = f'"{column.name}"'
    tests = _COMMON | (_COMMON_READ if column.must_parse else {})
    common = tests[column.kind].replace("{t}", quoted)
    return f"case when {quoted} is null then false else coalesce(not ({common}), true) end"


def _texts(column: Column, rows: str) -> str:
    """Relation of the uncommon texts of a column with what the rules ask of them, each worked out once."""
    status = "parse.number_status(t)" if column.kind == "phone" else "null"
    return (
        f"(select _file_id, t, {_PARSED.get(column.kind, 'null')} as parsed, parse.ascii(t) as ascii, "
        f"regexp_replace(parse.ascii(t), '[^0-9]', '', 'g') as digits, {status} as status "
        f'from (select _file_id, "{column.name}" as t from {rows} where {_uncommon(column)}))'
    )


def _contradictions(rows: str) -> str:
    """Files with talk times such as 5:23 that are too short for the times beside them by a factor of sixty.

    Between answer and end lie talk and hold; half is far from both readings.
    """
    return (
        "select _file_id, count(*) from (select _file_id, parse.seconds(talk_seconds) as talk, date_diff('second', "
        f"parse.ts(coalesce(answered_at, started_at)), parse.ts(ended_at)) as lasted from {rows} "
        "where regexp_full_match(talk_seconds, '[0-9]+:[0-9]{2}')) "
        "where talk > 0 and lasted between talk * 30 and talk * 90 group by all"
    )


def _store(con: duckdb.DuckDBPyConnection, found: dict[str, dict[str, int]]) -> None:
    if found:
        texts = [json.dumps(dict(sorted(of_file.items())), ensure_ascii=False) for of_file in found.values()]
        con.execute(
            "update ops.export_files as f "
            "set repairs = json_merge_patch(coalesce(f.repairs, '{}'), n.repairs)::varchar "
            "from (select unnest(?::varchar[]) as file_id, unnest(?::varchar[]) as repairs) as n "
            "where f.file_id = n.file_id",
            [list(found), texts],
        )
