"""What the whole column of a file says about how its texts are meant: day or month first, decimal comma or point.

Single values cannot tell: 03/04/2026 and 2.500 are two things each. A column can, and where it contradicts itself
nothing is guessed: its ambiguous values stay unread and the audit holds the file.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from dial2deal.feeds.profiles import Profile
from dial2deal.loading import numbers
from dial2deal.readers.sense import NOTHING_DECIDED, Finding, Sense
from dial2deal.readers.table import Table

_NUMERIC = ("money", "number", "seconds")
_DATED = ("timestamp", "date")
# Kinds of columns that are looked at here: dates, numbers, telephone numbers.
KINDS = (*_NUMERIC, *_DATED, "phone")
# 3/4/2026: nothing in such a date tells the month from the day.
UNORDERED_DATE = "^[^0-9]?[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}([^0-9]|$)"
_DATE_PARTS = "^[^0-9]?([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{2,4})"
# What a number's digits and marks alone say (signs, units and blanks taken away).
_COMMA_IS_DECIMAL = (
    "[0-9]+,[0-9]{1,2}|0,[0-9]+|[0-9]{1,3}([.][0-9]{3})+,[0-9]+|[0-9]{1,3}([.][0-9]{3}){2,}|"
    "[0-9]{4,},[0-9]{3}|[0-9]+,[0-9]{5,}"
)
_POINT_IS_DECIMAL = (
    "[0-9]+[.][0-9]{1,2}|0?[.][0-9]+|0[.][0-9]+|[0-9]{1,4}(,[0-9]{2,4})+[.][0-9]+|"
    "[0-9]{1,4}(,[0-9]{3,4}){2,}|[0-9]{1,3}(,[0-9]{2})+,[0-9]{3}|[0-9]{4,}[.][0-9]{3}|"
    "[0-9]+[.][0-9]{4,}"
)
_GROUP_OR_FRACTION = "[1-9][0-9]{0,2}[.,][0-9]{3}"
_SLACK = dt.timedelta(days=2)


@cache
def _words() -> dict[str, Any]:
    return yaml.safe_load(Path(__file__).with_name("readings.yml").read_text(encoding="utf-8"))


def sentence(finding: Finding, locale: str = "en") -> str:
    """A finding for people (``zh`` or ``en``), with what to do where the column was not read."""
    words = _words()
    why = words["why"].get(f"{finding.kind}_{finding.why}") or words["why"][finding.why]
    value = words["values"].get(f"{finding.kind}_{finding.value}") or words["values"].get(finding.value)
    shown = value[locale] if value else f"{words['kinds'][finding.kind][f'{locale}_value']} {finding.value}"
    text = f"{finding.column}: {words['kinds'][finding.kind][locale]} {shown}, {why[locale].format(**asdict(finding))}"
    if finding.value == "unknown":
        text += "; " + words["fix"][finding.kind][locale].format(**asdict(finding))
    return text


def problems(sense: Sense) -> list[str]:
    """What is wrong with a file's columns, for its message."""
    return [sentence(finding) for finding in sense.findings if finding.why in ("contradiction", "nothing")]


def from_json(text: str | None) -> list[Finding]:
    """The findings that `Sense.as_json` wrote."""
    return [Finding(**item) for item in json.loads(text or "[]")]


def decide(
    con: duckdb.DuckDBPyConnection,
    profile: Profile,
    table: Table,
    texts: Mapping[str, str],
    source: str,
    file: str,
    delivered: Mapping[str, dt.datetime | None],
    home: str,
) -> dict[str, Sense]:
    """The sense of each file in ``source``; ``texts`` is the SQL of each canonical column's text, ``file`` of its id.

    One cheap pass finds the columns in which anything is ambiguous; only these are looked at closely. ``home`` is the
    policy's country. Raises nothing of its own.
    """
    found = _of_columns(con, profile, table, texts, source, file, delivered)
    for id_ in numbers.suspects(con, profile, texts, source, file, home) & found.keys():
        own = source if len(found) == 1 else f"(select * from {source} where {file} = '{id_}')"
        evidence = numbers.decide(con, profile, texts, own, home)
        if evidence:
            region = "unknown" if evidence.region == numbers.UNKNOWN else evidence.region
            finding = Finding(
                "customer_number",
                "country",
                region,
                evidence.why,
                evidence.rows,
                evidence.of_other,
                evidence.of,
                evidence.other,
            )
            found[id_] = replace(found[id_], region=evidence.region, findings=(*found[id_].findings, finding))
    return found


