"""Which existing profiles fit a file, by its headers; the best are then tried on its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from dial2deal.feeds.problems import ProfileError
from dial2deal.feeds.profiles import Profile, Profiles
from dial2deal.mapping.probe import Sample
from dial2deal.readers.headers import normalise_header
from dial2deal.readers.wanted import Match

_LITERAL = re.compile(r"'([^']*)'")
_REFERENCE = re.compile(r"\{([^{}]+)\}")
# A profile that lives from synonyms names few headers of its own: neither for nor against it.
_NEUTRAL = 0.4
_FEW_OWN_HEADERS = 3
_WEIGHT_OF_OWN = 0.35


@dataclass(frozen=True)
class Candidate:
    """A profile tried on a file's header. ``coverage``: share of the file's columns that it uses."""

    profile: Profile
    header: list[str]
    match: Match
    coverage: float
    own_found: float

    @property
    def name(self) -> str:
        return f"{self.profile.source}/{self.profile.feed.name}"

    @cached_property
    def score(self) -> float:
        """0–1; a profile that lacks a required column is worth half."""
        raw = (1 - _WEIGHT_OF_OWN) * self.coverage + _WEIGHT_OF_OWN * self.own_found
        return round(raw * (0.5 if self.match.missing else 1.0), 4)


def candidates(
    profiles: Profiles, sample: Sample, source: str | None = None, feed: str | None = None
) -> list[Candidate]:
    """Profiles that use at least two of the file's columns, best first; ``source`` and ``feed`` restrict them."""
    found = [
        c
        for profile in _all(profiles)
        if source in (None, profile.source) and feed in (None, profile.feed.name)
        if (c := _try(profile, sample))
    ]
    return sorted(found, key=lambda c: (-c.score, c.name))


def _all(profiles: Profiles) -> Iterator[Profile]:
    for source, feed in profiles.names():
        try:
            profile = profiles.get(source, feed)
        except ProfileError:
            continue  # its own files say what is wrong with it
        if profile is not None:
            yield profile


def _try(profile: Profile, sample: Sample) -> Candidate | None:
    header = sample.header
    if not sample.has_header:
        names = _dialect(profile, len(header))
        if names is None:
            return None
        header = names
    match = profile.match(header)
    filled = [cell for cell in header if cell.strip()]
    used = len(filled) - len(match.unknown)
    if used < 2:
        return None
    own = own_headers(profile)
    there = {normalise_header(cell) for cell in header}
    own_found = len(own & there) / len(own) if len(own) >= _FEW_OWN_HEADERS else _NEUTRAL
    return Candidate(profile, header, match, used / len(filled), own_found)


def _dialect(profile: Profile, width: int) -> list[str] | None:
    dialects = profile.file.dialects
    if width in dialects or not dialects:
        return dialects.get(width)
    if width - 1 in dialects:
        return None
    return dialects[max(dialects)] if profile.file.short_rows and width <= max(dialects) else None


def used_by(profile: Profile, header: list[str], match: Match) -> dict[int, list[str]]:
    """Cells that expressions and helpers use → the canonical columns that are computed from them."""
    names = {normalise_header(cell): i for i, cell in reversed(list(enumerate(header))) if cell.strip()}
    names |= {normalise_header(helper): i for helper, i in match.helpers.items()} | {
        normalise_header(column): i for column, i in match.positions.items()
    }
    found: dict[int, list[str]] = {}
    for column, rule in profile.file.columns.items():
        references = {normalise_header(r.rstrip("?")) for e in rule.expression for r in _REFERENCE.findall(e)}
        for index in sorted(names[r] for r in references if r in names):
            if column not in match.positions and column not in found.get(index, []):
                found.setdefault(index, []).append(column)
    return found


def mentions(profile: Profile, codes: set[str]) -> int:
    """How many of a file's codes the profile speaks of, in its value maps and expressions."""
    file = profile.file
    said = {value.upper() for pairs in file.values.values() for value in pairs}
    said |= {
        literal.upper()
        for rule in file.columns.values()
        for expression in (*rule.expression, rule.const or "")
        for literal in _LITERAL.findall(expression)
    }
    return len(codes & said)


def own_headers(profile: Profile) -> set[str]:
    """The headers that a profile itself names, synonyms aside; normalised."""
    file = profile.file
    names = [h for rule in file.columns.values() for h in rule.headers]
    names += [h for headers in file.helpers.values() for h in headers[:1]] + file.ignore
    computed = {*file.helpers, *profile.feed.columns}
    names += [
        reference.rstrip("?")
        for rule in file.columns.values()
        for expression in rule.expression
        for reference in _REFERENCE.findall(expression)
        if reference.rstrip("?") not in computed
    ]
    return {normalise_header(name) for name in names}
