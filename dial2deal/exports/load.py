"""Load what is new in landing: each file in one transaction, with manifest, provenance and quarantine."""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from dial2deal import warehouse
from dial2deal.exports import containers, group, manifest, outcome, overlaps, statements, totals
from dial2deal.exports.cells import Cells, read_cells
from dial2deal.exports.feeds import feeds
from dial2deal.exports.insert import insert
from dial2deal.exports.landing import Delivery, deliveries, file_id
from dial2deal.exports.outcome import FileResult
from dial2deal.exports.problems import FileProblem, ProfileError
from dial2deal.exports.profiles import Profile, Profiles
from dial2deal.settings import Settings


def load_landing(
    con: duckdb.DuckDBPyConnection, settings: Settings, policy: Any, *, paths: Iterable[Path] | None = None,
    on_progress: Callable[[int, int, FileResult], None] | None = None,
) -> list[FileResult]:
    """Load every new file of landing (or those of ``paths``) and say what became of each.

    Unchanged files are skipped by size and time without being read, known contents by their hash. A file that
    cannot be loaded gets status ``failed`` with a message and does not stop the others. ``on_progress`` is told
    (done, total, result) after each file. Killed at any moment, the next call goes on where this one stopped.
    """
    profiles = Profiles(settings.profile_dirs)
    zone = policy.text("time_zone")
    manifest.prepare(con, policy)
    manifest.sync_value_maps(con, profiles, policy)
    found = deliveries(settings.landing, zone, paths)
    known = manifest.Known.read(con)
    results = []
    settings.tmp.mkdir(parents=True, exist_ok=True)
    for batch in group.batches(found):
        together = group.load(con, settings, profiles, known, batch, zone)
        for delivery in batch:
            result = together.get(delivery.relative) or _load_one(con, settings, profiles, known, delivery, zone)
            results.append(result)
            if on_progress:
                on_progress(len(results), len(found), result)
    manifest.note_moved_ids(con)
    overlaps.note(con)
    return results


def _load_one(
    con: duckdb.DuckDBPyConnection, settings: Settings, profiles: Profiles, known: manifest.Known,
    delivery: Delivery, zone: str,
) -> FileResult:
    profile: Profile | None = None
    problem = delivery.problem
    if problem is None:
        try:
            profile = profiles.resolve(delivery.source, delivery.feed)
            if profile is not None:
                delivery = replace(delivery, feed=profile.feed.name)
            else:
                problem = (f"There is no profile for {delivery.source}/{delivery.feed}. Write "
                           f"profiles/{delivery.source}/{delivery.feed}.yml, or move the file to a known source: "
                           + ", ".join(sorted({source for source, _ in profiles.names()})) + ".")
        except ProfileError as error:
            problem = str(error)
    version = profile.version if profile else manifest.NO_PROFILE
    earlier = known.unchanged(delivery, version)
    if earlier:
        return _as_skipped(earlier, delivery)
    if problem or profile is None:
        identity = file_id(delivery.source, delivery.feed, f"unread {delivery.relative} {delivery.modified_ns}")
        return _failed(con, known, delivery, identity, "", version, problem or "")
    try:
        found = containers.fingerprint(delivery.path)
    except OSError as error:
        identity = file_id(delivery.source, delivery.feed, f"unread {delivery.relative} {delivery.modified_ns}")
        return _failed(con, known, delivery, identity, "", version, f"The file cannot be read: {error.strerror}.")
    identity = file_id(delivery.source, delivery.feed, found.sha256)
    earlier = known.same_content(identity, version)
    if earlier:
        manifest.remember_path(con, known, delivery, identity)
        return _as_skipped(earlier, delivery)
    # A name of its own for every file: DuckDB may remember what lay under a name. Created by who writes there.
    work = settings.tmp / f"load-{secrets.token_hex(8)}"
    try:
        table = containers.read(delivery.path, profile, work, found)
        cells = read_cells(con, table, work)
        if cells is None:
            table = containers.read(delivery.path, profile, work, replace(found, may_be_utf8=False))
            cells = read_cells(con, table, work)
        if cells is None:
            raise FileProblem("The text is not valid in the encoding it declares. Export it again as CSV UTF-8.")
        return _load_table(con, known, delivery, profile, cells, identity, found.sha256, zone)
    except FileProblem as error:
        return _failed(con, known, delivery, identity, found.sha256, version, str(error))
    except Exception as error:  # one bad file must never stop the others; tried again by the next load
        return _failed(con, known, delivery, identity, found.sha256, manifest.TRY_AGAIN,
                       f"Loading failed ({type(error).__name__}): {str(error)[:500]}")
    finally:
        if work.exists():
            shutil.rmtree(work, ignore_errors=True)


