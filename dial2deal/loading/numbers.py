"""Which country a file's telephone numbers are dialled in, and what its texts must say so that everybody reads them so.

parse.sql reads what is dialled in China, and numbers written with + and a country code. In a file of another country
the loader adds the whole number in brackets, 98450 00001[+919845000001], and [?] behind what is no number there, so
that nothing of it passes as a Chinese one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from dial2deal.feeds.profiles import Profile
from dial2deal.parsing import countries
from dial2deal.parsing.countries import Country

UNKNOWN = "?"
_SAMPLE = 400
# Fewer numbers say nothing of a country.
_FEW = 5
_FITS, _RATHER = 0.8, 0.75
_USUAL = "(?:[+]?86)?0?1(?:[38][0-9]|4[57]|[59][0-35-9]|6[25-7]|7[0-35-8])[0-9]{8}|0[1-9][0-9]{8,10}|.*[*].*"


@dataclass(frozen=True)
class Evidence:
    """Distinct numbers of a file: how many were looked at, how many fit the country taken, how many another one."""

    region: str
    why: str
    rows: int = 0
    of: int = 0
    other: str = ""
    of_other: int = 0


def suspects(
    con: duckdb.DuckDBPyConnection, profile: Profile, texts: Mapping[str, str], source: str, file: str, home: str
) -> set[str]:
    """The files, of all in ``source``, whose numbers `decide` must look at: one cheap pass over a part of each.

    In a file of China most numbers are its mobile numbers, masked, or with a zero in front, and none has another code.
    """
    phones = [column for column in ("own_number", "customer_number") if column in texts]
    if not phones:
        return set()
    abroad = profile.file.country or countries.find(home) is not countries.all_countries()[countries.HOME_OF_PARSE]
    usual = "false" if abroad else f"regexp_full_match(t, '{_USUAL}')"
    foreign = " or ".join(f"({texts[c]} like '+%' and {texts[c]} not like '+86%')" for c in phones)
    customer = texts.get("customer_number", "null::varchar")
    return {
        id_
        for (id_,) in con.execute(
            f"select f from (select {file} as f, {customer} as t, {foreign} as abroad from "
            f"(select * from {source} {'' if _is_column(file) else f'limit {20 * _SAMPLE}'})) group by f "
            f"having {'true' if abroad else 'false'} or bool_or(abroad) or (count(t) >= {_FEW} "
            f"and count(*) filter ({usual}) < {_RATHER} * count(t))"
        ).fetchall()
    }


def _is_column(sql: str) -> bool:
    return not sql.startswith("'")


def decide(
    con: duckdb.DuckDBPyConnection, profile: Profile, texts: Mapping[str, str], source: str, home: str
) -> Evidence | None:
    """The country of a file's numbers; None where they are dialled in China and nothing says otherwise.

    The profile decides, then the numbers that the file writes with + and a country code, its own numbers before its
    customers', then the policy (``home``). Numbers that are those of another country than this, as far as one can
    tell, make the country unknown.
    """
    told = profile.file.country or ""
    if told:
        country = countries.find(told)
        return None if country.region == countries.HOME_OF_PARSE else Evidence(country.region, "profile")
    phones = [column for column in ("own_number", "customer_number") if column in texts]
    taken = countries.find(home) or countries.all_countries()[countries.HOME_OF_PARSE]
    why = "policy"
    for column in phones:
        numbers = _sample(con, texts[column], source)
        written = [found for number in numbers if (found := _country_of(number))]
        if written and 2 * len(written) >= len(numbers) and len(set(written)) == 1:
            taken, why = countries.find(written[0]), column
            break
    if "customer_number" not in texts:
        return None if taken.region == countries.HOME_OF_PARSE else Evidence(taken.region, why)
    numbers = [
        number
        for number in _sample(con, texts["customer_number"], source)
        if not number.startswith("+") and len(number) > 6
    ]
    fitting = _fitting(numbers, taken)
    if len(numbers) >= _FEW and fitting < _RATHER * len(numbers):
        best = max(
            (c for c in countries.all_countries().values() if c.is_common and c is not taken),
            key=lambda c: (_fitting(numbers, c), c.region),
        )
        there = _fitting(numbers, best)
        if there >= _FITS * len(numbers) and fitting < _RATHER * there:
            return Evidence(UNKNOWN, "contradiction", fitting, len(numbers), best.region, there)
    if taken.region == countries.HOME_OF_PARSE:
        return None
    return Evidence(taken.region, why, fitting, len(numbers))


def marked(sql: str, region: str) -> str:
    """SQL of a number's text with what it is in ``region``; masked, short and unreadable texts stay as they are."""
    country = countries.all_countries().get(region)
    own = service = ""
    if country:
        whole = f"'^{country.prefix}({country.person_pattern})$'"
        own = f"when {country.may_be('d')} then {sql} || '[+{country.code}' || regexp_extract(d, {whole}, 1) || ']' "
        if country.service_pattern:
            service = f"when regexp_full_match(d, '{country.prefix}(?:{country.service_pattern})') then {sql} || '[#]' "
    return (
        f"list_transform([parse.dialled({sql})], lambda d: case when d is null or length(d) < 7 then {sql} "
        f"when parse.is_international(d) or regexp_full_match(d, '[+]861[3-9][0-9]{{9}}') "
        f"then {sql} || '[' || d || ']' "
        f"{own}{service}else {sql} || '[?]' end)[1]"
    )


def _sample(con: duckdb.DuckDBPyConnection, sql: str, source: str) -> list[str]:
    """Some distinct numbers as dialled, masked and empty ones aside."""
    return [
        number
        for (number,) in con.execute(
            f"select distinct parse.dialled(t) as d from (select {sql} as t from {source} limit {20 * _SAMPLE}) "
            f"where d is not null order by d limit {_SAMPLE}"
        ).fetchall()
    ]


def _country_of(number: str) -> str | None:
    """Calling code of a number written with +; None for others."""
    if not number.startswith("+"):
        return None
    codes = {country.code for country in countries.all_countries().values()}
    return next((number[1 : 1 + n] for n in (3, 2, 1) if number[1 : 1 + n] in codes), None)


def _fitting(numbers: list[str], country: Country) -> int:
    either = "|".join(filter(None, (country.person_pattern, country.service_pattern)))
    pattern = f"{country.prefix}(?:{either})"
    if country.region == countries.HOME_OF_PARSE:
        # A land line without its zero may be anybody's; a carrier's prefix or an outside line's digit may stand before.
        pattern = (
            f"(?:[0-9]{{5}}|9)?(?:{_USUAL})|9?(?:0|(?:[+]|00)86)0?(?:{country.person_pattern})|"
            "[48]00[0-9]{7}|95[0-9]{3,6}"
        )
    return sum(bool(re.fullmatch(pattern, number)) for number in numbers)
