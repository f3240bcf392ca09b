"""What the words of a header mean, in any of the languages of words.yml, and which canonical column that names."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("words.yml")
_COMPOUND = 4  # letters from which a Latin word is also found at either end of a longer one
_EXTRA, _EXTRA_SOFT, _UNREAD = 0.3, 0.05, 0.5
_TAKEN = "\0"


@dataclass(frozen=True)
class Meaning:
    """The concepts that a text names, and the share (0–1) of its letters that no known word covers."""

    concepts: frozenset[str]
    unread: float


@cache
def _words() -> dict[str, Any]:
    return yaml.load(_FILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # no and on are words here


@cache
def _lexicon() -> list[tuple[str, tuple[str, ...], bool]]:
    """(word, its concepts, whether Latin letters write it), the longest first."""
    words = _words()
    found: list[tuple[str, tuple[str, ...]]]
    found = [(plain(word), (concept,)) for concept, listed in words["concepts"].items() for word in listed]
    found += [(plain(word), tuple(meant.split())) for word, meant in words["phrases"].items()]
    found += [(plain(word), ()) for word in words["empty"]]
    merged: dict[str, tuple[str, ...]] = {}
    for word, concepts in found:
        merged[word] = tuple(dict.fromkeys((*merged.get(word, ()), *concepts)))
    return [(word, merged[word], word.isascii()) for word in sorted(merged, key=lambda w: (-len(w), w))]


@cache
def _patterns() -> dict[str, list[frozenset[str]]]:
    return {column: [frozenset(entry.split()) for entry in entries] for column, entries in _words()["columns"].items()}


@cache
def _soft() -> frozenset[str]:
    return frozenset(_words()["soft"])


def plain(text: str) -> str:
    """Lower-case words without accents, camelCase taken apart, everything else than letters and digits a blank."""
    text = re.sub(r"([a-z])([A-Z])", r"\1 \2", unicodedata.normalize("NFKC", text))
    text = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not "\u0300" <= c <= "\u036f")
    return " ".join(re.sub(r"[^\w%]|_", " ", unicodedata.normalize("NFC", text)).split())


@lru_cache(maxsize=4096)
def meaning(text: str) -> Meaning:
    """Read a header or a file name; longer words go before the shorter ones that they hold."""
    rest = f" {plain(text)} "
    letters = len(re.sub(r"[\s\d]", "", rest))
    concepts: dict[str, None] = {}
    for word, meant, is_latin in _lexicon():
        if word not in rest:
            continue
        replaced = _without(rest, word, is_latin)
        if replaced != rest:
            concepts.update(dict.fromkeys(meant))
            rest = replaced
    left = len(re.sub(r"[\s\d\0]", "", rest))
    return Meaning(frozenset(concepts), left / letters if letters else 0.0)


def fits(feed: str, column: str, header: str, *, is_key: bool = False) -> float:
    """0–1: how well the words of a header name a column of a feed; 0 when they speak of something else.

    ``is_key``: the column is what a row of the feed is known by, which may be called id and no more.
    """
    read = meaning(header)
    if not read.concepts:
        return 0.0
    if is_key and read.concepts - _soft() == {"id"}:
        return 1 - _UNREAD * read.unread
    patterns = [*_patterns().get(f"{feed}.{column}", ()), *_patterns().get(column, ())]
    return max((_fit(pattern, read) for pattern in patterns), default=0.0)


def differs(column: str, header: str) -> bool:
    """Whether a header says average, longest or rate in brackets, where a known header is not told by them."""
    said = meaning(header).concepts
    return any(
        concept in said and not any(word in column for word in words) for concept, words in _words()["refined"].items()
    )


def _fit(pattern: frozenset[str], read: Meaning) -> float:
    if not pattern <= read.concepts:
        return 0.0
    extra = read.concepts - pattern
    soft = len(extra & _soft())
    return max(0.0, 1 - _EXTRA * (len(extra) - soft) - _EXTRA_SOFT * soft - _UNREAD * read.unread)


def _without(rest: str, word: str, is_latin: bool) -> str:
    """``rest`` with the places of a word taken out, where it stands as a word or, when long, ends a compound."""
    if not is_latin:
        return rest.replace(word, _TAKEN)
    whole = re.sub(rf"(?<![a-z]){re.escape(word)}(?![a-z])", _TAKEN, rest)
    if whole != rest or len(word) < _COMPOUND:
        return whole
    return re.sub(rf"(?<![a-z]){re.escape(word)}|{re.escape(word)}(?![a-z])", _TAKEN, rest)
