"""Small files of one shape are loaded together: one reading, one plan and one transaction for hundreds of them.

Planning the SQL of a load takes longer than reading a thousand rows. Whatever is unusual about a file leaves it to
the loader, which takes it alone.
"""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from dial2deal import warehouse
from dial2deal.feeds.problems import ProfileError
from dial2deal.feeds.profiles import Profile, Profiles
from dial2deal.landing.deliveries import Delivery, file_id, has_changed
from dial2deal.loading import ledger, outcome, repairs, senses, statements, totals
from dial2deal.loading.cells import Cells, read_together
from dial2deal.loading.insert import insert
from dial2deal.loading.outcome import FileResult
from dial2deal.readers import kinds
from dial2deal.readers.table import Table
from dial2deal.settings import Settings
from dial2deal.sql import literal

_MAX_FILE_BYTES = 4 << 20
# What is lost at most when a load is killed, and how long progress stands still.
_MAX_BYTES = 64 << 20
_MAX_FILES = 500


@dataclass(frozen=True)
class _Member:
    delivery: Delivery
    identity: str
    sha256: str
    table: Table

    @property
    def shape(self) -> tuple[Any, ...]:
        """What the files of one reading have in common."""
        table = self.table
        return (
            tuple(table.header),
            table.delimiter,
            table.width,
            table.pad,
            table.skip,
            table.has_line_column,
            table.has_quotes,
        )


def batches(deliveries: Iterable[Delivery]) -> Iterator[list[Delivery]]:
    """All deliveries in their order, neighbours of one source and feed together where they are small."""
    batch: list[Delivery] = []
    for delivery in deliveries:
        if batch and not _fits(batch, delivery):
            yield batch
            batch = []
        batch.append(delivery)
    if batch:
        yield batch


def load(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    profiles: Profiles,
    known: ledger.Known,
    batch: Sequence[Delivery],
    zone: str,
) -> Iterator[tuple[Delivery, FileResult | None]]:
    """All of ``batch`` in its order, each with its result, or None where the loader is to take it alone, now.

    Neighbours of one shape whose every line is a record of the header's width are committed at once. The order is
    kept because rows that two files share count as duplicates of the later one.
    """
    fresh = {
        delivery.relative for delivery in batch if delivery.problem is None and delivery.relative not in known.paths
    }
    try:
        profile = profiles.resolve(batch[0].source, batch[0].feed) if len(fresh) > 1 else None
    except ProfileError:
        profile = None
    if profile is None or profile.looks_around:
        yield from ((delivery, None) for delivery in batch)
        return
    work = settings.tmp / f"group-{secrets.token_hex(8)}"
    work.mkdir()
    run: list[_Member] = []
    try:
        for number, delivery in enumerate(batch):
            member = None
            if delivery.relative in fresh:
                member = _member(delivery, profile, known, {other.identity for other in run}, work / str(number))
            if run and (member is None or member.shape != run[0].shape):
                yield from _load_run(con, profile, known, run, zone)
                run = []
            if member is None:
                yield delivery, None
            else:
                run.append(member)
        yield from _load_run(con, profile, known, run, zone)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _load_run(
    con: duckdb.DuckDBPyConnection,
    profile: Profile,
    known: ledger.Known,
    run: list[_Member],
    zone: str,
    *,
    again: bool = False,
) -> Iterator[tuple[Delivery, FileResult | None]]:
    """Members of one shape: together where all of them are usual, else the stretches between the unusual ones."""
    read = read_together(con, {member.identity: member.table for member in run}) if len(run) > 1 else None
    if read is None or (again and len(read[1]) < len(run)):
        yield from ((member.delivery, None) for member in run)
        return
    _decide(con, profile, known, run, read[0])
    if len({member.table.sense for member in run}) > 1:
        for _, stretch in groupby(run, key=lambda member: member.table.sense):
            yield from _load_run(con, profile, known, list(stretch), zone, again=again)
    elif len(read[1]) == len(run):
        read[0].table.sense = run[0].table.sense
        results = _load_together(con, profile, known, run, *read, zone)
        yield from ((member.delivery, results.get(member.delivery.relative)) for member in run)
    else:
        for is_usual, stretch in groupby(run, key=lambda member: member.identity in read[1]):
            if is_usual:
                yield from _load_run(con, profile, known, list(stretch), zone, again=True)
            else:
                yield from ((member.delivery, None) for member in stretch)


