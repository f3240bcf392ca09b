"""Load what is new in landing: each file in one transaction, with ledger, provenance and quarantine."""

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
from dial2deal.feeds.catalogue import feeds
from dial2deal.feeds.problems import ProfileError
from dial2deal.feeds.profiles import Profile, Profiles
from dial2deal.landing.deliveries import Delivery, deliveries, file_id, has_changed
from dial2deal.loading import (
    corrections,
    layouts,
    ledger,
    outcome,
    overlaps,
    repairs,
    senses,
    statements,
    together,
    totals,
)
from dial2deal.loading.cells import Cells, read_cells
from dial2deal.loading.far_dates import quarantine_far_dates
from dial2deal.loading.insert import insert
from dial2deal.loading.intake import Intake
from dial2deal.loading.outcome import FileResult
from dial2deal.loading.session import FileLoad, LoadSession
from dial2deal.policy import Policy
from dial2deal.readers import kinds
from dial2deal.readers.problems import FileProblem, MachineProblem, not_read_here
from dial2deal.readers.records import reread
from dial2deal.settings import Settings
from dial2deal.sql import literal, only_row

_CUT = "the file ends in the middle of this line: it seems cut; deliver it again whole"
# DuckDB's share: a load takes no more memory for a larger file, and no longer either (measured at 2 million calls).
_MEMORY = "1GB"


def load_landing(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    policy: Policy,
    *,
    paths: Iterable[Path] | None = None,
    on_progress: Callable[[int, int, FileResult], None] | None = None,
) -> list[FileResult]:
    """Load every new file of landing (or those of ``paths``) and say what became of each.

    Unchanged files are skipped by size and time without being read, known contents by their hash. A file that
    cannot be loaded gets status ``failed`` with a message and does not stop the others; one that is still being
    written gets ``waiting`` and no entry in the ledger. A file read with another mapping than its profile has now
    is read anew and replaces its own rows. Members of archives are files of their own. ``on_progress`` is told
    (done, total, result) after each file. Killed at any moment, the next call goes on where this one stopped.
    """
    con.execute(f"set memory_limit = '{_MEMORY}'")
    profiles = Profiles(settings.profile_dirs)
    zone = policy.text("time_zone")
    ledger.prepare(con, policy)
    ledger.sync_value_maps(con, profiles, policy)
    known = ledger.Known.read(con, policy.text("expected_country_code"))
    settings.tmp.mkdir(parents=True, exist_ok=True)
    _clear(settings.tmp)
    session = LoadSession(con, profiles, known, zone, settings.tmp)
    unpacked = settings.tmp / f"archive-{secrets.token_hex(8)}"
    intake = Intake(con, profiles, known, unpacked, zone, policy.number("landing.stable_seconds"))
    found = deliveries(settings.landing, zone, paths)
    waiting = {delivery.relative: why for delivery in found if (why := intake.waits_for(delivery))}
    results: list[FileResult] = []

    def done(result: FileResult) -> None:
        results.append(result)
        if on_progress:
            on_progress(len(results), max(len(found), len(results)), result)

    for delivery in found:
        if delivery.relative in waiting:
            done(outcome.waiting(delivery, waiting[delivery.relative]))
    for batch in intake.batches([delivery for delivery in found if delivery.relative not in waiting]):
        for delivery, result in together.load(session, batch):
            done(result or _load_one(session, delivery))
            if delivery.unpacked:
                delivery.path.unlink(missing_ok=True)
    if paths is None:
        ledger.forget_failed(con, {delivery.relative for delivery in found})
    quarantine_far_dates(con)
    ledger.note_moved_ids(con)
    overlaps.note(con)
    con.execute("reset memory_limit")
    return results


def _clear(folder: Path) -> None:
    """Remove what a killed load left; whoever holds the warehouse is the only one loading."""
    for kind in ("load", "group", "archive"):
        for left in folder.glob(f"{kind}-*"):
            shutil.rmtree(left, ignore_errors=True)