def _load_table(
    con: duckdb.DuckDBPyConnection, known: manifest.Known, delivery: Delivery, profile: Profile, cells: Cells,
    identity: str, sha256: str, zone: str,
) -> FileResult:
    loaded_at = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    table = cells.table
    known.store_columns(con, profile.feed, statements.plan(profile, table, zone, quick=True).values)
    mine = {"file_id": identity, "loaded_at": loaded_at}
    with warehouse.transaction(con):
        if identity in known.files:
            con.execute("delete from ops.quarantine where file_id = ?", [identity])
        files = {identity: cells.rows}
        cells = replace(cells, file=statements.text(identity))
        stored = insert(con, known, profile, cells, files, delivery.source, zone, loaded_at)[identity]
        ragged, ragged_totals = _quarantine_ragged(con, cells, mine)
        result = outcome.loaded(delivery, identity, table, cells.rows, stored, ragged=ragged,
                                ragged_totals=ragged_totals)
        manifest.supersede_earlier(con, known, delivery, identity)
        manifest.record(con, known, delivery, result, sha256=sha256, profile_version=profile.version,
                        loaded_at=loaded_at, **outcome.reading(table))
        if result.rows_total_line:
            totals.store(con, profile, cells, zone, ragged, **mine)
    manifest.known_now(known, delivery, result, profile.version)
    return result


def _quarantine_ragged(con: duckdb.DuckDBPyConnection, cells: Cells, mine: dict[str, Any]) -> tuple[int, int]:
    """Quarantine the records of another width; (quarantined, totals lines among them)."""
    if not cells.has_ragged:
        return 0, 0
    is_total = statements.is_totals_text(totals.LEADING_TEXT)
    reason = f"the line has another number of cells than the header, which has {cells.table.width}"
    kept = con.execute(
        "insert into ops.quarantine select $file_id, line, null, $reason, left(parse.mask_text(content), 2000), null, "
        f"$loaded_at from ragged where not coalesce({is_total}, true) order by line",
        {**mine, "reason": reason}).fetchone()[0]
    return kept, con.execute("select count(*) from ragged").fetchone()[0] - kept


def _failed(
    con: duckdb.DuckDBPyConnection, known: manifest.Known, delivery: Delivery, identity: str, sha256: str,
    version: str, message: str,
) -> FileResult:
    masked = con.execute("select parse.mask_text(?)", [message]).fetchone()[0]
    result = FileResult(file_id=identity, source=delivery.source, feed=delivery.feed, path=delivery.relative,
                        status="failed", message=masked)
    with warehouse.transaction(con):
        con.execute("delete from ops.quarantine where file_id = ?", [identity])
        manifest.record(con, known, delivery, result, sha256=sha256, profile_version=version,
                        loaded_at=dt.datetime.now(dt.UTC).replace(tzinfo=None))
    manifest.known_now(known, delivery, result, version)
    return result


def _as_skipped(earlier: dict[str, Any], delivery: Delivery) -> FileResult:
    fields = {field: earlier[field] for field in FileResult.__dataclass_fields__ if field in earlier}
    return replace(FileResult(**fields), skipped=True, path=delivery.relative)


__all__ = ["FileResult", "feeds", "load_landing"]
