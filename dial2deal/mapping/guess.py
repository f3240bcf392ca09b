"""Which canonical column each column of an unknown export is, how sure that is, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from dial2deal.feeds.catalogue import Column, Feed, feeds
from dial2deal.feeds.profiles import Profiles, vocabulary
from dial2deal.mapping import meanings
from dial2deal.mapping.content import Content
from dial2deal.mapping.probe import NAMELESS
from dial2deal.mapping.values import meant
from dial2deal.policy.models import ValueMap
from dial2deal.readers.headers import normalise_header

_HINTS = Path(__file__).with_name("hints.yml")
_FITS = 0.6  # share of a column's cells that must read as the canonical kind for a header to count in full
_CONTENT = 0.9  # the same for a guess from content alone
_SIMILAR = 0.74
_SPELT_ALIKE, _SPELT_ALIKE_LATIN = 0.8, 0.85
_KNOWN = 0.5  # share of the values that must be known where a header only hints at a code
_HOTLINE = 20.0  # hotlines are ours
_MEANT, _CLEARLY_MEANT = 0.62, 0.8  # how well the words of a header must name a column
_ELSEWHERE = "header of source"


@dataclass(frozen=True)
class Guess:
    """One column of the file. ``column`` is canonical, None when nothing fits; ``confidence`` high, medium or low."""

    index: int
    header: str
    column: str | None = None
    confidence: str = ""
    reason: str = ""
    unit: str | None = None
    note: str = ""
    is_party: bool = False  # caller or called: whose number it is depends on the direction


@dataclass(frozen=True)
class FeedGuess:
    """All columns of a file read as one feed. ``parties``: the columns of caller and called."""

    feed: Feed
    columns: list[Guess]
    score: float
    parties: tuple[int, int] | None = None

    def of(self, column: str) -> Guess | None:
        """The file's column for a canonical one."""
        return next((guess for guess in self.columns if guess.column == column), None)

    def is_known(self, index: int) -> bool:
        """Whether a column of the file has a place in this feed."""
        return bool(self.columns[index].column or self.columns[index].is_party)

    @property
    def missing(self) -> list[str]:
        """Required columns that no column of the file is."""
        return [
            c.name
            for c in self.feed.columns.values()
            if c.required and self.of(c.name) is None and not (self.parties and c.name == "customer_number")
        ]

    @property
    def lacking(self) -> list[str]:
        """Of those, the ones nothing can stand in for: when, part of what a row is known by, how many it counts."""
        feed = self.feed
        return [
            name
            for name in self.missing
            if f"{feed.name}.{name}" not in hints()["assumed"]
            and (
                name == feed.event_column
                or feed.columns[name].kind == "number"
                or (name in feed.key and len(feed.key) > 1)
            )
        ]


