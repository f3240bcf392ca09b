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
        for delivery, result in together.load(con, settings, profiles, known, batch, zone):
            done(result or _load_one(con, settings, profiles, known, delivery, zone))
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


def _load_one(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    profiles: Profiles,
    known: ledger.Known,
    delivery: Delivery,
    zone: str,
) -> FileResult:
    profile: Profile | None = None
    problem = delivery.problem
    try:
        profile = profiles.resolve(delivery.source, delivery.feed)
    except ProfileError as error:
        problem = problem or str(error)
    if profile is not None:
        delivery = replace(delivery, feed=profile.feed.name)
    elif problem is None:
        problem = (
            f"There is no profile for {delivery.source}/{delivery.feed}. Write "
            f"profiles/{delivery.source}/{delivery.feed}.yml, or move the file to a known source: "
            + ", ".join(sorted({source for source, _ in profiles.names()}))
            + "."
        )
    version = profile.version if profile else ledger.NO_PROFILE
    earlier = known.unchanged(delivery, version)
    if earlier:
        return _as_skipped(earlier, delivery)
    if problem or profile is None:
        identity = file_id(delivery.source, delivery.feed, f"unread {delivery.relative} {delivery.modified_ns}")
        return _failed(
            con, known, delivery, identity, "", ledger.TRY_AGAIN if delivery.is_passing else version, problem or ""
        )
    try:
        found = kinds.fingerprint(delivery.path)
    except OSError as error:
        identity = file_id(delivery.source, delivery.feed, f"unread {delivery.relative} {delivery.modified_ns}")
        return _failed(con, known, delivery, identity, "", ledger.TRY_AGAIN, str(not_read_here(error)))
    identity = file_id(delivery.source, delivery.feed, found.sha256)
    earlier = known.same_content(identity, version)
    if earlier and not (earlier["status"] == "superseded" and corrections.place(delivery.relative)):
        with warehouse.transaction(con):
            ledger.supersede_earlier(con, known, delivery, identity)
            ledger.remember_path(con, known, delivery, identity)
        return _as_skipped(earlier, delivery)
    # A name of its own for every file: DuckDB may remember what lay under a name. Created by who writes there.
    work = settings.tmp / f"load-{secrets.token_hex(8)}"
    try:
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
        if has_changed(delivery):
            return outcome.waiting(delivery, "changed while it was read; loaded by a later run")
        return _load_table(con, known, delivery, profile, cells, identity, found.sha256, zone)
    except FileProblem as error:
        return _failed(con, known, delivery, identity, found.sha256, version, str(error))
    except (MachineProblem, OSError) as error:
        told = str(error if isinstance(error, MachineProblem) else not_read_here(error))
        before = known.files.get(identity)
        # Ended twice in the same way it is the file, which would end every load from now on.
        repeats = before and before["profile_version"] == ledger.TRY_AGAIN and before["message"] == told
        return _failed(
            con,
            known,
            delivery,
            identity,
            found.sha256,
            version if repeats and isinstance(error, MachineProblem) else ledger.TRY_AGAIN,
            told,
        )
    except Exception as error:  # one bad file must never stop the others; tried again by the next load
        return _failed(
            con,
            known,
            delivery,
            identity,
            found.sha256,
            ledger.TRY_AGAIN,
            f"Loading failed ({type(error).__name__}): {str(error)[:500]}",
        )
    finally:
        if work.exists():
            shutil.rmtree(work, ignore_errors=True)


def _load_table(
    con: duckdb.DuckDBPyConnection,
    known: ledger.Known,
    delivery: Delivery,
    profile: Profile,
    cells: Cells,
    identity: str,
    sha256: str,
    zone: str,
) -> FileResult:
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
    columns = list(statements.plan(profile, table, zone, quick=True).values)
    known.store_columns(con, profile.feed, columns)
    table.notes += senses.problems(table.sense)
    table.notes += known.missing_columns(profile.source, profile.feed.name, columns)
    mine = {"file_id": identity, "loaded_at": loaded_at}
    with warehouse.transaction(con):
        if identity in known.files:
            ledger.withdraw(con, known, profile.feed.name, identity)
        files = {identity: cells.rows}
        cells = replace(cells, file=literal(identity))
        stored = insert(con, known, profile, cells, files, delivery.source, zone, loaded_at)[identity]
        ragged, ragged_totals = _quarantine_ragged(con, cells, mine)
        repairs.note_trimmed(con, profile, cells, {identity: table})
        table.notes += known.lost_rows(delivery, identity, stored.counts.rows)
        result = outcome.loaded(
            delivery, identity, table, cells.rows, stored, ragged=ragged, ragged_totals=ragged_totals
        )
        ledger.supersede_earlier(con, known, delivery, identity)
        ledger.record(
            con,
            known,
            delivery,
            result,
            sha256=sha256,
            profile_version=profile.version,
            loaded_at=loaded_at,
            **outcome.reading(table, columns),
        )
        if result.rows_total_line:
            totals.store(con, profile, cells, zone, ragged, **mine)
    ledger.known_now(known, delivery, result, profile.version, columns)
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


def _failed(
    con: duckdb.DuckDBPyConnection,
    known: ledger.Known,
    delivery: Delivery,
    identity: str,
    sha256: str,
    version: str,
    message: str,
) -> FileResult:
    masked = only_row(con.execute("select parse.mask_text(?)", [message]))[0]
    earlier = known.files.get(identity)
    if earlier and earlier["status"] in ("loaded", "accepted", "held"):
        kept = f"With the changed profile the file cannot be read, its rows stay as they were. {masked}"
        ledger.keep(con, known, identity, version, kept)
        return _as_skipped(earlier, delivery)
    result = FileResult(
        file_id=identity,
        source=delivery.source,
        feed=delivery.feed,
        path=delivery.relative,
        status="failed",
        message=masked,
    )
    with warehouse.transaction(con):
        con.execute("delete from ops.quarantine where file_id = ?", [identity])
        ledger.record(
            con,
            known,
            delivery,
            result,
            sha256=sha256,
            profile_version=version,
            loaded_at=dt.datetime.now(dt.UTC).replace(tzinfo=None),
        )
    ledger.known_now(known, delivery, result, version)
    return result


def _as_skipped(earlier: dict[str, Any], delivery: Delivery) -> FileResult:
    fields = {field: earlier[field] for field in FileResult.__dataclass_fields__ if field in earlier}
    return replace(FileResult(**fields), skipped=True, path=delivery.relative)


__all__ = ["FileResult", "feeds", "load_landing"]
