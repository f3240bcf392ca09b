"""What the cells of a column look like: shares of readable times, durations, numbers, and masked samples."""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from dial2deal.loading.cells import Cells
from dial2deal.sql import literal, only_row

SAMPLED_ROWS = 2000
_SHOWN = 3
_MANY_DISTINCT = 40
# Forms that only a whole column can decide (03/04/2026, 1.234,50), and numbers of any country.
_DAY_FIRST = "([A-Za-z]{2,3}[.]? )?[0-9]{1,2}[/.-][0-9]{1,2}[/.-]([0-9]{4}|[0-9]{2})( .*)?"
_DECIMAL_COMMA = "-?[0-9]{1,3}([.]?[0-9]{3})*,[0-9]{1,3}( ?[%€])?"
_PHONE = "[+(]?[0-9][0-9 ().-]{6,18}[0-9]"
_CLOCK = "[0-2]?[0-9]:[0-5][0-9]:[0-5][0-9]( ?[AaPp][Mm])?|[01]?[0-9]:[0-5][0-9] ?[AaPp][Mm]"


@dataclass(frozen=True)
class Content:
    """One column of the sample. Shares (0–1) are of the cells that are filled."""

    filled: int = 0
    rows: int = 0
    distinct: int = 0
    samples: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)  # all values, frequent first, when there are few
    phone: float = 0.0  # customers' numbers, masked ones included
    phone_like: float = 0.0  # digits enough for a number of any country
    hotline: float = 0.0  # 400 numbers, 95xxx, short codes
    timestamp: float = 0.0  # date with a time of day, epochs included
    date: float = 0.0  # date without a time
    clock: float = 0.0  # h:mm:ss below 24 h
    late_clock: float = 0.0  # of those, after six hours: times of day rather than durations
    duration: float = 0.0  # anything the loader reads as seconds
    integer: float = 0.0
    number: float = 0.0
    money: float = 0.0  # with a currency sign, decimals or 万
    yes_no: float = 0.0
    day_number: float = 0.0  # 1–31
    month: float = 0.0  # jan … dec, 1–12
    slashed: float = 0.0  # 03/04/2026
    epoch: float = 0.0
    zoned: float = 0.0  # Z, +08:00, GMT in the text
    url: float = 0.0
    longest: int = 0
    largest: float | None = None

    @property
    def is_unique(self) -> bool:
        """Every filled cell differs, and (nearly) every cell is filled."""
        return self.distinct == self.filled and self.filled * 100 >= self.rows * 98 and self.rows > 1

    @property
    def share_filled(self) -> float:
        return self.filled / self.rows if self.rows else 0.0

    def reads_as(self, kind: str) -> float:
        """Share of the filled cells that a canonical column of ``kind`` can take."""
        return {
            "phone": max(self.phone + self.hotline, self.phone_like),
            "timestamp": self.timestamp + self.date,
            "date": self.timestamp + self.date,
            "seconds": self.duration,
            "money": max(self.money, self.number),
            "number": self.number,
            "boolean": self.yes_no,
        }.get(kind, 1.0)