class Vocabulary:
    """Every header known for a feed's columns: those of its file, canonical names, and what profiles, if given, accept."""

    def __init__(self, profiles: Profiles | None, value_maps: Iterable[ValueMap]) -> None:
        self._exact: dict[tuple[str, str], tuple[str, str]] = {}
        self._headers: dict[tuple[str, str], list[str]] = {}
        for feed in feeds().values():
            for column, headers in vocabulary()["feeds"].get(feed.name, {}).items():
                for header in headers:
                    self._add(feed.name, column, header, "exact header" if header == headers[0] else "synonym")
            for column in feed.columns:
                self._add(feed.name, column, column, "canonical name")
        for source, name in profiles.names() if profiles else ():
            self._add_profile(profiles, source, name)
        self.values: dict[tuple[str, str], dict[str, str]] = {}
        for row in value_maps:
            for name in feeds() if row.feed == "*" else [row.feed]:
                known = self.values.setdefault((name, row.column_name), {})
                known[row.raw_value.strip().lower()] = row.canonical_value
                known.setdefault(row.canonical_value, row.canonical_value)

    def _add_profile(self, profiles: Profiles, source: str, name: str) -> None:
        try:
            profile = profiles.get(source, name)
        except ValueError:
            return
        for column, headers in profile.accepted.items():
            for header in headers:
                self._add(name, column, header, f"{_ELSEWHERE} {source}")

    def _add(self, feed: str, column: str, header: str, why: str) -> None:
        plain = normalise_header(header)
        if (feed, plain) not in self._exact:
            self._exact[feed, plain] = (column, why)
        listed = self._headers.setdefault((feed, column), [])
        if plain not in listed and not why.startswith(_ELSEWHERE):
            listed.append(plain)

    @cached_property
    def canonical(self) -> dict[tuple[str, str], set[str]]:
        """(feed, column) → the canonical values of a coded column."""
        return {place: set(known.values()) for place, known in self.values.items()}

    def exact(self, feed: str, header: str) -> tuple[str, str] | None:
        """(canonical column, why) of a header known for this feed."""
        return self._exact.get((feed, normalise_header(header)))

    def similar(self, feed: str, column: str, header: str) -> tuple[float, str]:
        """(0–1, the known header it resembles) for a header and one canonical column."""
        plain = normalise_header(header)
        return max(((_likeness(plain, known), known) for known in self._headers[feed, column]), default=(0.0, ""))

    def known_values(self, feed: str, column: str, values: list[str]) -> float:
        """Share of the values that the maps of a column know, or that people commonly write for it."""
        known = self.values.get((feed, column), {})
        return sum(meant(known, column, v) is not None for v in values) / len(values) if values else 0.0

    def belongs(self, feed: str, column: str, values: list[str]) -> str | None:
        """The coded column that the values belong to when they are clearly not this one's: 呼出 is no dial mode."""
        if self.known_values(feed, column, values) >= _FITS / 2:
            return None
        others = {
            c.name: self.known_values(feed, c.name, values) for c in feeds()[feed].columns.values() if c.kind == "map"
        }
        best = max(others, key=lambda name: others[name])
        return best if others[best] >= _CONTENT else None


def guess_columns(
    words: Vocabulary, feed: Feed, header: list[str], contents: list[Content], *, thorough: bool = False
) -> FeedGuess:
    """The file read as ``feed``; ``thorough`` also by headers that are spelt alike, which takes long."""
    parties = parties_of(feed, header, contents)
    guess = _guess(words, feed, header, contents, parties, thorough)
    if parties and guess.of("direction") is None:
        return _guess(words, feed, header, contents, None, thorough)
    return guess


def parties_of(feed: Feed, header: list[str], contents: list[Content]) -> tuple[int, int] | None:
    """The columns of the caller's and of the called number; None unless there is one of each."""
    if not {"direction", "customer_number", "own_number"} <= set(feed.columns):
        return None
    sides: dict[str, list[int]] = {"caller": [], "callee": []}
    for i, name in enumerate(header):
        said = meanings.meaning(name).concepts
        if i < len(contents) and contents[i].filled and contents[i].reads_as("phone") < _FITS:
            continue
        for side, found in sides.items():
            if side in said or (side == "caller" and said == {"source"}):
                found.append(i)
    if len(sides["caller"]) != 1 or len(sides["callee"]) != 1 or sides["caller"] == sides["callee"]:
        return None
    return sides["caller"][0], sides["callee"][0]


def hint(kind: str, header: str) -> bool:
    """Whether a header holds a word that hints at ``kind`` (hints.yml)."""
    tokens = set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", header).lower()))
    return any(word in tokens or (not word.isascii() and word in header) for word in hints()[kind])


@cache
def hints() -> dict[str, Any]:
    """Words and names of hints.yml."""
    return yaml.safe_load(_HINTS.read_text(encoding="utf-8"))


