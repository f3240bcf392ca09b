"""Load what is new in landing: each file in one transaction, with manifest, provenance and quarantine."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from dial2deal import warehouse
from dial2deal.exports import containers, manifest, overlaps, statements, totals
from dial2deal.exports.feeds import feeds
from dial2deal.exports.landing import Delivery, deliveries, file_id
from dial2deal.exports.problems import FileProblem, ProfileError
from dial2deal.exports.profiles import Profile, Profiles
from dial2deal.exports.records import blank_lines, reread
from dial2deal.exports.table import Table
from dial2deal.exports.text import is_utf8
from dial2deal.settings import Settings

_FEW_ROWS = 20_000
_WIDTH_REJECTS = ("MISSING COLUMNS", "TOO MANY COLUMNS")


@dataclass(frozen=True)
class FileResult:
    """What became of one file. ``skipped`` files were known already and keep their earlier counts."""

    file_id: str
    source: str
    feed: str
    path: str
    status: str
    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_total_line: int = 0
    first_event_date: dt.date | None = None
    last_event_date: dt.date | None = None
    message: str | None = None
    skipped: bool = False


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
    for done, delivery in enumerate(found, 1):
        result = _load_one(con, settings, profiles, known, delivery, zone)
        results.append(result)
        if on_progress:
            on_progress(done, len(found), result)
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
        cells = _read_cells(con, table, work)
        if cells is None:
            table = containers.read(delivery.path, profile, work, replace(found, may_be_utf8=False))
            cells = _read_cells(con, table, work)
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
    raw = f"raw.{statements.name(profile.feed.name)}"
    ours = "_loaded_at = $loaded_at and _file_id = $file_id"
    mine = {"file_id": identity, "loaded_at": loaded_at}
    with warehouse.transaction(con):
        if identity in known.files:
            con.execute("delete from ops.quarantine where file_id = ?", [identity])
        counts, quarantined = _insert(con, profile, cells, raw, ours, {**mine, "source": delivery.source}, zone)
        ragged, ragged_totals = _quarantine_ragged(con, cells, mine)
        repeated = _drop_repeated(con, raw, ours, mine) if counts.distinct < counts.rows else 0
        elsewhere = 0
        if known.may_overlap(profile.feed, delivery.source, counts.first, counts.last):
            elsewhere = _loaded_elsewhere(con, raw, ours, {
                **mine, "source": delivery.source, "first": counts.first, "last": counts.last})
        result = FileResult(
            file_id=identity, source=delivery.source, feed=delivery.feed, path=delivery.relative, status="loaded",
            rows_read=counts.rows + quarantined + ragged, rows_accepted=counts.rows - repeated - elsewhere,
            rows_quarantined=quarantined + ragged, rows_duplicate=repeated + elsewhere,
            rows_total_line=cells.rows - counts.rows - quarantined + ragged_totals,
            first_event_date=counts.first_dated, last_event_date=counts.last if counts.first_dated else None,
            message="; ".join(cells.table.notes) or None)
        manifest.supersede_earlier(con, known, delivery, identity)
        unknown = list(table.match.unknown)
        manifest.record(
            con, known, delivery, result, sha256=sha256, profile_version=profile.version, loaded_at=loaded_at,
            encoding=table.encoding, delimiter=table.delimiter if table.encoding != "excel" else None,
            unknown_columns=json.dumps(unknown, ensure_ascii=False) if unknown else None,
            repairs=json.dumps(cells.table.repairs, ensure_ascii=False) if cells.table.repairs else None)
        if result.rows_total_line:
            totals.store(con, profile, cells, zone, ragged, **mine)
    manifest.known_now(known, delivery, result, profile.version)
    return result


@dataclass(frozen=True)
class Cells:
    """The temporary table ``incoming`` and how to address it; ``table`` is the text it was read from."""

    table: Table
    rows: int
    line: str
    source: str = "incoming"
    has_ragged: bool = False


@dataclass(frozen=True)
class Counts:
    """Valid rows of one file in its raw table; ``first`` and ``last`` include the date of undated rows."""

    rows: int
    distinct: int
    first: dt.date | None
    last: dt.date | None
    first_dated: dt.date | None


def _insert(
    con: duckdb.DuckDBPyConnection, profile: Profile, cells: Cells, raw: str, ours: str, mine: dict[str, Any],
    zone: str,
) -> tuple[Counts, int]:
    """Insert the valid rows and quarantine the others; (counts of the valid, number quarantined).

    The quick plan takes all rows, the full plan what it left. Many rows are tried on a sample first: were they all
    in an uncommon spelling, each would be inserted twice.
    """
    key = {k: mine[k] for k in ("file_id", "loaded_at")}
    at = cells.line, cells.source
    left = "true"
    quick = statements.plan(profile, cells.table, zone, quick=True)
    few = cells.rows <= _FEW_ROWS
    if not cells.table.may_be_lossy and (few or not con.execute(quick.sample(cells.source)).fetchone()):
        con.execute(quick.insert(*at), mine)
        counts = _count(con, raw, ours, key)
        if counts.rows == cells.rows:
            return counts, 0
        con.execute(f"delete from {raw} where {ours} and _event_date is null", key)
        left = quick.left_over
    full = statements.plan(profile, cells.table, zone, quick=False)
    con.execute(full.insert(*at, only=left), mine)
    counts = _count(con, raw, ours, key)
    if counts.rows == cells.rows:
        return counts, 0
    con.execute(f"delete from {raw} where {ours} and _event_date is null", key)
    return counts, con.execute(full.quarantine(*at), key).fetchone()[0]


def _count(con: duckdb.DuckDBPyConnection, raw: str, ours: str, key: dict[str, Any]) -> Counts:
    return Counts(*con.execute(
        "select count(_event_date), count(distinct _row_hash) filter (_event_date is not null), min(_event_date), "
        f"max(_event_date), min(_event_date) filter (_event_date > {statements.UNDATED}) from {raw} where {ours}",
        key).fetchone())


def _read_cells(con: duckdb.DuckDBPyConnection, table: Table, work: Path) -> Cells | None:
    """Read into the temporary tables incoming and ragged; None when the text is not UTF-8.

    Every physical line must be accounted for: as a record, as a record of another width or as blank. Where DuckDB's
    reading does not add up, the file is read again record by record. Raises FileProblem when that fails too.
    """
    if not table.has_line_column:
        rows, rejects = _bare_read(con, table)
        if rows + len(rejects) == table.lines and not (rejects and table.has_quotes):
            return _numbered(con, table, rows, rejects, [])
        blanks = [] if table.has_quotes else blank_lines(table)
        if rows + len(rejects) + len(blanks) == table.lines and not table.has_quotes:
            return _numbered(con, table, rows, rejects, blanks)
        if not is_utf8(table.path):
            return None
        table = reread(table, work)
    rows, rejects = _bare_read(con, table)
    if rows != table.lines or rejects:
        raise FileProblem(
            f"{table.lines} records were found but {rows} could be read; nothing was loaded, so that no row is lost. "
            "Export the file again with every text quoted, or as Excel.")
    has_ragged = table.ragged is not None and table.ragged.stat().st_size > 0
    if has_ragged:
        con.execute(
            "create or replace temp table ragged as select l::bigint as line, c0 as content from "
            f"read_csv({statements.text(str(table.ragged))}, header=false, auto_detect=false, delim=',', quote='\"', "
            "escape='\"', columns={'l': 'varchar', 'c0': 'varchar'})")
    return Cells(table, rows, "l::bigint", has_ragged=has_ragged)


def _bare_read(con: duckdb.DuckDBPyConnection, table: Table) -> tuple[int, list[tuple[int, str]]]:
    """Fill ``incoming``; the number of its rows and the lines of another width, (-1, []) when DuckDB gives up."""
    con.execute("drop table if exists rejects; drop table if exists rejects_scan")
    try:
        rows = con.execute(
            f"create or replace temp table incoming as select * from {statements.read_csv(table, 'rejects')}"
        ).fetchone()[0]
        if rows == table.lines:
            return rows, []
        kinds = ", ".join(f"'{kind}'" for kind in _WIDTH_REJECTS)
        # A rejected record may be cut inside a character; DuckDB then cannot return it.
        rejects = con.execute(
            f"select line, any_value(csv_line), bool_and(error_type in ({kinds})) from rejects "
            "group by line order by line").fetchall()
    except duckdb.Error:
        return -1, []
    if not all(only_width for _, _, only_width in rejects):
        return -1, []
    return rows, [(line, content) for line, content, _ in rejects]


def _numbered(
    con: duckdb.DuckDBPyConnection, table: Table, rows: int, rejects: list[tuple[int, str]], blanks: list[int],
) -> Cells:
    """Cells whose line is the row id shifted by the lines left out before it."""
    if rejects:
        con.execute("create or replace temp table ragged as select unnest($lines::bigint[]) as line, "
                    "trim(unnest($contents::varchar[]), chr(13) || chr(10)) as content",
                    {"lines": [line for line, _ in rejects], "contents": [content for _, content in rejects]})
    left_out = sorted([line for line, _ in rejects] + blanks)
    if not left_out:
        return Cells(table, rows, f"rowid + {table.skip + 1}")
    con.execute("create or replace temp table shifts as select unnest($rows::bigint[]) as row_from, "
                "unnest($shifts::bigint[]) as shift",
                {"rows": [-1, *(line - table.skip - 1 - i for i, line in enumerate(left_out))],
                 "shifts": list(range(len(left_out) + 1))})
    # Several lines left out in a row begin at the same row: the greatest shift holds.
    shifted = ("(select i.*, s.shift from (select rowid as row_id, * from incoming) i asof join "
               "(select row_from, max(shift) as shift from shifts group by row_from) s on i.row_id >= s.row_from)")
    return Cells(table, rows, f"row_id + {table.skip + 1} + shift", shifted, has_ragged=bool(rejects))


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


def _drop_repeated(con: duckdb.DuckDBPyConnection, raw: str, ours: str, mine: dict[str, Any]) -> int:
    """Delete rows that repeat an earlier row of the same file exactly; their number."""
    return con.execute(
        f"delete from {raw} where {ours} and _line in (select _line from (select _line, row_number() over "
        f"(partition by _row_key, _row_hash order by _line) as n from {raw} where {ours} "
        f"and _row_hash in (select _row_hash from {raw} where {ours} group by _row_hash having count(*) > 1)) "
        "where n > 1)", mine).fetchone()[0]


def _loaded_elsewhere(con: duckdb.DuckDBPyConnection, raw: str, ours: str, mine: dict[str, Any]) -> int:
    """Rows that an earlier file of the source, still in force, delivered with the same content.

    Equal content has an equal date, so only the dates of this file are looked at, whatever the history's length.
    """
    return con.execute(
        f"select count(*) from (select _row_hash, _row_key from {raw} where {ours}) n semi join "
        f"(select _row_hash, _row_key from {raw} where _source = $source and _file_id <> $file_id "
        "and _event_date between $first and $last and _file_id in "
        "(select file_id from ops.export_files where status in ('loaded', 'accepted'))) e using (_row_hash, _row_key)",
        mine).fetchone()[0]


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
