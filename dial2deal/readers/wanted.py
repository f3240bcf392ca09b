"""What a reader asks of whoever wants a file read: which headers are which columns, and what the file itself hides.

The readers know no profile and no feed; whatever answers these questions can have its files read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Match:
    """A header line read through a profile. Positions are 0-based cells of the header."""

    positions: dict[str, int]
    helpers: dict[str, int]
    unknown: dict[str, int]
    missing: list[str]
    score: tuple[int, int]


class Settings(Protocol):
    """What a file does not say of itself. ``header`` is none where the first line is a record; see profiles/README.md."""

    header: str | None
    dialects: Mapping[int, list[str]]
    short_rows: str | None
    delimiter: str | None
    encoding: str | None
    records: str | None
    url_encoded: bool


class Wanted(Protocol):
    """The columns that somebody looks for in a file."""

    @property
    def file(self) -> Settings:
        """How the file is laid out."""

    @property
    def place(self) -> str:
        """Whose file it is, for messages: source/feed."""

    @property
    def path(self) -> str:
        """Where the headers can be corrected, for messages."""

    @property
    def arrays(self) -> frozenset[str]:
        """Arrays of JSON records of whose objects the first is wanted."""

    @property
    def needed(self) -> list[str]:
        """Columns that the file has to have under one of some headers."""

    def names_used(self, cells: list[str]) -> int:
        """How many different cells of a line `match` could use at most."""

    def match(self, cells: list[str]) -> Match:
        """Which cell of a header line is which column."""

    def expected(self, column: str) -> str:
        """The headers a column accepts, for messages."""

    def advice(self, headers: Iterable[str]) -> str:
        """A sentence about headers that belong elsewhere, with a blank before it; or nothing."""