def _of_columns(
    con: duckdb.DuckDBPyConnection,
    profile: Profile,
    table: Table,
    texts: Mapping[str, str],
    source: str,
    file: str,
    delivered: Mapping[str, dt.datetime | None],
) -> dict[str, Sense]:
    kinds = {column: profile.feed.columns[column].kind for column in texts}
    dated = [column for column, kind in kinds.items() if kind in _DATED]
    numeric = [column for column, kind in kinds.items() if kind in _NUMERIC and _may_be_marked(table, kind)]
    found = dict.fromkeys(delivered, NOTHING_DECIDED)
    tests = [*(_is_unordered(texts[c]) for c in dated), *(_is_marked(texts[c], kinds[c]) for c in numeric)]
    if not tests:
        return found
    # Tested row by row first: an expression of a profile may look at other rows.
    each = ", ".join(f"{test} as t{number}" for number, test in enumerate(tests))
    either = ", ".join(f"bool_or(t{number})" for number in range(len(tests)))
    seen = con.execute(f"select {either} from (select {each} from {source})").fetchone()
    suspects = [column for column, is_suspect in zip([*dated, *numeric], seen, strict=True) if is_suspect]
    if not suspects:
        return found
    dates = _counts(con, [c for c in suspects if kinds[c] in _DATED], texts, source, file, _DATE_COUNTS, _parts)
    amounts = _counts(con, [c for c in suspects if kinds[c] in _NUMERIC], texts, source, file, _NUMBER_COUNTS, _digits)
    for id_ in found:
        of_dates = _orders(profile, dates.get(id_, {}), delivered[id_])
        of_numbers = _marks(profile, table, kinds, amounts.get(id_, {}))
        found[id_] = Sense(
            orders=tuple((f.column, "" if f.value == "unknown" else f.value) for f in of_dates),
            marks=tuple(
                (f.column, {"comma": ",", "unknown": "?"}.get(f.value, "")) for f in of_numbers if f.value != "point"
            ),
            findings=(*of_dates, *of_numbers),
        )
    return found


def _may_be_marked(table: Table, kind: str) -> bool:
    """Whether cells can hold a comma at all, or a point that may stand between groups of digits."""
    return kind == "money" or table.has_quotes or table.delimiter != ","


def _is_unordered(sql: str) -> str:
    return f"case when {sql} like '____-__-__%' then false else regexp_matches({sql}, '{UNORDERED_DATE}') end"


def _is_marked(sql: str, kind: str) -> str:
    points = f" or regexp_matches({sql}, '[.][0-9]{{3}}([^0-9]|$)')" if kind == "money" else ""
    return f"contains({sql}, ',') or contains({sql}, '，'){points}"


def _parts(sql: str) -> str:
    """The two numbers before the year, and the date either way, of a text that has no order; NULL of others."""
    return (
        f"list_transform([case when {_is_unordered(sql)} then "
        f"regexp_extract({sql}, '{_DATE_PARTS}', ['a', 'b', 'y']) end], lambda p: case when p is not null then "
        "{'a': p.a::integer, 'b': p.b::integer, "
        "'dmy': try_cast(right('20' || p.y, 4) || '-' || p.b || '-' || p.a as date), "
        "'mdy': try_cast(right('20' || p.y, 4) || '-' || p.a || '-' || p.b as date)} end)[1]"
    )


_DATE_COUNTS = {
    "of": "count(x)",
    "dmy": "count(*) filter (x.a > 12 and x.b <= 12)",
    "mdy": "count(*) filter (x.b > 12 and x.a <= 12)",
    "last_dmy": "max(x.dmy)",
    "last_mdy": "max(x.mdy)",
    "firsts": "count(distinct x.a)",
    "seconds": "count(distinct x.b)",
}


def _digits(sql: str) -> str:
    return f"regexp_replace(regexp_replace(parse.ascii({sql}), '[^0-9.,]', '', 'g'), '^,+|[.,]+$', '', 'g')"


def is_clear(sql: str) -> str:
    """Condition that a text is a number whose point or commas can be meant in the usual way only."""
    return f"regexp_full_match({_digits(sql)}, '{_POINT_IS_DECIMAL}')"


_NUMBER_COUNTS = {
    "comma": f"count(*) filter (regexp_full_match(x, '{_COMMA_IS_DECIMAL}'))",
    "point": f"count(*) filter (regexp_full_match(x, '{_POINT_IS_DECIMAL}'))",
    "of": f"count(*) filter (regexp_full_match(x, '{_GROUP_OR_FRACTION}'))",
    "tens": "count(*) filter (regexp_full_match(x, '[1-9][0-9]{0,2}[.][0-9]{2}0'))",
    "dots": "count(*) filter (regexp_full_match(x, '[1-9][0-9]{0,2}[.][0-9]{3}'))",
    "small": "count(*) filter (regexp_full_match(x, '[0-9]{1,3}'))",
    "large": "count(*) filter (regexp_full_match(x, '[0-9]{4,}'))",
}


