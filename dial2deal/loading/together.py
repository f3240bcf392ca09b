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

from dial2deal.feeds.problems import ProfileError
from dial2deal.feeds.profiles import Profile
from dial2deal.landing.deliveries import Delivery, file_id, has_changed
from dial2deal.loading import ledger, outcome, repairs, senses, statements, totals
from dial2deal.loading.cells import Cells, read_together
from dial2deal.loading.insert import insert
from dial2deal.loading.outcome import FileResult
from dial2deal.loading.session import FileLoad, LoadSession
from dial2deal.readers import kinds
from dial2deal.readers.table import Table
from dial2deal.sql import literal

_MAX_FILE_BYTES = 4 << 20
# What is lost at most when a load is killed, and how long progress stands still.
_MAX_BYTES = 64 << 20
_MAX_FILES = 500


@dataclass(frozen=True)
class _Member(FileLoad):
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


def load(session: LoadSession, batch: Sequence[Delivery]) -> Iterator[tuple[Delivery, FileResult | None]]:
    """All of ``batch`` in its order, each with its result, or None where the loader is to take it alone, now.

    Neighbours of one shape whose every line is a record of the header's width are committed at once. The order is
    kept because rows that two files share count as duplicates of the later one.
    """
    known = session.known
    fresh = {
        delivery.relative for delivery in batch if delivery.problem is None and delivery.relative not in known.paths
    }
    try:
        profile = session.profiles.resolve(batch[0].source, batch[0].feed) if len(fresh) > 1 else None
    except ProfileError:
        profile = None
    if profile is None or profile.looks_around:
        yield from ((delivery, None) for delivery in batch)
        return
    work = session.tmp / f"group-{secrets.token_hex(8)}"
    work.mkdir()
    run: list[_Member] = []
    try:
        for number, delivery in enumerate(batch):
            member = None
            if delivery.relative in fresh:
                member = _member(delivery, profile, known, {other.identity for other in run}, work / str(number))
            if run and (member is None or member.shape != run[0].shape):
                yield from _load_run(session, profile, run)
                run = []
            if member is None:
                yield delivery, None
            else:
                run.append(member)
        yield from _load_run(session, profile, run)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _load_run(
    session: LoadSession, profile: Profile, run: list[_Member], *, again: bool = False
) -> Iterator[tuple[Delivery, FileResult | None]]:
    """Members of one shape: together where all of them are usual, else the stretches between the unusual ones."""
    read = read_together(session.con, {member.identity: member.table for member in run}) if len(run) > 1 else None
    if read is None or (again and len(read[1]) < len(run)):
        yield from ((member.delivery, None) for member in run)
        return
    _decide(session, profile, run, read[0])
    if len({member.table.sense for member in run}) > 1:
        for _, stretch in groupby(run, key=lambda member: member.table.sense):
            yield from _load_run(session, profile, list(stretch), again=again)
    elif len(read[1]) == len(run):
        read[0].table.sense = run[0].table.sense
        results = _load_together(session, profile, run, *read)
        yield from ((member.delivery, results.get(member.delivery.relative)) for member in run)
    else:
        for is_usual, stretch in groupby(run, key=lambda member: member.identity in read[1]):
            if is_usual:
                yield from _load_run(session, profile, list(stretch), again=True)
            else:
                yield from ((member.delivery, None) for member in stretch)


def _decide(session: LoadSession, profile: Profile, run: list[_Member], cells: Cells) -> None:
    """Note in each member's table what its own columns say of its dates and numbers."""
    source = statements.looked_at(profile, cells.table, cells.source)
    found = senses.decide(
        session.con,
        profile,
        cells.table,
        statements.texts(profile, cells.table),
        source,
        cells.file,
        {member.identity: member.delivery.delivered_at for member in run},
        session.known.home,
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
    return _Member(delivery, identity, found.sha256, profile.version, table)


def _load_together(
    session: LoadSession, profile: Profile, members: list[_Member], cells: Cells, files: dict[str, int]
) -> dict[str, FileResult]:
    """Results by path; none where one of the files cannot be loaded."""
    con, known = session.con, session.known
    loaded_at = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    results: dict[str, FileResult] = {}
    try:
        columns = list(statements.plan(profile, cells.table, session.zone, quick=True).values)
        known.store_columns(con, profile.feed, columns)
        missing = known.missing_columns(profile.source, profile.feed.name, columns)
        with session.settling() as settle:
            stored = insert(session, profile, cells, files, loaded_at)
            repairs.note_trimmed(con, profile, cells, {member.identity: member.table for member in members})
            for member in members:
                delivery, identity, table = member.delivery, member.identity, member.table
                table.notes.extend([*senses.problems(table.sense), *missing])
                result = outcome.loaded(delivery, identity, table, files[identity], stored[identity])
                reading = outcome.reading(table, columns)
                settle(ledger.Entry(delivery, result, member.sha256, member.version, loaded_at, reading, columns))
                if result.rows_total_line:
                    own = f"(select * from {cells.source} where {cells.file} = {literal(identity)})"
                    totals.store(con, profile, replace(cells, source=own), session.zone, 0, identity, loaded_at)
                results[result.path] = result
    except Exception:  # whichever file it was, the loader finds it when it takes each alone
        return {}
    return results
