"""How vendors' text is read, as SQL: the macros of parse.sql and the lists of parse.yml that they look things up in."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dial2deal.parsing import countries
from dial2deal.sql import literal

_LISTS = Path(__file__).with_name("parse.yml")
_MACROS = Path(__file__).with_name("parse.sql")
# Neither a name nor a place is written like these words.
_CAPITALISED = ("null", "none", "nil", "undefined", "n/a")


@cache
def lists() -> dict[str, Any]:
    """parse.yml: empty words, abbreviations of time zones."""
    return yaml.safe_load(_LISTS.read_text(encoding="utf-8"))


@cache
def empty_words() -> tuple[str, ...]:
    """Every spelling of a cell that says there is nothing in it, the empty one first."""
    words = lists()["empty"]
    written = [
        "",
        *words,
        *(word.upper() for word in words),
        *(word.capitalize() for word in _CAPITALISED),
        "NaN",
        "<Null>",
    ]
    return tuple(dict.fromkeys(written))


@cache
def statements() -> str:
    """All macros of the schema ``parse`` as one script; running it again changes nothing."""
    zones = lists()
    several = {
        f"{name} {zone}": minutes
        for name, places in zones["zone_minutes_in"].items()
        for zone, minutes in places.items()
    }
    empty = ", ".join(map(literal, ["", *zones["empty"]]))
    generated = [
        "create schema if not exists parse",
        f"create or replace macro parse.is_empty_word(w) as w in ({empty})",
        "create or replace macro parse.is_international(n) as starts_with(n, '+') "
        f"and regexp_full_match(n, {literal(countries.international_pattern())})",
        f"create or replace macro parse.zone_minutes(a) as {_map(zones['zone_minutes'])}[a]",
        f"create or replace macro parse.zone_minutes_in(a_and_zone) as {_map(several)}[a_and_zone]",
        f"create or replace macro parse.zone_named(a) as {_map(zones['zone_names'])}[a]",
    ]
    return "\n".join([*(f"{statement};" for statement in generated), _MACROS.read_text(encoding="utf-8")])


def _map(pairs: dict[str, Any]) -> str:
    return (
        "map{"
        + ", ".join(
            f"{literal(key)}: {literal(value) if isinstance(value, str) else value}" for key, value in pairs.items()
        )
        + "}"
    )
