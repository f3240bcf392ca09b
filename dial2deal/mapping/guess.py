"""Which canonical column each column of an unknown export is, how sure that is, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dial2deal.exports.feeds import Column, Feed, feeds
from dial2deal.exports.headers import normalise_header
from dial2deal.exports.profiles import Profiles, vocabulary
from dial2deal.mapping.content import Content
from dial2deal.mapping.probe import NAMELESS

_HINTS = Path(__file__).with_name("hints.yml")
_FITS = 0.6            # share of a column's cells that must read as the canonical kind for a header to count in full
_CONTENT = 0.9         # the same for a guess from content alone
_SIMILAR = 0.74
_SPELT_ALIKE, _SPELT_ALIKE_LATIN = 0.8, 0.85
_RANK = {"high": 3.0, "medium": 2.0, "low": 1.0}
_FEEDS_COMPARED = 5
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


@dataclass(frozen=True)
class FeedGuess:
    """All columns of a file read as one feed."""

    feed: Feed
    columns: list[Guess]
    score: float

    def of(self, column: str) -> Guess | None:
        """The file's column for a canonical one."""
        return next((guess for guess in self.columns if guess.column == column), None)

    @property
    def missing(self) -> list[str]:
        """Required columns that no column of the file is."""
        return [c.name for c in self.feed.columns.values() if c.required and self.of(c.name) is None]

    @property
    def lacking(self) -> list[str]:
        """Of those, the ones nothing can stand in for: when, part of what a row is known by, how many it counts."""
        feed = self.feed
        return [name for name in self.missing if name == feed.event_column or feed.columns[name].kind == "number"
                or (name in feed.key and len(feed.key) > 1)]


class Vocabulary:
    """Every header known for a feed's columns: headers.yml, canonical names, and what profiles, if given, accept."""

    def __init__(self, profiles: Profiles | None, value_maps: Iterable[dict]) -> None:
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
            for name in feeds() if row["feed"] == "*" else [row["feed"]]:
                known = self.values.setdefault((name, row["column_name"]), {})
                known[row["raw_value"].strip().lower()] = row["canonical_value"]
                known.setdefault(row["canonical_value"], row["canonical_value"])

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

    def exact(self, feed: str, header: str) -> tuple[str, str] | None:
        """(canonical column, why) of a header known for this feed."""
        return self._exact.get((feed, normalise_header(header)))

    def similar(self, feed: str, column: str, header: str) -> tuple[float, str]:
        """(0–1, the known header it resembles) for a header and one canonical column."""
        plain = normalise_header(header)
        return max(((_likeness(plain, known), known) for known in self._headers[feed, column]), default=(0.0, ""))

    def known_values(self, feed: str, column: str, values: list[str]) -> float:
        """Share of the values that the maps of a column know."""
        known = self.values.get((feed, column), {})
        return sum(v.strip().lower() in known for v in values) / len(values) if values else 0.0


def guess_feed(words: Vocabulary, header: list[str], contents: list[Content], only: str | None = None) -> FeedGuess:
    """The file read as ``only``, else as the feed that explains most of it."""
    wanted = [feeds()[only]] if only else sorted(
        feeds().values(), key=lambda f: -sum(words.exact(f.name, h) is not None for h in header))[:_FEEDS_COMPARED]
    found = [_guess(words, feed, header, contents) for feed in wanted]
    return max(found, key=lambda guess: (not guess.lacking, guess.score))


def hint(kind: str, header: str) -> bool:
    """Whether a header holds a word that hints at ``kind`` (hints.yml)."""
    tokens = set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", header).lower()))
    return any(word in tokens or (not word.isascii() and word in header) for word in hints()[kind])


@cache
def hints() -> dict[str, Any]:
    """Words and names of hints.yml."""
    return yaml.safe_load(_HINTS.read_text(encoding="utf-8"))


