"""The SQL of one load, built from profile and header. Cells are c0, c1, …; every name is ours or validated."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from dial2deal import parsing
from dial2deal.feeds.catalogue import PROVENANCE, Column, Feed
from dial2deal.feeds.profiles import WHOLE_ROW, Profile, header_unit, vocabulary
from dial2deal.feeds.terms import Layers
from dial2deal.loading import numbers, senses
from dial2deal.loading.senses import UNORDERED_DATE
from dial2deal.readers.sense import MARKS, NOTHING_DECIDED
from dial2deal.readers.table import Table
from dial2deal.sql import identifier, literal

UNDATED = "date '1970-01-01'"
_PARSERS = {"timestamp": "ts", "date": "day", "seconds": "seconds", "money": "money"}
_MEANS = {"timestamp": "a date and time", "date": "a date or month", "seconds": "a duration", "money": "an amount"}
_LOSSY_KINDS = ("id", "phone", "money", "number", "seconds")
_SHOWN = 60
_SAMPLE = 1000
_RAW_LINE = 2000


@dataclass(frozen=True)
class Failure:
    """A reason to quarantine: ``when`` is a boolean over canonical columns that is never NULL."""

    when: str
    column: str
    reason: str


@dataclass(frozen=True)
class LoadPlan:
    """Column expressions of one file. ``values`` holds only canonical columns that the file fills.

    A quick plan reads the common spellings only: it plans in a fraction of the time, which is what loading many
    small files consists of, and leaves every row it cannot read to the full plan.
    """

    feed: Feed
    values: dict[str, str]
    extra: str | None
    key: str
    row_hash: str
    event_day: str
    failures: list[Failure]
    is_total: str
    not_data: list[str]
    raw_line: str
    computed: Layers

    def rows(self, line: str, source: str) -> str:
        """Relation of all rows with canonical text, key, hash, event day and line, valid or not."""
        canonical = ", ".join(f"{sql} as {identifier(column)}" for column, sql in self.values.items())
        return (
            f"(select *, {self.key} as _row_key, {self.row_hash} as _row_hash, {self.event_day} as _event_day from "
            f"(select *, {canonical}, {self.extra or 'null::varchar'} as _extra from "
            f"{self.computed.over(source, f', {line} as _line')}))"
        )

    @property
    def invalid(self) -> str:
        """True for rows that are quarantined or no data at all."""
        reasons = [*self.not_data, *(f"({f.when})" for f in self.failures)]
        if self.feed.event_column is None or not self.feed.columns[self.feed.event_column].not_empty:
            # In place and in a CASE, or it is evaluated for every row.
            reasons.append(f"case when _event_day is null then {self.is_total} else false end")
        return " or ".join(reasons)

    @property
    def left_over(self) -> str:
        """`invalid` in terms of canonical columns alone, for use over another plan's rows."""
        return f"({self.invalid.replace('_event_day', f'({self.event_day})')})"

    def insert(self, line: str, source: str, file: str, only: str = "true") -> str:
        """Insert the rows ``only``, the invalid ones without a date; parameters source, loaded_at.

        A filter would be pushed down and evaluate what it shares with the columns a second time (measured: 2x).
        """
        columns = [*self.values, *PROVENANCE]
        return (
            f"insert into raw.{identifier(self.feed.name)} ({', '.join(map(identifier, columns))}) "
            f"select {', '.join(map(identifier, self.values))}, _extra, $source, {file}, _line, _row_key, _row_hash, "
            f"case when {self.invalid} then null else coalesce(_event_day, {UNDATED}) end, $loaded_at "
            f"from {self.rows(line, source)} where {only}"
        )

    def sample(self, source: str) -> str:
        """Whether any of the first rows is invalid."""
        first = f"(select * from {source} limit {_SAMPLE})"
        return f"select 1 from {self.rows('0', first)} where {self.invalid} limit 1"

    def quarantine(self, line: str, source: str, file: str) -> str:
        """Insert the invalid rows that are data; parameter loaded_at."""
        # Numbered, because each condition that is written down is planned again.
        which = _case("", [(f.when, str(number)) for number, f in enumerate(self.failures)])
        column = _case("_failure", [(str(number), literal(f.column)) for number, f in enumerate(self.failures)])
        reason = _case("_failure", [(str(number), f.reason) for number, f in enumerate(self.failures)])
        return (
            f"insert into ops.quarantine select {file}, _line, "
            f"{column}, {reason}, {self.raw_line}, _event_day, $loaded_at "
            f"from (select *, {which} as _failure from {self.rows(line, source)}) "
            f"where not {self.is_total} and _failure is not null order by _line"
        )


