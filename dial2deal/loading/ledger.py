"""The loader's bookkeeping in the warehouse: raw tables, files, paths, value maps, moved ids."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import duckdb

from dial2deal import warehouse
from dial2deal.feeds.catalogue import PROVENANCE, Feed, feeds
from dial2deal.feeds.problems import ProfileError
from dial2deal.feeds.profiles import Profiles
from dial2deal.landing.deliveries import Delivery
from dial2deal.loading import corrections
from dial2deal.loading.outcome import FileResult
from dial2deal.policy import Policy
from dial2deal.policy.models import ValueMap
from dial2deal.sql import literal, only_row

NO_PROFILE = "no profile"
TRY_AGAIN = "try again"
# In place of a file id: what lies under the path is an archive, all of whose members are known.
ARCHIVE = "archive"
_READ_BY_PROFILE = ("loaded", "accepted", "held", "failed")
# Macros of parse.sql that return a setting of the policy.
_MACRO_SETTINGS = (("zone", "time_zone"), ("outside_line", "outside_line_digits"))
_FILE_COLUMNS = (
    "file_id",
    "source",
    "feed",
    "path",
    "status",
    "rows_read",
    "rows_accepted",
    "rows_quarantined",
    "rows_duplicate",
    "rows_superseded",
    "rows_total_line",
    "first_event_date",
    "last_event_date",
    "message",
    "profile_version",
)


def store_columns(con: duckdb.DuckDBPyConnection, feed: Feed, columns: Iterable[str]) -> None:
    """Turn virtual columns of raw.<feed> into stored ones, so that rows can be inserted into them."""
    wanted = set(columns)
    for (column,) in con.execute(
        "select column_name from duckdb_columns() where schema_name = 'raw' and table_name = ? "
        "and database_name = current_database() and column_default is not null order by column_index",
        [feed.name],
    ).fetchall():
        if column in wanted:
            with warehouse.transaction(con):
                con.execute(f'alter table raw."{feed.name}" drop column "{column}"')
                con.execute(f'alter table raw."{feed.name}" add column "{column}" varchar')


@dataclass
class Known:
    """The ledger in memory: what is known of each path and content, read once per load."""

    paths: dict[str, tuple[int, int, str]]
    files: dict[str, dict[str, Any]]
    stored_columns: dict[str, set[str]] = field(default_factory=dict)
    latest_columns: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    home: str = "86"  # country of numbers of which nothing says another

    @classmethod
    def read(cls, con: duckdb.DuckDBPyConnection, home: str = "86") -> Known:
        """Everything the warehouse knows of earlier files."""
        paths = {
            row[0]: row[1:]
            for row in con.execute("select path, bytes, modified_ns, file_id from ops.landing_paths").fetchall()
        }
        rows = con.execute(f"select {', '.join(_FILE_COLUMNS)} from ops.export_files").fetchall()
        latest = {
            (source, feed): json.loads(columns)
            for source, feed, columns in con.execute(
                "select source, feed, arg_max(filled_columns, loaded_at) from ops.export_files "
                "where filled_columns is not null group by all"
            ).fetchall()
        }
        return cls(
            paths,
            {row[0]: dict(zip(_FILE_COLUMNS, row, strict=True)) for row in rows},
            latest_columns=latest,
            home=home,
        )

    def unchanged(self, delivery: Delivery, profile_version: str) -> dict[str, Any] | None:
        """The ledger's entry of a path whose size and time are as before."""
        seen = self.paths.get(delivery.relative)
        if seen is None or seen[:2] != (delivery.bytes, delivery.modified_ns):
            return None
        return self.same_content(seen[2], profile_version)

    def same_content(self, file_id: str, profile_version: str) -> dict[str, Any] | None:
        """The ledger's entry of a content; None for one that was read with another profile and must be read anew.

        While there is no usable profile, what was loaded stays as it is.
        """
        entry = self.files.get(file_id)
        if entry is None or entry["profile_version"] == profile_version or entry["status"] not in _READ_BY_PROFILE:
            return entry
        return entry if profile_version == NO_PROFILE and entry["status"] != "failed" else None

    def lost_rows(self, delivery: Delivery, file_id: str, rows: int) -> list[str]:
        """A note when an earlier file under the same path had more rows: what is missing now stays in force."""
        seen = self.paths.get(delivery.relative)
        earlier = self.files.get(seen[2]) if seen else None
        if earlier is None or earlier["file_id"] == file_id or earlier["status"] not in ("loaded", "accepted"):
            return []
        before = earlier["rows_accepted"] + earlier["rows_duplicate"]
        return (
            [
                f"the file that lay here before had {before:,} rows, this one has {rows:,}: rows that are missing now "
                "still count; to take rows back, deliver both in a batch= folder"
            ]
            if rows < before
            else []
        )

    def is_to_be_tried(self, file_id: str) -> bool:
        """Whether reading it failed for a reason that may have passed."""
        entry = self.files.get(file_id)
        return entry is not None and entry["profile_version"] == TRY_AGAIN

    def missing_columns(self, source: str, feed: str, columns: Iterable[str]) -> list[str]:
        """Notes on the canonical columns that the latest file of a source's feed had and this one lacks."""
        now = set(columns)
        return [
            f"column {column}, present in earlier files, is missing"
            for column in self.latest_columns.get((source, feed), [])
            if column not in now
        ]

    def store_columns(self, con: duckdb.DuckDBPyConnection, feed: Feed, columns: Iterable[str]) -> None:
        """`store_columns` for those not known to be stored already."""
        stored = self.stored_columns.setdefault(feed.name, set())
        fresh = set(columns) - stored
        if fresh:
            store_columns(con, feed, fresh)
            stored |= fresh

    def may_overlap(self, feed: Feed, source: str, first: dt.date | None, last: dt.date | None) -> bool:
        """Whether a file in force of the same source and feed can hold rows of these dates."""
        if first is None:
            return False
        return any(
            entry["source"] == source
            and entry["feed"] == feed.name
            and entry["status"] in ("loaded", "accepted")
            and (
                feed.event_column is None
                or not feed.columns[feed.event_column].not_empty
                or (
                    entry["first_event_date"]
                    and entry["first_event_date"] <= last
                    and first <= entry["last_event_date"]
                )
            )
            for entry in self.files.values()
        )


