"""Which feed an unknown file is, how sure that is, and what else it might be; it may be none of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any

import yaml

from dial2deal.feeds.catalogue import feeds
from dial2deal.mapping.content import Content
from dial2deal.mapping.guess import FeedGuess, Guess, Vocabulary, guess_columns
from dial2deal.mapping.meanings import meaning
from dial2deal.mapping.probe import NAMELESS

_FILE = Path(__file__).with_name("decide.yml")
_WORTH = {"high": 1.0, "medium": 0.85, "low": 0.5}
_MOSTLY = 0.9


@dataclass(frozen=True)
class Shape:
    """What kind of rows the columns make: counts of a period, or single events."""

    counts: list[str]  # headers of columns that count calls, impressions …
    rates: list[str]
    is_advertising: bool
    has_date: bool

    @property
    def is_statistics(self) -> bool:
        """Counts beside other counts or averages: a row of them is never a single call."""
        return bool(self.counts) and len(self.counts) + len(self.rates) > 1


@dataclass(frozen=True)
class Decision:
    """``best`` is None when the file is none of our feeds. ``sure``: high, medium, low, or asked for."""

    best: FeedGuess | None
    sure: str
    second: str | None
    shape: Shape
    scores: dict[str, float] = field(default_factory=dict)
    nearest: FeedGuess | None = None  # what would come closest
    explained: float = 0.0  # share of the columns that the nearest feed explains

    @property
    def is_unplaced_statistics(self) -> bool:
        """Counts of a period that no feed of statistics can take."""
        return self.best is None and self.shape.is_statistics

    def why_none(self) -> str:
        """One sentence for the user; empty when there is a feed."""
        if self.best is not None:
            return ""
        if self.is_unplaced_statistics:
            kept = ", ".join(dict.fromkeys([*self.shape.counts, *self.shape.rates][:4]))
            return (
                f"These are statistics, not single calls: {kept} count or average what happened in a period. "
                "They need a date and the agent, the queue or the campaign that they are about"
            )
        known = [g.header for g in self.nearest.columns if g.column] if self.nearest else []
        if self.nearest is None or not known:
            return "None of its columns says anything that a feed needs"
        name, lacking = self.nearest.feed.name, self.nearest.lacking
        return f"Nearest is {name}, of which it has {', '.join(known)}" + (
            f", but no {' and no '.join(lacking)}" if lacking else " and no more"
        )


def decide(
    words: Vocabulary, header: list[str], contents: list[Content], file_name: str, only: str | None = None
) -> Decision:
    """The feed of a file by its name, header words, content and pairs of columns; ``only`` is taken as it is."""
    rules, shape = _rules(), shape_of(header, contents)
    if only:
        guess = guess_columns(words, feeds()[only], header, contents, thorough=True)
        return Decision(guess, "asked", None, shape, nearest=guess)
    quick = {name: guess_columns(words, feed, header, contents) for name, feed in feeds().items()}
    said = _said(header), meaning(file_name.rpartition(".")[0] or file_name).concepts
    known = [sum(g.is_known(i) for g in quick.values()) for i in range(len(header))]
    rough = {name: _score(guess, shape, said, known)[0] for name, guess in quick.items()}
    close = sorted(rough, key=lambda name: (-rough[name], name))[: rules["compared"]]
    guesses = {name: guess_columns(words, feeds()[name], header, contents, thorough=True) for name in close}
    marks = {name: _score(guess, shape, said, known) for name, guess in guesses.items()}
    order = sorted(close, key=lambda name: (-marks[name][0], name))
    best, second = order[0], order[1]
    score, explained = marks[best]
    guess = replace(guesses[best], score=round(score, 3))
    # What lacks a moment or a count does not win, but it is what the file comes nearest to.
    nearest = max(order, key=lambda name: marks[name][0] + rules["weights"]["lacking"] * bool(guesses[name].lacking))
    margin = (score - marks[second][0]) / max(score, 1e-9)
    scores = {name: round(marks[name][0], 2) for name in order}
    sure = next(
        (
            level
            for level, limits in (("high", rules["sure"]), ("medium", rules["fairly_sure"]))
            if score >= limits["score"]
            and margin >= limits["margin"]
            and explained >= limits["explained"]
            and not guess.lacking
        ),
        "low",
    )
    least = rules["least"]
    is_none = (
        score < least["score"]
        or (explained < least["explained"] and score < least["clear"])
        or bool(guess.lacking)
        or (shape.is_statistics and best not in (*rules["shape"]["statistics"], *rules["shape"]["either"]))
    )
    return Decision(
        None if is_none else guess, sure, second, shape, scores, guesses[nearest] if is_none else guess, explained
    )


@dataclass(frozen=True)
class Order:
    """An order of columns known without a header: the names of all cells, and the profile that knows them."""

    like: str
    feed: str
    names: list[str]


def known_order(contents: list[Content]) -> Order | None:
    """The known order that the cells of a file without header are in; None when there is none."""
    for entry in _rules()["orders"]:
        names = entry["names"]
        if len(contents) < len(names):
            continue
        at = {name: contents[i] for i, name in enumerate(names)}
        codes = at[entry["codes"]].values
        if (
            all(getattr(at[name], kind) >= _MOSTLY for name, kind in entry["holds"].items())
            and codes
            and set(codes) <= set(_rules()["order_codes"][entry["codes"]])
        ):
            return Order(entry["like"], entry["feed"], [*names, *_tail(contents, len(names))])
    return None


def _tail(contents: list[Content], start: int) -> list[str]:
    """Names for the cells after the known ones; an id before the last cell joins the rows of a call."""
    found: list[str] = []
    forms = _rules()["order_tail"]
    for i in range(start, len(contents)):
        values = contents[i].values or contents[i].samples
        fitting = [
            name
            for name, form in forms.items()
            if values
            and name not in found
            and all(re.fullmatch(form, value) for value in values)
            and (name != "sequence" or i == len(contents) - 1)
        ]
        found.append(fitting[0] if fitting else f"{NAMELESS} {i + 1}")
    return found


def shape_of(header: list[str], contents: list[Content]) -> Shape:
    """Counts, rates and dates among the columns, by the words of their headers and by what they hold."""
    rules = _rules()["shape"]
    counts, rates, has_date = [], [], False
    concepts: set[str] = set()
    for name, content in zip(header, contents, strict=False):
        said = meaning(name).concepts
        concepts |= said
        has_date |= content.date + content.timestamp >= _MOSTLY
        if said.intersection(rules["rates"]):
            rates.append(name)
        elif (
            said.intersection(rules["counts"])
            and not said.intersection(rules["not_counts"])
            and (content.integer >= _MOSTLY)
        ):
            counts.append(name)
    return Shape(counts, rates, bool(concepts.intersection(rules["advertising"])), has_date)


@cache
def _rules() -> dict[str, Any]:
    return yaml.safe_load(_FILE.read_text(encoding="utf-8"))


def _said(header: list[str]) -> frozenset[str]:
    return frozenset(concept for name in header for concept in meaning(name).concepts)


def _score(
    guess: FeedGuess, shape: Shape, said: tuple[frozenset[str], frozenset[str]], known: list[int]
) -> tuple[float, float]:
    """(score, share of the columns explained) of the file read as one feed."""
    rules, name = _rules(), guess.feed.name
    weights, about = rules["weights"], rules["feeds"].get(name, {})
    strange = min(sum(not n for n in known), rules["unknown_at_most"])
    worth, found = rules["unknown_column"] * strange, 0.0
    for column, n in zip(guess.columns, known, strict=True):
        weight = 1 / sqrt(n) if n else 0.0
        worth += weight
        found += weight * _worth(column)
    required = [c.name for c in guess.feed.columns.values() if c.required]
    have = sum(c not in guess.missing for c in required) / max(len(required), weights["few_required"])
    tells = min(len(said[0].intersection(about.get("tells", ()))), weights["tells_at_most"])
    against = len(said[0].intersection(about.get("against", ())))
    foreign = len(said[0].intersection(rules["foreign"]))
    explained = found / worth if worth else 0.0
    score = (
        weights["explained"] * explained
        + weights["required"] * have
        + weights["tells"] * tells
        - weights["against"] * against
        - weights["foreign"] * foreign
        + weights["file"] * bool(said[1].intersection(about.get("file", ())))
        - weights["lacking"] * bool(guess.lacking)
        - weights["shape"] * misshapen(name, shape)
    )
    return score, explained


def _worth(column: Guess) -> float:
    return _WORTH.get(column.confidence, 0.0) if column.column or column.is_party else 0.0


def misshapen(feed: str, shape: Shape) -> bool:
    """Statistics as single events, single events as statistics, advertising as calls."""
    rules = _rules()["shape"]
    if feed in rules["either"]:
        return shape.is_advertising
    if feed == "ad_statistics":
        return not shape.is_advertising
    is_statistics = feed in rules["statistics"]
    return is_statistics != shape.is_statistics or (is_statistics and shape.is_advertising)