def plan(profile: Profile, table: Table, policy_zone: str, *, quick: bool) -> LoadPlan:
    """How this file's cells become rows of raw.<feed>."""
    feed = profile.feed
    values = _values(profile, table, policy_zone)
    not_data = [
        f"coalesce(({sql}), false)"
        for sql in profile.not_data_sql(table.match, table.header, padded=table.may_be_padded)
    ]
    event = feed.columns.get(feed.event_column) if feed.event_column else None
    # In the order of the feed, so that reordered or renamed headers do not make the same content another one.
    hashed = ", ".join([literal(",".join(values)), *map(identifier, values), "_extra"])
    return LoadPlan(
        feed=feed,
        values=values,
        extra=_extra(table),
        key=_key(profile, values, quick),
        row_hash=f"hash({hashed})",
        event_day=_event_day(event, values, quick),
        failures=_failures(feed, table, values, quick),
        is_total=_is_total(table, feed, profile, not_data),
        not_data=not_data,
        raw_line=_raw_line(profile, table),
        computed=computed(profile, table),
    )


def totals_pattern() -> str:
    """Regular expression (lower case, from the start) of the first cell of totals and footer lines."""
    words = "|".join(re.escape(word) for word in vocabulary()["totals"])
    return f"^(({words})|共 ?[0-9]+ ?(条|行|页|笔|个)|第 ?[0-9]+ ?页)"


def first_cell(table: Table) -> str:
    """SQL of the first cell of a record that is not empty; a list, because every macro call is planned anew."""
    cells = ", ".join(f"c{i}" for i in range(table.width))
    return f"list_filter(list_transform([{cells}], lambda x: parse.cell(x)), lambda x: x is not null)[1]"


def is_totals_text(sql: str) -> str:
    """Condition that a text begins as totals and footer lines do."""
    return f"regexp_matches(lower(parse.ascii({sql})), {literal(totals_pattern())})"


def read_csv(table: Table, rejects: str | None, paths: Sequence[Path] = ()) -> str:
    """A bare read of all cells as text, ragged records into the temporary table ``rejects``.

    ``paths`` are read in their order instead of the table's own, as files of its shape.
    """
    columns = [*(["l"] if table.has_line_column else []), *(f"c{i}" for i in range(table.width))]
    declared = ", ".join(f"{literal(c)}: 'varchar'" for c in columns)
    quote = '"' if table.has_quotes else ""
    files = ", ".join(literal(str(path)) for path in paths or [table.path])
    caught = (
        (
            f", store_rejects=true, rejects_table={literal(rejects)}, rejects_scan={literal(rejects + '_scan')}, "
            "rejects_limit=0"
        )
        if rejects
        else ""
    )
    return (
        f"read_csv([{files}], header=false, auto_detect=false, skip={table.skip}, "
        f"delim={literal(table.delimiter)}, quote={literal(quote)}, escape={literal(quote)}, "
        f"nullstr=[{', '.join(map(literal, parsing.empty_words()))}], "
        f"{_padding(table)}"
        f"columns={{{declared}}}{caught})"
    )


def _padding(table: Table) -> str:
    if not table.pad:
        return ""
    # Line breaks in cells and padding go together only in a reading that is not parallel.
    return "null_padding=true, parallel=false, " if table.has_line_column else "null_padding=true, "


def computed(profile: Profile, table: Table, kinds: Collection[str] = ()) -> Layers:
    """What the profile computes for this file, under the names that `texts` uses; with ``kinds`` only columns of these."""
    return profile.expressions_sql(table.match, table.header, padded=table.may_be_padded, kinds=kinds)


def looked_at(profile: Profile, table: Table, source: str) -> str:
    """Relation of the cells of ``source`` beside what `computed` adds to those that `senses.decide` looks at."""
    return computed(profile, table, senses.KINDS).over(source)