def _load_one(session: LoadSession, delivery: Delivery) -> FileResult:
    known = session.known
    profile, problem = _mapping(session, delivery)
    if profile is not None:
        delivery = replace(delivery, feed=profile.feed.name)
    version = profile.version if profile else ledger.NO_PROFILE
    if earlier := known.unchanged(delivery, version):
        return _as_skipped(earlier, delivery)
    unread_id = file_id(delivery.source, delivery.feed, f"unread {delivery.relative} {delivery.modified_ns}")
    unread = FileLoad(delivery, unread_id, "", version)
    if problem or profile is None:
        return _failed(session, unread.to_be_tried_again() if delivery.is_passing else unread, problem or "")
    try:
        found = kinds.fingerprint(delivery.path)
    except OSError as error:
        return _failed(session, unread.to_be_tried_again(), str(not_read_here(error)))
    file = FileLoad(delivery, file_id(delivery.source, delivery.feed, found.sha256), found.sha256, version)
    earlier = known.same_content(file.identity, version)
    if earlier and not (earlier["status"] == "superseded" and corrections.place(delivery.relative)):
        with warehouse.transaction(session.con):
            ledger.supersede_earlier(session.con, known, delivery, file.identity)
            ledger.remember_path(session.con, known, delivery, file.identity)
        return _as_skipped(earlier, delivery)
    return _load_new(session, file, profile, found)


def _mapping(session: LoadSession, delivery: Delivery) -> tuple[Profile | None, str | None]:
    """The profile that a file is read with, and why it cannot be read."""
    try:
        profile = session.profiles.resolve(delivery.source, delivery.feed)
    except ProfileError as error:
        return None, delivery.problem or str(error)
    if profile is not None or delivery.problem is not None:
        return profile, delivery.problem
    return None, (
        f"There is no profile for {delivery.source}/{delivery.feed}. Write "
        f"profiles/{delivery.source}/{delivery.feed}.yml, or move the file to a known source: "
        + ", ".join(sorted({source for source, _ in session.profiles.names()}))
        + "."
    )


def _load_new(session: LoadSession, file: FileLoad, profile: Profile, found: kinds.Fingerprint) -> FileResult:
    # A name of its own for every file: DuckDB may remember what lay under a name. Created by who writes there.
    work = session.tmp / f"load-{secrets.token_hex(8)}"
    try:
        cells = _cells(session.con, file.delivery, profile, found, work)
        if has_changed(file.delivery):
            return outcome.waiting(file.delivery, "changed while it was read; loaded by a later run")
        return _load_cells(session, file, profile, cells)
    except FileProblem as error:
        return _failed(session, file, str(error))
    except (MachineProblem, OSError) as error:
        told = str(error if isinstance(error, MachineProblem) else not_read_here(error))
        before = session.known.files.get(file.identity)
        # Ended twice in the same way it is the file, which would end every load from now on.
        repeats = before and before["profile_version"] == ledger.TRY_AGAIN and before["message"] == told
        is_the_file = repeats and isinstance(error, MachineProblem)
        return _failed(session, file if is_the_file else file.to_be_tried_again(), told)
    except Exception as error:  # one bad file must never stop the others; tried again by the next load
        told = f"Loading failed ({type(error).__name__}): {str(error)[:500]}"
        return _failed(session, file.to_be_tried_again(), told)
    finally:
        if work.exists():
            shutil.rmtree(work, ignore_errors=True)


def _cells(
    con: duckdb.DuckDBPyConnection, delivery: Delivery, profile: Profile, found: kinds.Fingerprint, work: Path
) -> Cells:
    """The file's cells, read as its bytes are: once more where they are not the text or the layout they seemed."""
    table = kinds.read(delivery.path, profile, work, found)
    cells = read_cells(con, table, work)
    if cells is None:
        table = kinds.read(delivery.path, profile, work, replace(found, may_be_utf8=False))
        cells = read_cells(con, table, work)
    if cells is not None and cells.has_ragged and not table.has_line_column:
        whole = layouts.grown(con, profile, table)
        cells = read_cells(con, reread(whole, work), work) if whole else cells
    if cells is None:
        raise FileProblem("The text is not valid in the encoding it declares. Export it again as CSV UTF-8.")
    return cells