def _guess(
    words: Vocabulary,
    feed: Feed,
    header: list[str],
    contents: list[Content],
    parties: tuple[int, int] | None,
    thorough: bool,
) -> FeedGuess:
    offers = []
    order = {column: number for number, column in enumerate(feed.columns)}
    taken: dict[int, Guess] = {
        i: Guess(i, header[i], None, "high", "a party of the call", is_party=True) for i in parties or ()
    }
    used: set[str] = {"customer_number", "own_number"} if parties else set()
    for index, name in enumerate(header):
        if index in taken:
            continue
        content = contents[index] if index < len(contents) else Content()
        for column in feed.columns.values():
            offer = _by_header(words, feed, column, name, content, thorough)
            if offer:
                offers.append((offer[0], -order[column.name], index, column.name, *offer[1:]))
    for _, _, index, column, confidence, reason in sorted(offers, key=lambda o: (-o[0], o[2], -o[1])):
        if index not in taken and column not in used:
            taken[index] = Guess(index, header[index], column, confidence, reason)
            used.add(column)
    for column in feed.columns.values() if thorough else ():
        if column.name not in used and (found := _by_content(words, feed, column, header, contents, taken)):
            taken[found.index] = found
            used.add(column.name)
    columns = [taken.get(i, Guess(i, name)) for i, name in enumerate(header)]
    return FeedGuess(feed, columns, 0.0, parties)


def _by_header(
    words: Vocabulary, feed: Feed, column: Column, name: str, content: Content, thorough: bool
) -> tuple[float, str, str] | None:
    """(weight, confidence, reason) for a header whose name speaks for a column, weighed by the content."""
    exact = words.exact(feed.name, name)
    if exact and meanings.differs(exact[0], name):
        exact = None
    if exact and exact[0] == column.name:
        elsewhere = exact[1].startswith(_ELSEWHERE)
        weight, confidence, reason = (90.0, "medium", exact[1]) if elsewhere else (100.0, "high", exact[1])
    elif (said := meanings.fits(feed.name, column.name, name, is_key=column.name in feed.key[:1])) >= _MEANT:
        weight, confidence = 85.0 * said, "medium" if said >= _CLEARLY_MEANT else "low"
        if (
            column.kind == "map"
            and column.required
            and content.values
            and words.known_values(feed.name, column.name, content.values) < _KNOWN
        ):
            return None  # a type of call such as PS, NW, IN is no direction
        reason = "words: " + " ".join(sorted(meanings.meaning(name).concepts))
    elif exact or not thorough:
        return None
    else:
        likeness, known = words.similar(feed.name, column.name, name)
        if likeness < _SIMILAR:
            return None
        weight, confidence, reason = 65.0 * likeness, "medium", f"similar to {known}"
    if not content.filled:
        return weight, confidence, reason
    fits = content.reads_as(column.kind)
    if content.hotline >= _FITS and column.name in ("own_number", "customer_number"):
        weight += _HOTLINE if column.name == "own_number" else -_HOTLINE
    if column.kind == "number" and column.required:  # a count
        fits = content.integer
    elif confidence != "high" and _is_foreign(feed, column, name, content, confidence):
        fits = 0.0
    if [column.name] == list(feed.key) and column.kind == "id":
        fits = content.distinct / content.filled
    if column.kind == "map" and content.values and (other := words.belongs(feed.name, column.name, content.values)):
        return None if other != column.name else (weight, confidence, reason)
    if fits < _FITS:
        if confidence != "high":
            return None
        return weight / 2, "low", f"{reason}, but only {fits:.0%} of the values fit"
    return weight, confidence, reason


def _is_foreign(feed: Feed, column: Column, name: str, content: Content, confidence: str) -> bool:
    """Whether a column whose header speaks for a free text, a code or an id holds something else."""
    if column.name == feed.key[0] and _is_some_id(name) and not content.is_unique:
        return True
    if column.kind == "text" and confidence == "low" and content.number >= _CONTENT:
        return True
    return column.kind in ("text", "map", "id", "list") and (
        content.timestamp + content.date >= _CONTENT or (column.kind != "id" and content.phone_like >= _CONTENT)
    )


