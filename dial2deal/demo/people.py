"""Invented telephone numbers and the weighted choices of the demo world."""

from __future__ import annotations

import random
from bisect import bisect
from itertools import accumulate

from dial2deal.demo.scenario import CITIES, LANDLINE_PREFIX

_STEP = 7919  # coprime with every capacity below, so that the serial numbers do not repeat


class Weighted:
    """Draws from (value, weight) pairs with one random number."""

    def __init__(self, pairs):
        pairs = list(pairs)
        self._values = [value for value, _ in pairs]
        total = sum(weight for _, weight in pairs)
        self._edges = list(accumulate(weight / total for _, weight in pairs))
        self._edges[-1] = 1.0

    def draw(self, rng: random.Random):
        return self._values[bisect(self._edges, rng.random())]


class Numbers:
    """Hands out customer numbers. Numbers of leads never repeat; the others start again when used up."""

    def __init__(self, rng: random.Random):
        self._rng = rng
        self._cities = Weighted((index, city[2]) for index, city in enumerate(CITIES))
        self._used: dict[tuple[int, str], int] = {}

    def new(self, purpose: str) -> tuple[str, str, str]:
        """A number with its province and city. ``purpose`` lead takes from a part of the range of its own.

        Raises ValueError when the numbers for leads are used up.
        """
        index = self._cities.draw(self._rng)
        city, province, _, prefixes = CITIES[index]
        half = len(prefixes) // 2
        own = {"lead": prefixes[:half], "landline": (f"{LANDLINE_PREFIX[city]}-5000",)}.get(purpose, prefixes[half:])
        capacity = len(own) * 10_000
        key = (index, purpose if purpose in ("lead", "landline") else "other")
        used = self._used.get(key, 0)
        if used >= capacity and purpose == "lead":
            raise ValueError(f"No invented numbers left for leads in {city}: fewer days or calls per day, please.")
        self._used[key] = used + 1
        serial = used * _STEP % capacity
        return f"{own[serial // 10_000]}{serial % 10_000:04d}", province, city


def masked(number: str) -> str:
    """138****1234: what reports show of a number."""
    return f"{number[:3]}****{number[-4:]}"