def _decide(
    con: duckdb.DuckDBPyConnection, profile: Profile, known: ledger.Known, run: list[_Member], cells: Cells
) -> None:
    """Note in each member's table what its own columns say of its dates and numbers."""
    source = statements.looked_at(profile, cells.table, cells.source)
    found = senses.decide(
        con,
        profile,
        cells.table,
        statements.texts(profile, cells.table),
        source,
        cells.file,
        {member.identity: member.delivery.delivered_at for member in run},
        known.home,
    )
    for member in run:
        member.table.sense = found[member.identity]


def _fits(batch: list[Delivery], delivery: Delivery) -> bool:
    first = batch[0]
    return (
        (delivery.source, delivery.feed) == (first.source, first.feed)
        and len(batch) < _MAX_FILES
        and first.bytes <= _MAX_FILE_BYTES
        and delivery.bytes <= _MAX_FILE_BYTES
        and sum(member.bytes for member in batch) + delivery.bytes <= _MAX_BYTES
    )


def _member(delivery: Delivery, profile: Profile, known: ledger.Known, seen: set[str], work: Path) -> _Member | None:
    """The file read, None when it cannot be or its content is known or among ``seen``."""
    delivery = replace(delivery, feed=profile.feed.name)
    try:
        found = kinds.fingerprint(delivery.path)
        identity = file_id(delivery.source, delivery.feed, found.sha256)
        if identity in known.files or identity in seen:
            return None
        table = kinds.read(delivery.path, profile, work, found)
        if has_changed(delivery) or (table.ragged is not None and table.ragged.stat().st_size):
            return None
    except Exception:  # the loader takes the file alone and says what is wrong with it
        return None
    return _Member(delivery, identity, found.sha256, table)


def _load_together(
    con: duckdb.DuckDBPyConnection,
    profile: Profile,
    known: ledger.Known,
    members: list[_Member],
    cells: Cells,
    files: dict[str, int],
    zone: str,
) -> dict[str, FileResult]:
    """Results by path; none where one of the files cannot be loaded."""
    loaded_at = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    results: list[FileResult] = []
    try:
        columns = list(statements.plan(profile, cells.table, zone, quick=True).values)
        known.store_columns(con, profile.feed, columns)
        missing = known.missing_columns(profile.source, profile.feed.name, columns)
        with warehouse.transaction(con):
            stored = insert(con, known, profile, cells, files, profile.source, zone, loaded_at)
            repairs.note_trimmed(con, profile, cells, {member.identity: member.table for member in members})
            for member in members:
                member.table.notes.extend([*senses.problems(member.table.sense), *missing])
                result = outcome.loaded(
                    member.delivery, member.identity, member.table, files[member.identity], stored[member.identity]
                )
                ledger.record(
                    con,
                    known,
                    member.delivery,
                    result,
                    sha256=member.sha256,
                    profile_version=profile.version,
                    loaded_at=loaded_at,
                    **outcome.reading(member.table, columns),
                )
                if result.rows_total_line:
                    own = f"(select * from {cells.source} where {cells.file} = {literal(member.identity)})"
                    totals.store(con, profile, replace(cells, source=own), zone, 0, member.identity, loaded_at)
                results.append(result)
    except Exception:  # whichever file it was, the loader finds it when it takes each alone
        for member in members:
            known.paths.pop(member.delivery.relative, None)
        return {}
    for member, result in zip(members, results, strict=True):
        ledger.known_now(known, member.delivery, result, profile.version, columns)
    return {result.path: result for result in results}