def texts(profile: Profile, table: Table) -> dict[str, str]:
    """SQL of each canonical column's text as the vendor writes it, those that are hashes of others left out.

    Over rows that have what `computed` adds.
    """
    found: dict[str, str] = {}
    expressions = computed(profile, table).columns
    for column in profile.feed.columns.values():
        rule = profile.rule(column.name)
        position = table.match.positions.get(column.name)
        if position is not None:
            found[column.name] = _cell(column, f"c{position}") if table.may_be_padded else f"c{position}"
        elif (expression := identifier(f"={column.name}")) in expressions:
            found[column.name] = expression
        elif rule.hash_of == [WHOLE_ROW]:
            cells = ", ".join(f"coalesce(c{i}, '')" for i in range(table.width))
            found[column.name] = f"'#' || md5(concat_ws('|', {cells}))"
        elif rule.const and not rule.hash_of:
            found[column.name] = literal(rule.const)
    return found


def _values(profile: Profile, table: Table, policy_zone: str) -> dict[str, str]:
    sense = table.sense or NOTHING_DECIDED
    found = texts(profile, table)
    for column in profile.feed.columns.values():
        if column.name not in found:
            continue
        sql = found[column.name]
        rule, position = profile.rule(column.name), table.match.positions.get(column.name)
        mark = sense.mark(column.name)
        if column.kind == "seconds":
            unit = rule.unit or (header_unit(table.header[position]) if position is not None else None)
            if unit:
                bare = "-?[0-9]+:[0-9]+" if unit == "[h:m]" else f"-?[0-9]*[.{',' if mark else ''}]?[0-9]+"
                sql = (
                    f"case when regexp_full_match({sql}, {literal(bare)}) then {sql} || {literal(unit)} else {sql} end"
                )
        if mark:
            # In a column that contradicts itself, what can only be meant with a point is no mystery.
            clear = f" and not {senses.is_clear(sql)}" if mark == MARKS["?"] else ""
            sql = f"case when regexp_matches({sql}, '[.,，]'){clear} then {sql} || {literal(mark)} else {sql} end"
        if column.kind == "phone" and sense.region:
            sql = numbers.marked(sql, sense.region)
        if column.kind in ("timestamp", "date"):
            order = sense.order(column.name)
            sql = _ordered(sql, profile.file.date_order if order is None else order, table.may_be_bracketed)
        if column.kind == "timestamp":
            sql = _zoned(sql, profile.file.time_zone, policy_zone)
        found[column.name] = sql
    for column in profile.feed.columns.values():
        parts = [
            _normalised(profile.feed.columns[c], found[c]) for c in profile.rule(column.name).hash_of if c in found
        ]
        if column.name not in found and parts:
            found[column.name] = f"'#' || md5(concat_ws('|', {', '.join(parts)}))"
    return {c: found[c] for c in profile.feed.columns if c in found}


def _cell(column: Column, cell: str) -> str:
    return f"parse.id({cell})" if column.kind == "id" else f"parse.cell({cell})"


def _ordered(sql: str, order: str | None, bracketed: bool) -> str:
    # A bracket in the vendor's text would be taken for an order or a zone by parse.ts.
    plain = f"replace({sql}, '[', '(')" if bracketed else sql
    if not order:
        return plain
    return f"case when regexp_matches({sql}, {literal(UNORDERED_DATE)}) then {plain} || '[{order}]' else {plain} end"


def _zoned(sql: str, zone: str | None, policy_zone: str) -> str:
    if zone is None or zone == policy_zone:
        return sql
    told = (
        f"regexp_matches({sql}, '(?i)(:.*[+-][0-9]{{2}}:?[0-9]{{2}}|z|gmt|utc)[)]?$|"
        "^[0-9]{10}([0-9]{3}|[0-9]{6}|[.][0-9]+)?$')"
    )
    return f"case when {told} or parse.blank({sql}) then {sql} else {sql} || {literal('[' + zone + ']')} end"


def _normalised(column: Column, sql: str, quick: bool = False) -> str:
    """Text that is the same for every spelling of the same moment, length or number; never NULL."""
    if column.kind == "phone":
        return f"coalesce(parse.clean_number({sql}), {sql}, '')"
    if column.kind not in _PARSERS:
        return f"coalesce({sql}, '')"
    return f"coalesce({_parsed(column, sql, quick)}::varchar, {sql}, '')"


def _extra(table: Table) -> str | None:
    if not table.match.unknown:
        return None
    cells = [f"c{i}" for i in table.match.unknown.values()]
    pairs = ", ".join(f"{literal(header)}, c{i}" for header, i in table.match.unknown.items())
    return f"case when coalesce({', '.join(cells)}) is not null then json_object({pairs})::varchar end"