def _counts(
    con: duckdb.DuckDBPyConnection,
    columns: list[str],
    texts: Mapping[str, str],
    source: str,
    file: str,
    counts: Mapping[str, str],
    value: Any,
) -> dict[str, dict[str, dict[str, Any]]]:
    """file → column → the counts that tell how it is meant."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for column in columns:
        for id_, *counted in con.execute(
            f"select _file, {', '.join(counts.values())} from (select {file} as _file, {value(texts[column])} as x "
            f"from {source}) group by _file"
        ).fetchall():
            found.setdefault(id_, {})[column] = dict(zip(counts, counted, strict=True))
    return found


def _orders(profile: Profile, columns: dict[str, dict[str, Any]], delivered: dt.datetime | None) -> list[Finding]:
    told = profile.file.date_order
    found: dict[str, Finding] = {}
    for column, seen in columns.items():
        if not seen["of"]:
            continue
        if told and "date_order" in profile.file.fixed:
            against = seen["mdy" if told == "dmy" else "dmy"]
            found[column] = Finding(column, "date_order", told, "profile", seen[told], against, seen["of"])
        elif seen["dmy"] and seen["mdy"]:
            found[column] = Finding(
                column, "date_order", "unknown", "contradiction", seen["dmy"], seen["mdy"], seen["of"]
            )
        elif seen["dmy"] or seen["mdy"]:
            value = "dmy" if seen["dmy"] else "mdy"
            found[column] = Finding(column, "date_order", value, "column", seen[value], 0, seen["of"])
    decided = {finding.value for finding in found.values() if finding.why == "column"}
    for column, seen in columns.items():
        if seen["of"] and column not in found:
            found[column] = _undecided_order(profile, column, seen, found.values(), decided, delivered)
    return list(found.values())


def _undecided_order(
    profile: Profile,
    column: str,
    seen: dict[str, Any],
    others: Iterable[Finding],
    decided: set[str],
    delivered: dt.datetime | None,
) -> Finding:
    """A column whose every day is at most 12: by its neighbours, the profile, the delivery's date, its own pattern."""
    value, why, other = "unknown", "nothing", ""
    limit = (delivered + _SLACK).date() if delivered else None
    late = {order for order in ("dmy", "mdy") if limit and seen[f"last_{order}"] and seen[f"last_{order}"] > limit}
    if len(decided) == 1:
        value, why = next(iter(decided)), "other_column"
        other = next(finding.column for finding in others if finding.value == value)
    elif profile.file.date_order:
        value, why = profile.file.date_order, "profile"
    elif column == profile.feed.event_column and len(late) == 1:
        value, why = ("mdy" if late == {"dmy"} else "dmy"), "delivery"
    elif max(seen["firsts"], seen["seconds"]) >= 3 * min(seen["firsts"], seen["seconds"]):
        value, why = ("dmy" if seen["firsts"] > seen["seconds"] else "mdy"), "pattern"
    return Finding(column, "date_order", value, why, 0, 0, seen["of"], other)


def _marks(
    profile: Profile, table: Table, kinds: Mapping[str, str], columns: dict[str, dict[str, Any]]
) -> list[Finding]:
    told = {",": "comma", ".": "point"}.get(profile.file.decimal_mark or "")
    found: dict[str, Finding] = {}
    for column, seen in columns.items():
        of = seen["comma"] + seen["point"] + seen["of"]
        if told and "decimal_mark" in profile.file.fixed:
            against = seen["point" if told == "comma" else "comma"]
            found[column] = Finding(column, "decimal_mark", told, "profile", seen[told], against, of)
        elif seen["comma"] and seen["point"]:
            found[column] = Finding(
                column, "decimal_mark", "unknown", "contradiction", seen["comma"], seen["point"], of
            )
        elif seen["comma"]:
            found[column] = Finding(column, "decimal_mark", "comma", "column", seen["comma"], 0, of)
        elif seen["point"] and seen["of"]:
            found[column] = Finding(column, "decimal_mark", "point", "column", seen["point"], 0, of)
    decided = {finding.value for finding in found.values() if finding.why == "column"}
    decided |= {"point" for seen in columns.values() if seen["point"] and not seen["comma"]}
    for column, seen in columns.items():
        if seen["of"] and column not in found:
            found[column] = _undecided_mark(table, told, column, kinds[column], seen, found.values(), decided)
    return list(found.values())


def _undecided_mark(
    table: Table,
    told: str | None,
    column: str,
    kind: str,
    seen: dict[str, Any],
    others: Iterable[Finding],
    decided: set[str],
) -> Finding:
    """A column whose every mark may stand before a group of three digits or before a fraction of three."""
    value, why, other = "point", "default", ""
    # 980 beside 2.500: no way to write fractions drops some zeros and keeps others.
    grouped = seen["tens"] and seen["small"] and not seen["large"]
    if told:
        value, why = told, "profile"
    elif len(decided) == 1:
        value, why = next(iter(decided)), "other_column"
        other = next((finding.column for finding in others if finding.value == value), "")
    elif kind == "money" and seen["dots"] and grouped:
        value, why = "comma", "pattern"
    elif kind == "money" and seen["dots"] and table.delimiter == ";":
        value, why = "comma", "delimiter"
    return Finding(column, "decimal_mark", value, why, 0, 0, seen["of"], other)
