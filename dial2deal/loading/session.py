"""What the files of one load share, and what is known of one of them on its way into raw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from dial2deal import warehouse
from dial2deal.feeds.profiles import Profiles
from dial2deal.landing.deliveries import Delivery
from dial2deal.loading import ledger


@dataclass(frozen=True)
class FileLoad:
    """One file: ``identity`` of its content, ``version`` of the profile that its entry in the ledger will name."""

    delivery: Delivery
    identity: str
    sha256: str
    version: str

    def to_be_tried_again(self) -> FileLoad:
        """The same file, whatever profile it is read with next time."""
        return replace(self, version=ledger.TRY_AGAIN)


@dataclass(frozen=True)
class LoadSession:
    """One load: its connection, mappings and ledger; ``tmp`` is where its files are unpacked and rewritten."""

    con: duckdb.DuckDBPyConnection
    profiles: Profiles
    known: ledger.Known
    zone: str
    tmp: Path

    @contextmanager
    def settling(self) -> Iterator[Callable[[ledger.Entry], None]]:
        """One transaction. What is settled in it stands in the ledger, in memory only once it is committed."""
        settled: list[ledger.Entry] = []

        def settle(entry: ledger.Entry) -> None:
            ledger.record(self.con, self.known, entry)
            settled.append(entry)

        with warehouse.transaction(self.con):
            yield settle
        for entry in settled:
            ledger.known_now(self.known, entry)