def _load_cells(session: LoadSession, file: FileLoad, profile: Profile, cells: Cells) -> FileResult:
    con, known, delivery, identity = session.con, session.known, file.delivery, file.identity
    loaded_at = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    table = cells.table
    table.sense = senses.decide(
        con,
        profile,
        table,
        statements.texts(profile, table),
        statements.looked_at(profile, table, cells.source),
        literal(identity),
        {identity: delivery.delivered_at},
        known.home,
    )[identity]
    columns = list(statements.plan(profile, table, session.zone, quick=True).values)
    known.store_columns(con, profile.feed, columns)
    table.notes += senses.problems(table.sense)
    table.notes += known.missing_columns(profile.source, profile.feed.name, columns)
    mine = {"file_id": identity, "loaded_at": loaded_at}
    with session.settling() as settle:
        if identity in known.files:
            ledger.withdraw(con, known, profile.feed.name, identity)
        cells = replace(cells, file=literal(identity))
        stored = insert(session, profile, cells, {identity: cells.rows}, loaded_at)[identity]
        ragged = _quarantine_ragged(con, cells, mine)
        repairs.note_trimmed(con, profile, cells, {identity: table})
        table.notes += known.lost_rows(delivery, identity, stored.counts.rows)
        result = outcome.loaded(delivery, identity, table, cells.rows, stored, ragged)
        ledger.supersede_earlier(con, known, delivery, identity)
        reading = outcome.reading(table, columns)
        settle(ledger.Entry(delivery, result, file.sha256, file.version, loaded_at, reading, columns))
        if result.rows_total_line:
            totals.store(con, profile, cells, session.zone, ragged[0], identity, loaded_at)
    return result


def _quarantine_ragged(con: duckdb.DuckDBPyConnection, cells: Cells, mine: dict[str, Any]) -> tuple[int, int]:
    """Quarantine the records that its reader set aside; (quarantined, totals lines among them)."""
    if not cells.has_ragged:
        return 0, 0
    is_total = statements.is_totals_text(totals.LEADING_TEXT)
    if cells.table.cut_line:
        cut = only_row(
            con.execute(
                "update ragged set reason = $reason where line = $line and nullif(reason, '') is null "
                f"and not coalesce({is_total}, true)",
                {"reason": _CUT, "line": cells.table.cut_line},
            )
        )[0]
        cells.table.notes += [_CUT] * cut
    reason = f"the line has another number of cells than the header, which has {cells.table.width}"
    kept = only_row(
        con.execute(
            "insert into ops.quarantine select $file_id, line, null, coalesce(nullif(reason, ''), $reason), "
            "left(parse.mask_text(content), 2000), null, $loaded_at "
            f"from ragged where reason <> '' or not coalesce({is_total}, true) order by line",
            {**mine, "reason": reason},
        )
    )[0]
    return kept, only_row(con.execute("select count(*) from ragged"))[0] - kept


def _failed(session: LoadSession, file: FileLoad, message: str) -> FileResult:
    con, delivery = session.con, file.delivery
    masked = only_row(con.execute("select parse.mask_text(?)", [message]))[0]
    earlier = session.known.files.get(file.identity)
    if earlier and earlier["status"] in ("loaded", "accepted", "held"):
        kept = f"With the changed profile the file cannot be read, its rows stay as they were. {masked}"
        ledger.keep(con, session.known, file.identity, file.version, kept)
        return _as_skipped(earlier, delivery)
    result = FileResult(
        file_id=file.identity,
        source=delivery.source,
        feed=delivery.feed,
        path=delivery.relative,
        status="failed",
        message=masked,
    )
    with session.settling() as settle:
        con.execute("delete from ops.quarantine where file_id = ?", [file.identity])
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        settle(ledger.Entry(delivery, result, file.sha256, file.version, now))
    return result


def _as_skipped(earlier: dict[str, Any], delivery: Delivery) -> FileResult:
    fields = {field: earlier[field] for field in FileResult.__dataclass_fields__ if field in earlier}
    return replace(FileResult(**fields), skipped=True, path=delivery.relative)


__all__ = ["FileResult", "feeds", "load_landing"]
