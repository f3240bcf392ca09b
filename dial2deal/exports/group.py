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
from pathlib import Path

import duckdb

from dial2deal import warehouse
from dial2deal.exports import containers, manifest, outcome, repairs, statements, totals
from dial2deal.exports.cells import read_together
from dial2deal.exports.insert import insert
from dial2deal.exports.landing import Delivery, file_id, has_changed
from dial2deal.exports.outcome import FileResult
from dial2deal.exports.problems import ProfileError
from dial2deal.exports.profiles import Profile, Profiles
from dial2deal.exports.table import Table
from dial2deal.settings import Settings

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
    def shape(self) -> tuple:
        """What the files of one reading have in common."""
        table = self.table
        return (tuple(table.header), table.delimiter, table.width, table.pad, table.skip, table.has_line_column,
                table.has_quotes)


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
    con: duckdb.DuckDBPyConnection, settings: Settings, profiles: Profiles, known: manifest.Known,
    batch: Sequence[Delivery], zone: str,
) -> dict[str, FileResult]:
    """Load what is new and usual among ``batch``; results by path of those that were loaded, often none.

    Files whose every line is a record of the header's width are usual. All of one shape are committed at once.
    """
    fresh = [delivery for delivery in batch if delivery.problem is None and delivery.relative not in known.paths]
    if len(fresh) < 2:
        return {}
    try:
        profile = profiles.resolve(fresh[0].source, fresh[0].feed)
    except ProfileError:
        profile = None
    if profile is None:
        return {}
    work = settings.tmp / f"group-{secrets.token_hex(8)}"
    work.mkdir()
    try:
        shapes: dict[tuple, list[_Member]] = {}
        for member in _members(fresh, profile, known, work):
            shapes.setdefault(member.shape, []).append(member)
        results: dict[str, FileResult] = {}
        for members in shapes.values():
            if len(members) > 1:
                results |= _load_together(con, profile, known, members, zone)
        return results
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fits(batch: list[Delivery], delivery: Delivery) -> bool:
    first = batch[0]
    return (
        (delivery.source, delivery.feed) == (first.source, first.feed) and len(batch) < _MAX_FILES
        and first.bytes <= _MAX_FILE_BYTES and delivery.bytes <= _MAX_FILE_BYTES
        and sum(member.bytes for member in batch) + delivery.bytes <= _MAX_BYTES)


def _members(
    deliveries: Iterable[Delivery], profile: Profile, known: manifest.Known, work: Path,
) -> Iterator[_Member]:
    """Those that can be read and whose content is new."""
    seen: set[str] = set()
    for number, delivery in enumerate(deliveries):
        delivery = replace(delivery, feed=profile.feed.name)
        try:
            found = containers.fingerprint(delivery.path)
            identity = file_id(delivery.source, delivery.feed, found.sha256)
            if identity in known.files or identity in seen:
                continue
            table = containers.read(delivery.path, profile, work / str(number), found)
            if table.ragged is not None and table.ragged.stat().st_size:
                continue
            if has_changed(delivery) or (table.ragged is not None and table.ragged.stat().st_size):
                continue
        except Exception:  # the loader takes the file alone and says what is wrong with it
            continue
        seen.add(identity)
        yield _Member(delivery, identity, found.sha256, table)


def _load_together(
    con: duckdb.DuckDBPyConnection, profile: Profile, known: manifest.Known, members: list[_Member], zone: str,
) -> dict[str, FileResult]:
    read = read_together(con, {member.identity: member.table for member in members})
    if read is None:
        return {}
    cells, files = read
    loaded_at = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    whole = [member for member in members if member.identity in files]
    results: list[FileResult] = []
    try:
        columns = list(statements.plan(profile, cells.table, zone, quick=True).values)
        known.store_columns(con, profile.feed, columns)
        missing = known.missing_columns(profile.source, profile.feed.name, columns)
        with warehouse.transaction(con):
            stored = insert(con, known, profile, cells, files, profile.source, zone, loaded_at)
            repairs.note_trimmed(con, profile, cells, {member.identity: member.table for member in whole})
            for member in whole:
                member.table.notes.extend(missing)
                result = outcome.loaded(member.delivery, member.identity, member.table, files[member.identity],
                                        stored[member.identity])
                manifest.record(
                    con, known, member.delivery, result, sha256=member.sha256, profile_version=profile.version,
                    loaded_at=loaded_at, **outcome.reading(member.table, columns))
                if result.rows_total_line:
                    own = f"(select * from {cells.source} where {cells.file} = {statements.text(member.identity)})"
                    totals.store(con, profile, replace(cells, source=own), zone, 0, member.identity, loaded_at)
                results.append(result)
    except Exception:  # whichever file it was, the loader finds it when it takes each alone
        for member in whole:
            known.paths.pop(member.delivery.relative, None)
        return {}
    for member, result in zip(whole, results, strict=True):
        manifest.known_now(known, member.delivery, result, profile.version, columns)
    return {result.path: result for result in results}
