"""Phone numbers hidden in texts: one definition, as functions of Python and as macros of DuckDB.

Two degrees. `mask_text` is for texts that nobody looks anything up by: raw lines, messages, notes. It hides whatever
may be a number, also within longer runs of digits. `mask_id` is for ids, names and labels: it hides numbers that stand
by themselves and adds a keyed tag, so that two ids that look alike afterwards still differ and tables still join.
Patterns are those of RE2 and of Python's re alike: no look-around, no classes that the two understand differently.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from dial2deal import parsing
from dial2deal.sql import literal

_DIGITS = "0-9０-９〇零一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖①②③④⑤⑥⑦⑧⑨⓪"
_ONE, _ZERO = "1１一幺壹①", "0０〇零⓪"
_TO_NINE = "3-9３-９三四五六七八九叁肆伍陆柒捌玖③④⑤⑥⑦⑧⑨"
_D, _FIRST, _SECOND, _NULL = f"[{_DIGITS}]", f"[{_ONE}]", f"[{_TO_NINE}]", f"[{_ZERO}]"
_DASH = "[- \\t\u00a0\u2002-\u200d\u2010-\u2015\u2212\u3000\uff0d]"
# Quotes and square brackets are not among them: in JSON they hold the text together.
_MARK = (
    "[- \\t\\r\\n\u00a0\u2002-\u200d\u2010-\u2015\u2212\u3000\uff0d.,/_·•‧・:;|~()'`+，．。、／＿：；｜～（）【】「」]"
)
_NO_DIGIT = "(^|[^0-9０-９])"
_HIDDEN = "****"

# 139 9900 0001 with whatever stands between the groups; a digit by itself, 1-3-9-9…; (139)99000001; 139/99000001.
_GROUPED = (
    f"({_FIRST}{_SECOND}{_D}){_MARK}{{1,3}}{_D}{{4}}{_MARK}{{0,3}}({_D}{{4}})",
    f"({_FIRST}{_DASH}{{0,2}}{_SECOND}{_DASH}{{0,2}}{_D})(?:{_DASH}{{0,2}}{_D}){{4}}((?:{_DASH}{{0,2}}{_D}){{4}})",
)
_LANDLINE = (
    f"({_NULL}[1-9１-９一二三四五六七八九]{_D}{{1,2}}){_MARK}{{0,3}}"
    f"[2-9２-９二三四五六七八九]{_D}{{2,3}}{_DASH}{{0,2}}({_D}{{4}})"
)
_ABROAD = f"([+＋]{_D}{{1,3}})(?:[-. ()]{{0,2}}{_D}){{3,10}}((?:[-. ()]{{0,2}}{_D}){{4}})"

# (pattern, replacement), one after the other. A longer run goes first and whole: masked from its left, what is left
# of it may be another number.
TEXT_RULES = (
    ("(1[3-9][0-9])[0-9]{5,}([0-9]{4})", rf"\1{_HIDDEN}\2"),
    *((pattern, rf"\1{_HIDDEN}\2") for pattern in _GROUPED),
    (_NO_DIGIT + _LANDLINE, rf"\1\2{_HIDDEN}\3"),
    (_ABROAD, rf"\1{_HIDDEN}\2"),
    # As other countries write them without their code.
    *((pattern, shown) for pattern, shown in parsing.lists()["masks"]),
)
_PREFIX = "(?:(?:[+＋]|00|００)?[8８][6６][- ]?)?[0０]?"
_END = "($|[^0-9０-９])"
# Twice, because neighbours share the character between them.
ID_RULES = 2 * (
    *((_NO_DIGIT + f"({_PREFIX})" + pattern + _END, rf"\1\2\3{_HIDDEN}\4\5") for pattern in _GROUPED),
    (_NO_DIGIT + _LANDLINE + _END, rf"\1\2{_HIDDEN}\3\4"),
    (_ABROAD + _END, rf"\1{_HIDDEN}\2\3"),
)
# Seven digits with at most three other characters between two of them: few texts have them, and no others need work.
_SUSPECT = f"(?:{_D}{_MARK}{{0,3}}){{7}}"
# Keys of our own making, in hexadecimal: masking one would part the tables.
_HASH = "[0-9a-f]{32,64}"
_TAG = 8


# What a terminal or page would obey instead of showing: escapes, controls, marks that turn the writing direction.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """``text`` without what a terminal or page would obey."""
    return _CONTROLS.sub("\ufffd", text)


def mask_text(text: str) -> str:
    """``text`` with the middle of everything hidden that may be a phone number: ``138****5678``."""
    return _apply(text, _compiled(TEXT_RULES)) if _suspect().search(text) else text


def mask_id(text: str, key: str) -> str:
    """``text`` with its phone numbers hidden and, where there were any, a tag of ``text`` under the secret ``key``."""
    if not _suspect().search(text) or _hash().fullmatch(text):
        return text
    masked = _apply(text, _compiled(ID_RULES))
    return masked if masked == text or not key else f"{masked}~{tag(text, key)}"


def tag(text: str, key: str) -> str:
    """Eight hexadecimal digits that tell ``text`` from others and nothing about it to whoever lacks ``key``."""
    return hashlib.sha256(f"{key}|{text}".encode()).hexdigest()[:_TAG]


def macros() -> str:
    """SQL that creates ``parse.mask_text(t)`` and ``parse.mask_id(t, key)`` on DuckDB."""
    # Texts are often long expressions, which the one-element list has written and evaluated once.
    return f"""
create schema if not exists parse;
create or replace macro parse.mask_text(t) as list_transform([t], lambda x: case
    when x is null or strlen(x) < 7 or not regexp_matches(x, {literal(_SUSPECT)}) then x
    else {_nested("x", TEXT_RULES)} end)[1];
create or replace macro parse.mask_id(t, key) as case
    when t is null or strlen(t) < 7 or not regexp_matches(t, {literal(_SUSPECT)})
        or regexp_full_match(t, '{_HASH}') then t
    else list_transform([{_nested("t", ID_RULES)}],
        lambda m: case when m = t or key = '' then m else m || '~' || left(sha256(key || '|' || t), {_TAG}) end)[1] end;
"""


def _nested(value: str, rules: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in rules:
        value = f"regexp_replace({value}, {literal(pattern)}, {literal(replacement)}, 'g')"
    return value


def _apply(text: str, rules: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


@lru_cache(maxsize=2)
def _compiled(rules: tuple[tuple[str, str], ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), replacement) for pattern, replacement in rules)


@lru_cache(maxsize=1)
def _suspect() -> re.Pattern[str]:
    return re.compile(_SUSPECT)


@lru_cache(maxsize=1)
def _hash() -> re.Pattern[str]:
    return re.compile(_HASH)
