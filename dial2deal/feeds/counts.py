"""Headers that count: they tell a file of statistics from one of single calls or costs."""

from __future__ import annotations

from collections.abc import Iterable

from dial2deal.feeds.catalogue import feeds, known_headers
from dial2deal.readers.headers import normalise_header

# Feed → the feeds of statistics that are taken for it.
MISTAKEN_FOR = {
    "calls": ("agent_statistics", "queue_statistics"),
    "call_legs": ("agent_statistics", "queue_statistics"),
    "channel_costs": ("ad_statistics",),
}
_AD_COUNTS = ("impressions", "clicks")


def counting_headers(feed: str, headers: Iterable[str]) -> dict[str, list[str]]:
    """Feed of statistics → those of ``headers`` that count in it and mean nothing in ``feed`` itself.

    Empty for feeds that are not mistaken for statistics.
    """
    known = known_headers()
    own = {normalise_header(header) for accepted in known[feed].values() for header in accepted}
    found = {}
    for candidate in MISTAKEN_FOR.get(feed, ()):
        words = {
            normalise_header(header)
            for column in feeds()[candidate].columns.values()
            if column.kind == "number"
            and (column.name in _AD_COUNTS if candidate == "ad_statistics" else column.name.endswith("_calls"))
            for header in known[candidate][column.name]
        } - own
        if counting := [header for header in headers if normalise_header(header) in words]:
            found[candidate] = counting
    return found


def advice(feed: str, headers: Iterable[str]) -> str:
    """A sentence for the message about a file that does not fit ``feed``: which feed its headers count for; or ''."""
    found = counting_headers(feed, headers)
    if not found:
        return ""
    best = max(found, key=lambda candidate: len(found[candidate]))
    return f" {', '.join(found[best][:3])} count: statistics belong in landing/<source>/{best}."