@dataclass(frozen=True)
class Entry:
    """What became of one file, and how it was read: ``reading`` as `outcome.reading` says it, ``columns`` it has."""

    delivery: Delivery
    result: FileResult
    sha256: str
    profile_version: str
    loaded_at: dt.datetime
    reading: dict[str, str | None] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)


def known_now(known: Known, entry: Entry) -> None:
    """Note in memory what was just committed."""
    delivery, result = entry.delivery, entry.result
    if entry.columns:
        known.latest_columns[result.source, result.feed] = entry.columns
    known.paths[delivery.relative] = (delivery.bytes, delivery.modified_ns, result.file_id)
    known.files[result.file_id] = {
        **{c: getattr(result, c) for c in _FILE_COLUMNS if c != "profile_version"},
        "profile_version": entry.profile_version,
    }


def prepare(con: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Create what is missing of the raw tables and tell the parse macros the policy's zone and country.

    A canonical column that no file has filled yet is virtual and NULL: an empty text column costs as much to
    compress as a short one (measured: a quarter of a load). `store_columns` makes it a stored one.
    """
    existing = {
        (table, column)
        for table, column in con.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'raw' "
            "and database_name = current_database()"
        ).fetchall()
    }
    for feed in feeds().values():
        virtual = {column: f'"{column}" varchar generated always as (null::varchar) virtual' for column in feed.columns}
        stored = {column: f'"{column}" {kind}' for column, kind in PROVENANCE.items()}
        missing = [sql for column, sql in (virtual | stored).items() if (feed.name, column) not in existing]
        if len(missing) == len(virtual) + len(stored):
            con.execute(f'create table raw."{feed.name}" ({", ".join(missing)})')
        else:
            # Virtual columns cannot be added to a table; these are few, after an upgrade.
            for column in virtual.keys() | stored.keys():
                if (feed.name, column) not in existing:
                    kind = PROVENANCE.get(column, "varchar")
                    con.execute(f'alter table raw."{feed.name}" add column "{column}" {kind}')
    for macro, setting in _MACRO_SETTINGS:
        value = policy.text(setting)
        if only_row(con.execute(f"select parse.{macro}()"))[0] != value:
            con.execute(f"create or replace macro parse.{macro}() as {literal(value)}")
    changes = "true" if _has_clock_changes(policy.text("time_zone")) else "false"
    if only_row(con.execute("select parse.has_clock_changes()"))[0] != changes:
        con.execute(f"create or replace macro parse.has_clock_changes() as '{changes}'")


def _has_clock_changes(zone: str) -> bool:
    """Whether clocks in ``zone`` have been put forward or back since 2000, or are known to be."""
    info = zoneinfo.ZoneInfo(zone)
    return (
        len(
            {
                dt.datetime(year, month, 1, tzinfo=info).utcoffset()
                for year in range(2000, 2038)
                for month in (1, 4, 7, 10)
            }
        )
        > 1
    )


def sync_value_maps(con: duckdb.DuckDBPyConnection, profiles: Profiles, policy: Policy) -> None:
    """Bring ops.value_maps up to date; a source whose values mean something else now has its dates rebuilt."""
    rows = set(_value_maps(profiles, policy))
    version = hashlib.sha256(repr(sorted(rows)).encode()).hexdigest()[:12]
    if warehouse.get_state(con, "profiles_version") == version:
        return
    columns = "source, feed, column_name, raw_value, canonical_value"
    with warehouse.transaction(con):
        before = set(con.execute(f"select {columns} from ops.value_maps").fetchall())
        con.execute("delete from ops.value_maps")
        ordered = sorted(rows)
        con.execute(
            f"insert into ops.value_maps ({columns}) select unnest($1::varchar[]), unnest($2::varchar[]), "
            "unnest($3::varchar[]), unnest($4::varchar[]), unnest($5::varchar[])",
            [[row[i] for row in ordered] for i in range(5)],
        )
        for source, feed in sorted({(row[0], row[1]) for row in before ^ rows}):
            dates = con.execute(f'select distinct _event_date from raw."{feed}" where _source = ?', [source]).fetchall()
            warehouse.mark_dirty(con, feed, [row[0] for row in dates], "value maps changed")
        warehouse.set_state(con, "profiles_version", version)


def _value_maps(profiles: Profiles, policy: Policy) -> list[tuple[str, str, str, str, str]]:
    """The policy's maps for every source, overridden by what the source's profile says."""
    rows = []
    for source, feed_name in profiles.names():
        try:
            profile = profiles.get(source, feed_name)
        except ProfileError:
            continue  # its files fail with the profile's message
        if profile is None:
            continue
        merged: dict[tuple[str, str], str] = {}
        for row in policy.rows(ValueMap):
            if row.feed in ("*", feed_name) and row.column_name in profile.feed.columns:
                merged[row.column_name, _map_key(row.raw_value)] = row.canonical_value
        for column, pairs in profile.file.values.items():
            for raw, canonical in pairs.items():
                merged[column, _map_key(raw)] = canonical
        rows += [(source, feed_name, column, raw, canonical) for (column, raw), canonical in merged.items()]
    return rows


def _map_key(raw: str) -> str:
    return raw.strip().lower()


def remember_archive(con: duckdb.DuckDBPyConnection, known: Known, archive: Delivery, members: list[str]) -> None:
    """Note that all members of an archive are known; forget those of its earlier content."""
    with warehouse.transaction(con):
        con.execute(
            "delete from ops.landing_paths where starts_with(path, ?) and path not in (select unnest(?))",
            [f"{archive.relative}!", members],
        )
        supersede_earlier(con, known, archive, ARCHIVE)
        remember_path(con, known, archive, ARCHIVE)


def forget_failed(con: duckdb.DuckDBPyConnection, present: set[str]) -> None:
    """Failed files that have left landing concern nobody any more; ``present`` are the paths that lie there."""
    for file_id, path in con.execute("select file_id, path from ops.export_files where status = 'failed'").fetchall():
        if path.partition("!")[0] not in present:
            con.execute(
                "update ops.export_files set status = 'superseded', message = 'no longer in landing' where file_id = ?",
                [file_id],
            )


def withdraw(con: duckdb.DuckDBPyConnection, known: Known, feed: str, file_id: str) -> None:
    """Take back what there is of a file that is read anew; call inside the file's transaction."""
    if known.files[file_id]["rows_read"]:
        corrections.supersede(con, file_id, feed, "read anew")
        con.execute(f'delete from raw."{feed}" where _file_id = ?', [file_id])
    for table in ("quarantine", "file_totals"):
        con.execute(f"delete from ops.{table} where file_id = ?", [file_id])


def keep(con: duckdb.DuckDBPyConnection, known: Known, file_id: str, profile_version: str, message: str) -> None:
    """Leave a file in force that could not be read anew, and say so."""
    entry = known.files[file_id]
    entry |= {"profile_version": profile_version, "message": message}
    con.execute(
        "update ops.export_files set profile_version = ?, message = ? where file_id = ?",
        [profile_version, message, file_id],
    )


def remember_path(con: duckdb.DuckDBPyConnection, known: Known, delivery: Delivery, file_id: str) -> None:
    """Note which content lies under a path, so that it need not be read again."""
    _write_path(con, known, delivery, file_id)
    known.paths[delivery.relative] = (delivery.bytes, delivery.modified_ns, file_id)


def _write_path(con: duckdb.DuckDBPyConnection, known: Known, delivery: Delivery, file_id: str) -> None:
    if delivery.relative in known.paths:
        con.execute("delete from ops.landing_paths where path = ?", [delivery.relative])
    con.execute(
        "insert into ops.landing_paths values (?, ?, ?, ?, now() at time zone 'UTC')",
        [delivery.relative, delivery.bytes, delivery.modified_ns, file_id],
    )


def supersede_earlier(con: duckdb.DuckDBPyConnection, known: Known, delivery: Delivery, file_id: str) -> None:
    """A path's earlier content that was held, failed or read as another feed gives way to the one that loads now."""
    seen = known.paths.get(delivery.relative)
    if seen is None or seen[2] == file_id:
        return
    entry = known.files.get(seen[2])
    if entry and entry["feed"] != delivery.feed and entry["status"] in ("loaded", "accepted"):
        corrections.supersede(con, seen[2], entry["feed"], f"read as {delivery.feed} now")
        entry["status"] = "superseded"
    con.execute(
        "update ops.export_files set status = 'superseded' "
        "where file_id = ? and status in ('held', 'failed') and path = ?",
        [seen[2], delivery.relative],
    )


def record(con: duckdb.DuckDBPyConnection, known: Known, entry: Entry) -> None:
    """Write one file's entry and its path; call inside the file's transaction, and `known_now` after it."""
    delivery, result = entry.delivery, entry.result
    values = {
        **{k: v for k, v in dataclasses.asdict(result).items() if k != "skipped"},
        "sha256": entry.sha256,
        "bytes": delivery.bytes,
        "modified_at": delivery.modified_at,
        "delivered_at": delivery.delivered_at,
        **entry.reading,
        "profile_version": entry.profile_version,
        "loaded_at": entry.loaded_at,
    }
    if result.file_id in known.files:
        con.execute("delete from ops.export_files where file_id = ?", [result.file_id])
    con.execute(
        f"insert into ops.export_files ({', '.join(values)}) values ({', '.join('?' for _ in values)})",
        list(values.values()),
    )
    _write_path(con, known, delivery, result.file_id)


def note_moved_ids(con: duckdb.DuckDBPyConnection) -> None:
    """Note ids that lie on several dates, for files not yet audited; idempotent, so a killed load is made good.

    Of rows that are united it is the id of what they make that is noted. Only keys of the new files are looked up,
    by hash; columns of the history are read, never its rows.
    """
    for feed in feeds().values():
        if not feed.ids_can_move:
            continue
        new = only_row(
            con.execute(
                "select list(file_id), min(loaded_at) from ops.export_files where feed = ? and status = 'loaded'",
                [feed.name],
            )
        )
        if not new[0]:
            continue
        raw, unit = f'raw."{feed.name}"', f'"{feed.united_by or "_row_key"}"'
        fresh = "_loaded_at >= $since and _file_id in (select unnest($files))"
        con.execute(
            f"create or replace temp table moved as select hash(_source, {unit}) as id "
            f"from {raw} where hash(_source, {unit}) in (select hash(_source, {unit}) from {raw} where {fresh}) "
            "group by id having min(_event_date) <> max(_event_date)",
            {"files": new[0], "since": new[1]},
        )
        if con.execute("select 1 from moved limit 1").fetchone():
            con.execute(
                "insert into ops.moved_ids by name (select distinct _source as source, $feed as feed, "
                f"{unit} as row_key, _event_date as event_date from {raw} "
                f"where hash(_source, {unit}) in (select id from moved)) "
                "except all select source, feed, row_key, event_date from ops.moved_ids where feed = $feed",
                {"feed": feed.name},
            )