def _guess(words: Vocabulary, feed: Feed, header: list[str], contents: list[Content]) -> FeedGuess:
    offers = []
    for index, name in enumerate(header):
        content = contents[index] if index < len(contents) else Content()
        for column in feed.columns.values():
            offer = _by_header(words, feed, column, name, content)
            if offer:
                offers.append((offer[0], -list(feed.columns).index(column.name), index, column.name, *offer[1:]))
    taken: dict[int, Guess] = {}
    used: set[str] = set()
    for _, _, index, column, confidence, reason in sorted(offers, key=lambda o: (-o[0], o[2], -o[1])):
        if index not in taken and column not in used:
            taken[index] = Guess(index, header[index], column, confidence, reason)
            used.add(column)
    for column in feed.columns.values():
        if column.name not in used and (found := _by_content(words, feed, column, header, contents, taken)):
            taken[found.index] = found
            used.add(column.name)
    columns = [taken.get(i, Guess(i, name)) for i, name in enumerate(header)]
    required = [c.name for c in feed.columns.values() if c.required]
    score = sum(_RANK[g.confidence] for g in taken.values()) + 2.0 * sum(c in used for c in required) / len(required)
    return FeedGuess(feed, columns, score)


def _by_header(words: Vocabulary, feed: Feed, column: Column, name: str, content: Content,
               ) -> tuple[float, str, str] | None:
    """(weight, confidence, reason) for a header whose name speaks for a column, weighed by the content."""
    exact = words.exact(feed.name, name)
    if exact and exact[0] == column.name:
        elsewhere = exact[1].startswith(_ELSEWHERE)
        weight, confidence, reason = (90.0, "medium", exact[1]) if elsewhere else (100.0, "high", exact[1])
    elif exact:
        return None
    else:
        likeness, known = words.similar(feed.name, column.name, name)
        if likeness < _SIMILAR:
            return None
        weight, confidence, reason = 80.0 * likeness, "medium", f"similar to {known}"
    fits = content.reads_as(column.kind) if content.filled else 1.0
    if column.kind == "number" and column.required and content.filled:   # a count
        fits = content.integer
    if column.name in feed.key[:1] and column.kind == "id" and content.filled:
        fits = content.distinct / content.filled
    if fits < _FITS:
        if confidence == "medium":
            return None
        return weight / 2, "low", f"{reason}, but only {fits:.0%} of the values fit"
    return weight + fits, confidence, reason


def _by_content(words: Vocabulary, feed: Feed, column: Column, header: list[str], contents: list[Content],
                taken: dict[int, Guess]) -> Guess | None:
    """A guess for a column that no header names: what must be there, and what cannot be anything else."""
    free = [i for i in range(min(len(header), len(contents))) if i not in taken and contents[i].filled]
    if column.kind == "id" and column.required and column.name == feed.key[0]:
        unique = [i for i in free if contents[i].is_unique]
        named = [i for i in unique if hint("id", header[i])] or [
            i for i in unique if header[i].startswith(NAMELESS) and contents[i].phone + contents[i].timestamp == 0]
        return _first(named, header, column.name, "every value differs")
    if column.kind == "phone":
        share = "hotline" if column.name == "own_number" else "phone"
        fitting = [i for i in free if getattr(contents[i], share) >= _FITS]
        what = "hotline numbers" if share == "hotline" else "phone numbers"
        return _first(fitting, header, column.name, what, "medium")
    if column.kind in ("timestamp", "date") and column.required:
        whole = [i for i in free if contents[i].timestamp >= _CONTENT]
        dated = [i for i in free if contents[i].timestamp + contents[i].date >= _CONTENT]
        return _first(whole or dated, header, column.name, "dates and times" if whole else "dates")
    if column.kind == "seconds" and column.required:
        fitting = [i for i in free if contents[i].duration >= _CONTENT and contents[i].late_clock < 0.2
                   and hint("seconds", header[i]) and not contents[i].timestamp]
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