def _parsed(column: Column, sql: str, quick: bool = False) -> str:
    return f"parse.{'quick_' if quick else ''}{_PARSERS[column.kind]}({sql})"


def _key(profile: Profile, values: dict[str, str], quick: bool) -> str:
    if len(profile.key) == 1:
        return f"{identifier(profile.key[0])}::varchar"
    # The event column is known to be readable where a quick plan is used; other columns get the full reading.
    parts = [
        _normalised(profile.feed.columns[c], identifier(c), quick and c == profile.feed.event_column)
        if c in values
        else "''"
        for c in profile.key
    ]
    return f"concat_ws('|', {', '.join(parts)})"


def _case(subject: str, branches: list[tuple[str, str]]) -> str:
    """A CASE of (when, then); NULL where there is none, as in a file that no value of could be refused."""
    whens = " ".join(f"when {when} then {then}" for when, then in branches)
    return f"case {subject} {whens} end" if whens else "null"


def _event_day(event: Column | None, values: dict[str, str], quick: bool) -> str:
    if event is None or event.name not in values:
        return "null::date"
    return f"{_parsed(event, identifier(event.name), quick)}::date"


def _failures(feed: Feed, table: Table, values: dict[str, str], quick: bool) -> list[Failure]:
    columns = [column for column in feed.columns.values() if column.name in values]
    if quick:
        return [Failure(when, column.name, "''") for column in columns for when in _not_quick(feed, column)]
    failures = []
    for column in columns:
        quoted = identifier(column.name)
        if column.not_empty:
            failures.append(Failure(f"parse.blank({quoted})", column.name, literal(f"{column.name} is empty")))
        if table.may_be_lossy and column.kind in _LOSSY_KINDS:
            failures.append(
                Failure(
                    f"parse.is_lossy({quoted})",
                    column.name,
                    f"{literal(column.name + ' has lost digits, Excel wrote ')} || {quoted} || "
                    "'; format the column as text and export again'",
                )
            )
        if column.must_parse:
            shown = f"left(parse.mask_text({quoted}), {_SHOWN})"
            is_event = column.name == feed.event_column
            unreadable = "_event_day is null" if is_event else f"{_parsed(column, quoted)} is null"
            failures.append(
                Failure(
                    f"{unreadable} and not parse.blank({quoted})",
                    column.name,
                    f"{literal(f'{column.name} cannot be read as {_MEANS[column.kind]}: ')} || {shown}{_advice(column)}",
                )
            )
    return failures


def _advice(column: Column) -> str:
    """SQL that adds what to do about a value that cannot be read; nothing where there is no one thing to do."""
    if column.kind not in ("timestamp", "date"):
        return ""
    quoted = identifier(column.name)
    return (
        f" || case when regexp_matches({quoted}, {literal(UNORDERED_DATE)}) and not contains({quoted}, 'y]') "
        "then '; say in the profile which comes first, date_order: mdy or dmy' else '' end"
    )


def _not_quick(feed: Feed, column: Column) -> list[str]:
    """When a quick plan must leave a row: whenever the full plan might quarantine it, and some more."""
    quoted = identifier(column.name)
    if column.name == feed.event_column:
        return ["_event_day is null" if column.not_empty else f"{quoted} is not null and _event_day is null"]
    unreadable = [f"{quoted} is not null and {_parsed(column, quoted, True)} is null"] if column.must_parse else []
    return ([f"parse.blank({quoted})"] if column.not_empty else []) + unreadable


def _is_total(table: Table, feed: Feed, profile: Profile, not_data: list[str]) -> str:
    first = first_cell(table)
    repeated = [
        f"parse.cell(c{i}) is not distinct from {literal(table.header[i].strip())}"
        for i in list(table.match.positions.values())[:2]
    ]
    repeats_header = f" or ({' and '.join(repeated)})" if len(repeated) == 2 else ""
    conditions = "".join(f" or {condition}" for condition in not_data)
    return f"({first} is null or {is_totals_text(first)}{repeats_header}{conditions})"


def _raw_line(profile: Profile, table: Table) -> str:
    phones = {i for c, i in table.match.positions.items() if profile.feed.columns[c].kind == "phone"}
    cells = [
        f"coalesce(parse.mask(c{i}), c{i}, '')" if i in phones else f"coalesce(c{i}, '')" for i in range(table.width)
    ]
    return f"left(parse.mask_text(concat_ws({literal(table.delimiter)}, {', '.join(cells)})), {_RAW_LINE})"
