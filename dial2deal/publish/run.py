"""One publication from gate to commit: snapshot, Parquet, semantic manifest, bookkeeping, report queue."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dial2deal import storage, warehouse
from dial2deal.feeds.catalogue import feeds
from dial2deal.policy import Policy
from dial2deal.publish import changes, history, parquet, snapshot
from dial2deal.publish.tables import published_tables
from dial2deal.publish.verdict import GateVerdict
from dial2deal.settings import Settings
from dial2deal.sql import only_row
from dial2deal.warehouse import steps

_DAYS_FLAGGED_AT_MOST = 400
_NO_DATE = dt.date(1970, 1, 1)  # of rows in feeds without a date


@dataclass(frozen=True)
class PublishResult:
    """What is published now. ``changed`` is False when it already was; then ``dates`` is empty."""

    snapshot: Path
    tables: tuple[str, ...]
    rows: dict[str, int]
    dates: tuple[dt.date, ...]
    as_of_date: dt.date | None
    changed: bool
    base: str | None = None  # what the snapshot was made from: spare | copy | none


class RedGateError(RuntimeError):
    """Publication was asked for although the gate is red."""


def publish(
    settings: Settings, policy: Policy, build_id: str, verdict: GateVerdict, *, spare_min_age: float | None = None
) -> PublishResult:
    """Publish the warehouse's marts and queue the reports whose periods changed.

    ``spare_min_age`` (seconds) is how long a replaced snapshot rests before it is written to again, None: as usual.
    Killed at any point, the next publication does the same again. Raises RedGateError.
    """
    if not verdict.green:
        raise RedGateError(f"build {build_id} is not published: {'; '.join(verdict.reasons)}")
    clock = steps.Clock()
    with warehouse.session(settings) as con:
        result = _published(con, settings, policy, build_id, verdict, spare_min_age)
        steps.record(con, build_id, steps.PUBLISH, clock)
    return result


def _published(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    policy: Policy,
    build_id: str,
    verdict: GateVerdict,
    spare_min_age: float | None,
) -> PublishResult:
    committed = int(warehouse.get_state(con, "generation") or 0)
    if committed == 0 and not _has_marts(con):
        history.record(con, build_id, "unchanged", message="no file was accepted yet")
        return PublishResult(settings.snapshot, (), {}, (), None, changed=False)
    fingerprint = _fingerprint(con, settings, policy, verdict)
    if _is_published(con, settings, committed, fingerprint):
        history.record(con, build_id, "unchanged")
        snapshot.remove_former_names(settings)
        return _unchanged(con, settings)
    age = snapshot.SPARE_MIN_AGE_SECONDS if spare_min_age is None else spare_min_age
    return _publish(con, settings, policy, build_id, verdict, committed, fingerprint, age)


def _publish(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    policy: Policy,
    build_id: str,
    verdict: GateVerdict,
    committed: int,
    fingerprint: str,
    spare_min_age: float,
) -> PublishResult:
    tables = published_tables(settings)
    everything = warehouse.get_state(con, "full_refresh_pending") is not None or committed == 0
    changed = changes.record(con, committed, everything=everything)
    as_of_at = _as_of(con)
    previous = _previous(con)
    _new_build_info(con, policy, build_id, verdict, as_of_at, changed.generation)
    baseline = warehouse.get_state(con, "snapshot_bytes_per_row")
    dates = _report_dates(changed, previous, verdict, as_of_at)
    # Before anything is swapped in: whatever fails here must not leave readers ahead of the bookkeeping.
    periods = _periods(policy, dates, as_of_at, changed)
    built = snapshot.build(
        con, settings, tables, changed, spare_min_age=spare_min_age, bytes_per_row=float(baseline) if baseline else None
    )
    with snapshot.opened(con, built):
        folder = parquet.write(con, settings, tables, changed)
    parquet.swap(settings, folder)
    _publish_semantic_manifest(settings)
    snapshot.swap(settings, built)
    snapshot.remove_former_names(settings)
    with warehouse.transaction(con):
        _commit(con, build_id, built, changed, fingerprint, periods, as_of_at)
    return PublishResult(
        settings.snapshot,
        tuple(built.table_rows),
        built.table_rows,
        tuple(changed.pending),
        as_of_at.date() if as_of_at else None,
        changed=True,
        base=built.base,
    )


def _periods(
    policy: Policy, dates: list[dt.date], as_of_at: dt.datetime | None, changed: changes.Changes
) -> list[tuple[str, str]]:
    from dial2deal import reports  # rendering libraries load only where something is published

    if as_of_at is None:
        return []
    return reports.periods_touched(dates, as_of_at.date(), as_of_at, policy, first_load=changed.everything)


def _commit(
    con: duckdb.DuckDBPyConnection,
    build_id: str,
    built: snapshot.SnapshotFile,
    changed: changes.Changes,
    fingerprint: str,
    periods: list[tuple[str, str]],
    as_of_at: dt.datetime | None,
) -> None:
    as_of_date = as_of_at.date() if as_of_at else None
    copied_at = warehouse.get_state(con, "dirty_copied_at")
    if copied_at:
        con.execute("delete from ops.dirty_dates where added_at <= ?::timestamp", [copied_at])
    con.execute("delete from ops.build_dates")
    con.execute("delete from ops.build_info")
    con.execute(
        "insert into ops.build_info select * replace (? as table_rows) from temp.new_build_info",
        [json.dumps(built.table_rows, sort_keys=True)],
    )
    for name, value in (
        ("generation", str(changed.generation)),
        ("published_fingerprint", fingerprint),
        ("snapshot_bytes_per_row", repr(built.bytes_per_row)),
        ("full_refresh_pending", None),
    ):
        con.execute("delete from ops.state where name = ?", [name])
        if value is not None:
            warehouse.set_state(con, name, value)
    history.record(con, build_id, "published", dates=changed.pending, as_of_date=as_of_date)
    for granularity, period in periods:
        con.execute("delete from ops.report_queue where granularity = ? and period = ?", [granularity, period])
        con.execute("insert into ops.report_queue values (?, ?, now() at time zone 'UTC')", [granularity, period])


def _new_build_info(
    con: duckdb.DuckDBPyConnection,
    policy: Policy,
    build_id: str,
    verdict: GateVerdict,
    as_of_at: dt.datetime | None,
    generation: int,
) -> None:
    con.execute("create or replace temp table new_build_info as from ops.build_info limit 0")
    con.execute(
        "insert into temp.new_build_info by name "
        "select ? as build_id, ?::timestamp as as_of_at, ?::date as as_of_date, ? as code_version, "
        "? as policy_version, now() at time zone 'UTC' as built_at, ? as verdict, ? as incomplete_files, "
        "? as generation",
        [
            build_id,
            as_of_at,
            as_of_at.date() if as_of_at else None,
            warehouse.get_state(con, "code_version"),
            policy.version,
            verdict.verdict,
            verdict.incomplete_json(),
            generation,
        ],
    )


def _has_marts(con: duckdb.DuckDBPyConnection) -> bool:
    return only_row(con.execute("select count(*) > 0 from duckdb_tables() where schema_name = 'marts'"))[0]


def _as_of(con: duckdb.DuckDBPyConnection) -> dt.datetime | None:
    """Latest event of the data: calls first, then the CRM (never the clock)."""
    existing = {
        name for (name,) in con.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
    }
    for fact in (feed.fact for feed in feeds().values() if feed.fact and feed.fact.moment):
        if fact.model in existing:
            (latest,) = only_row(con.execute(f"select max({fact.moment})::timestamp from marts.{fact.model}"))
            if latest is not None:
                return latest
    return None


def _previous(con: duckdb.DuckDBPyConnection) -> tuple[dt.date | None, list[dict[str, Any]]]:
    row = con.execute("select as_of_date, incomplete_files from ops.build_info").fetchone()
    return (row[0], json.loads(row[1] or "[]")) if row else (None, [])


def _report_dates(
    changed: changes.Changes,
    previous: tuple[dt.date | None, list[dict[str, Any]]],
    verdict: GateVerdict,
    as_of_at: dt.datetime | None,
) -> list[dt.date]:
    """Dates whose reports may read differently now: new rows, a new verdict, or a period that became complete."""
    dates = set(changed.pending) - {_NO_DATE}
    earlier_as_of, earlier_files = previous
    if as_of_at is None:
        return sorted(dates)
    as_of = as_of_at.date()
    if earlier_as_of and earlier_as_of != as_of:
        # Up to the data's new end: an earlier end that lay beyond it, as after a row of 2099, has no days to report.
        dates |= set(_days(min(earlier_as_of, as_of), as_of))
    now, then = (
        {json.dumps(f, sort_keys=True): f for f in flagged}
        for flagged in (json.loads(verdict.incomplete_json()), earlier_files)
    )
    for key in now.keys() ^ then.keys():
        entry = now.get(key) or then[key]
        first, last = (dt.date.fromisoformat(entry[k]) if entry[k] else as_of for k in ("first_date", "last_date"))
        dates |= set(_days(first, min(last, as_of)))
    return sorted(dates)


def _days(first: dt.date, last: dt.date) -> list[dt.date]:
    first = max(first, last - dt.timedelta(days=_DAYS_FLAGGED_AT_MOST))
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def _fingerprint(con: duckdb.DuckDBPyConnection, settings: Settings, policy: Policy, verdict: GateVerdict) -> str:
    """Digest of what a snapshot shows beside the marts: files, verdict, rules and metric definitions."""
    digest = hashlib.sha256()
    shown = con.execute(
        "select columns(c -> c not in ('loaded_at', 'audited_at')) from ops.export_files order by path, file_id"
    ).fetchall()
    quarantined = con.execute("select file_id, count(*) from ops.quarantine group by all order by all").fetchall()
    manifest = settings.dbt_target / "semantic_manifest.json"
    for part in (
        shown,
        quarantined,
        verdict.verdict,
        verdict.incomplete_json(),
        policy.version,
        [t.name for t in published_tables(settings)],
    ):
        digest.update(repr(part).encode())
    digest.update(manifest.read_bytes() if manifest.exists() else b"")
    return digest.hexdigest()


def _is_published(con: duckdb.DuckDBPyConnection, settings: Settings, committed: int, fingerprint: str) -> bool:
    (unpublished_dates,) = only_row(con.execute("select count(*) from ops.build_dates"))
    return (
        unpublished_dates == 0
        and warehouse.get_state(con, "full_refresh_pending") is None
        and warehouse.get_state(con, "published_fingerprint") == fingerprint
        and snapshot.published_generation(con, settings) == committed
        and parquet.published_generation(settings) == committed
    )


def _unchanged(con: duckdb.DuckDBPyConnection, settings: Settings) -> PublishResult:
    as_of_date, table_rows = only_row(con.execute("select as_of_date, table_rows from ops.build_info"))
    rows = json.loads(table_rows)
    return PublishResult(settings.snapshot, tuple(rows), rows, (), as_of_date, changed=False)


def _publish_semantic_manifest(settings: Settings) -> None:
    source = settings.dbt_target / "semantic_manifest.json"
    if source.exists():
        fresh = settings.published / ".semantic_manifest.json"
        shutil.copyfile(source, fresh)
        storage.swap_in(fresh, settings.published / "semantic_manifest.json")