def _by_content(
    words: Vocabulary, feed: Feed, column: Column, header: list[str], contents: list[Content], taken: dict[int, Guess]
) -> Guess | None:
    """A guess for a column that no header names: what must be there, and what cannot be anything else."""
    free = [i for i in range(min(len(header), len(contents))) if i not in taken and contents[i].filled]
    if column.kind == "id" and column.required and column.name == feed.key[0]:
        unique = [i for i in free if contents[i].is_unique]
        named = [i for i in unique if hint("id", header[i])] or [
            i for i in unique if header[i].startswith(NAMELESS) and contents[i].phone + contents[i].timestamp == 0
        ]
        return _first(named, header, column.name, "every value differs")
    if column.kind == "phone":
        share = "hotline" if column.name == "own_number" else "phone"
        fitting = [i for i in free if getattr(contents[i], share) >= _FITS and not _is_id(header[i])]
        what = "hotline numbers" if share == "hotline" else "phone numbers"
        return _first(fitting, header, column.name, what, "medium")
    if column.kind in ("timestamp", "date") and column.required:
        whole = [i for i in free if contents[i].timestamp >= _CONTENT]
        dated = [i for i in free if contents[i].timestamp + contents[i].date >= _CONTENT]
        return _first(whole or dated, header, column.name, "dates and times" if whole else "dates")
    if column.kind == "seconds" and column.required:
        fitting = [
            i
            for i in free
            if contents[i].duration >= _CONTENT
            and contents[i].late_clock < 0.2
            and hint("seconds", header[i])
            and not contents[i].timestamp
        ]
        return _first(fitting, header, column.name, "lengths of time")
    if column.name == "recording_ref":
        return _first([i for i in free if contents[i].url >= _FITS], header, column.name, "links")
    if column.kind == "money" and column.required:
        fitting = [i for i in free if contents[i].money >= _FITS]
        return _first(fitting, header, column.name, "amounts")
    if column.kind == "map":
        known = {i: words.known_values(feed.name, column.name, contents[i].values) for i in free}
        fitting = [i for i in free if known[i] >= _FITS and contents[i].yes_no < _CONTENT and contents[i].number < 0.5]
        best = sorted(fitting, key=lambda i: -known[i])
        return _first(best, header, column.name, "values known for it", "medium")
    return None


def _is_some_id(header: str) -> bool:
    """Whether a header says id, of something that no word tells: sr_id."""
    said = meanings.meaning(header)
    return said.concepts == {"id"} and said.unread > 0


def _is_id(header: str) -> bool:
    return "id" in meanings.meaning(header).concepts


def _first(found: list[int], header: list[str], column: str, what: str, confidence: str = "low") -> Guess | None:
    return Guess(found[0], header[found[0]], column, confidence, f"content: {what}") if found else None


def _likeness(header: str, known: str) -> float:
    """How much two normalised headers resemble each other; one inside the other counts by the share it fills."""
    if not header or not known:
        return 0.0
    short, long = sorted((header, known), key=len)
    least = 2 if not short.isascii() else 4
    if len(short) >= least and short in long:
        return max(_SIMILAR, 0.5 + 0.5 * len(short) / len(long)) if len(short) * 2 >= len(long) else 0.0
    matcher = SequenceMatcher(None, header, known, autojunk=False)
    # What a Chinese header is stands at its end: 接通时间, 接通时长.
    if not header.isascii() and header[-1] != known[-1]:
        return 0.0
    # Words share letters by chance: business_type and business line, 通话秒数 and 通话段数.
    least_ratio = _SPELT_ALIKE_LATIN if header.isascii() else _SPELT_ALIKE
    return matcher.ratio() if matcher.quick_ratio() >= least_ratio and matcher.ratio() >= least_ratio else 0.0