def describe(con: duckdb.DuckDBPyConnection, cells: Cells) -> list[Content]:
    """The content of every column of ``incoming``, from its first rows; one query, so one plan of the parse macros."""
    width = cells.table.width
    listed = ", ".join(f"c{i}" for i in range(width))
    rows = only_row(
        con.execute(
            f"create or replace temp table look as select rowid as r, {listed} from incoming limit {SAMPLED_ROWS}"
        )
    )[0]
    pairs = ", ".join(f"{{'i': {i}, 'v': parse.cell(c{i})}}" for i in range(width))
    con.execute(
        "create or replace temp table look_cells as select r, p.i as i, p.v as v from "
        f"(select r, unnest([{pairs}]) as p from look) where not parse.blank(p.v)"
    )
    blank_clock = "regexp_full_match(v, '0?0:00(:00)?')"
    measured = con.execute(f"""
        select i, count(*), count(distinct v),
            avg((status in ('ok', 'masked') and not dated)::int), avg((like_phone and not stamp)::int),
            avg((status in ('hotline', 'short_code') and not dated and length(v) between 5 and 14)::int),
            avg((dated and (with_time or epoch))::int), avg((dated and not with_time and not epoch)::int),
            avg(clock::int), avg((seconds >= 21600)::int) filter (clock and not {blank_clock}),
            avg((seconds is not null and (not dated or regexp_full_match(v, '[0-9]{{1,8}}')))::int),
            avg(regexp_full_match(v, '-?[0-9]{{1,9}}')::int),
            avg((num is not null or comma)::int),
            avg((comma or regexp_matches(v, '[¥￥$€元万]') and money is not null
                or regexp_full_match(v, '-?[0-9,]+[.][0-9]{{2}}'))::int),
            avg((flag is not null)::int), avg(regexp_full_match(v, '0?[1-9]|[12][0-9]|3[01]')::int),
            avg(regexp_full_match(lower(v), 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|0?[1-9]|1[0-2]')::int),
            avg(regexp_matches(v, '^[0-9]{{1,2}}[/.-][0-9]{{1,2}}[/.-][0-9]{{4}}')::int), avg(epoch::int),
            avg(regexp_matches(v, '([0-9]Z|[+-][0-9]{{2}}:?[0-9]{{2}}|GMT|UTC)$')::int),
            avg(regexp_matches(v, '^https?://')::int), max(length(v)), max(abs(num))
        from (select *, stamp or day_first as dated,
                regexp_full_match(v, '{_PHONE}') and not day_first and (not stamp or starts_with(v, '0')) as like_phone,
                regexp_full_match(v, '{_CLOCK}') as clock
            from (select *, stamp_at is not null and (epoch or not regexp_full_match(v, '[0-9]{{9,}}'))
                    or regexp_full_match(v, '20[0-9]{{2}}[-/](0?[1-9]|1[0-2])') as stamp
                from (select *, regexp_matches(v, '[0-9]{{1,2}}(:|时|点)[0-9]') as with_time,
                        regexp_full_match(v, '{_DAY_FIRST}') as day_first,
                        regexp_full_match(v, '{_DECIMAL_COMMA}') as comma,
                        regexp_full_match(v, '1[0-9]{{9}}([0-9]{{3}})?([.][0-9]+)?') and stamp_at is not null
                            and status <> 'ok' as epoch
                    from (select i, v, parse.number_status(v) as status, parse.ts(v) as stamp_at,
                            parse.seconds(v) as seconds, parse.num(v) as num, parse.money(v) as money,
                            parse.bool(v) as flag
                        from look_cells))))
        group by i""").fetchall()
    shown = dict(
        con.execute(
            "select i, list(coalesce(case when parse.number_status(v) in ('ok', 'masked') then parse.mask(v) "
            f"when regexp_full_match(v, '{_PHONE}') and not regexp_full_match(v, '{_DAY_FIRST}') and parse.ts(v) is null "
            f"or regexp_full_match(v, '0[0-9]{{8,}}') then parse.masked_digits(regexp_replace(v, '[^0-9+]', '', 'g')) end, "
            f"left(parse.mask_text(v), 24)) order by first_r)[:{_SHOWN}] from "
            "(select i, v, min(r) as first_r from look_cells group by i, v) group by i"
        ).fetchall()
    )
    values = dict(
        con.execute(
            f"select i, list(v order by n desc, v) from (select i, v, count(*) as n from look_cells group by i, v) "
            f"group by i having count(*) <= {_MANY_DISTINCT}"
        ).fetchall()
    )
    found = [Content(rows=rows) for _ in range(width)]
    for i, filled, distinct, *rest in measured:
        shares, longest, largest = [float(share or 0) for share in rest[:-2]], rest[-2], rest[-1]
        found[i] = Content(filled, rows, distinct, shown[i], values.get(i, []), *shares, longest, largest)
    return found


def codes(con: duckdb.DuckDBPyConnection, cells: Cells) -> set[str]:
    """Upper-case texts in the sample that may be a vendor's codes, such as NO ANSWER."""
    listed = ", ".join(f"upper(c{i})" for i in range(cells.table.width))
    return {
        value
        for (value,) in con.execute(
            f"select distinct v from (select unnest([{listed}]) as v from (from incoming limit {SAMPLED_ROWS})) "
            "where regexp_full_match(v, '[A-Z][A-Z_ -]{3,30}') limit 500"
        ).fetchall()
    }


def unique_together(con: duckdb.DuckDBPyConnection, columns: list[int]) -> bool:
    """Whether the cells of these columns differ together in every row of the sample."""
    cells = ", ".join(f"coalesce(c{i}, '')" for i in columns)
    rows, distinct = only_row(
        con.execute(f"select count(*), count(distinct concat_ws({literal(chr(31))}, {cells})) from incoming")
    )
    return rows > 1 and rows == distinct
