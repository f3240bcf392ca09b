"""What coded values mean that no value map knows, and values of a profile that are no canonical ones."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import yaml

from dial2deal.feeds.profiles import Profile
from dial2deal.mapping.meanings import plain

_FILE = Path(__file__).with_name("values.yml")


def meant(known: dict[str, str], column: str, value: str) -> str | None:
    """The canonical value that ``value`` stands for: by the maps ``known``, else as people say it; None unknown."""
    if (mapped := known.get(value.strip().lower())) is not None:
        return mapped
    said = _everyday().get(column, {}).get(plain(value))
    return said if said in set(known.values()) else None


def proposed(known: dict[str, str], column: str, values: Iterable[str]) -> dict[str, str]:
    """Value → canonical value for those that no map knows and people commonly write."""
    unknown = [value for value in values if value.strip().lower() not in known]
    return {value: canonical for value in unknown if (canonical := meant(known, column, value))}


def misspelt(profile: Profile, canonical: dict[tuple[str, str], set[str]]) -> list[str]:
    """Sentences on values of a profile that mean nothing: no_anser instead of no_answer, a constant among them."""
    said = [
        (column, f"{raw!r}: {value}", value)
        for column, pairs in profile.file.values.items()
        for raw, value in pairs.items()
    ]
    said += [
        (column, f"const: {rule.const}", rule.const)
        for column, rule in profile.file.columns.items()
        if rule.const and column in profile.feed.columns and profile.feed.columns[column].kind == "map"
    ]
    found = []
    for column, entry, value in said:
        allowed = canonical.get((profile.feed.name, column), set())
        if allowed and value.strip().lower() not in allowed and value not in profile.file.values.get(column, {}):
            near = get_close_matches(value.lower(), sorted(allowed), n=1)
            found.append(
                f"{profile.path}: {column} {entry} is no value of {column}"
                + (f"; did you mean {near[0]}?" if near else f"; it may be {', '.join(sorted(allowed))}")
            )
    return found


@cache
def _everyday() -> dict[str, dict[str, str]]:
    """Column → spelling → canonical value."""
    content = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return {
        column: {plain(spelling): canonical for canonical, spellings in values.items() for spelling in spellings}
        for column, values in content.items()
    }
