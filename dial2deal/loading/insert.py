"""From the temporary table ``incoming`` into raw and quarantine, for one file or for several at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from dial2deal.feeds.profiles import Profile
from dial2deal.loading import ledger, statements
from dial2deal.loading.cells import Cells
from dial2deal.loading.outcome import Counts, Stored
from dial2deal.loading.session import LoadSession
from dial2deal.sql import identifier, literal, only_row

_FEW_ROWS = 20_000


@dataclass(frozen=True)
class _Target:
    """The rows of this load in one raw table; ``ours`` is the condition that they meet."""

    con: duckdb.DuckDBPyConnection
    raw: str
    ours: str
    source: str
    loaded_at: dt.datetime
    files: dict[str, int]

    def count(self) -> dict[str, Counts]:
        one = literal(next(iter(self.files))) if len(self.files) == 1 else None
        rows = self.con.execute(
            f"select {one or '_file_id'}, count(_event_date), count(distinct hash(_row_key)) filter "
            "(_event_date is not null), min(_event_date), max(_event_date), "
            f"min(_event_date) filter (_event_date > {statements.UNDATED}) from {self.raw} where {self.ours}"
            + ("" if one else " group by _file_id"),
            {"loaded_at": self.loaded_at},
        ).fetchall()
        return {file: Counts() for file in self.files} | {row[0]: Counts(*row[1:]) for row in rows}

    def drop_invalid(self) -> None:
        self.con.execute(
            f"delete from {self.raw} where {self.ours} and _event_date is null", {"loaded_at": self.loaded_at}
        )


def insert(
    session: LoadSession, profile: Profile, cells: Cells, files: dict[str, int], loaded_at: dt.datetime
) -> dict[str, Stored]:
    """Insert the valid rows and quarantine the others; what became of each file. Call inside a transaction.

    ``files`` maps the id of each file in ``cells`` to its number of records, in the order of their loading.
    """
    ids = ", ".join(map(literal, files))
    ours = f"_loaded_at = $loaded_at and _file_id in ({ids})"
    raw = f"raw.{identifier(profile.feed.name)}"
    target = _Target(session.con, raw, ours, profile.source, loaded_at, files)
    counts, quarantined = _insert(target, profile, cells, session.zone)
    repeated = _drop_repeated(target, counts)
    replaced_in = (
        []
        if profile.feed.adds_up
        else [file for file, count in counts.items() if count.rows - repeated.get(file, 0) > count.keys]
    )
    elsewhere = _not_accepted(target, session.known, profile, counts, replaced_in)
    return {
        file: Stored(counts[file], quarantined.get(file, 0), repeated.get(file, 0) + again, superseded)
        for file in files
        for again, superseded in [elsewhere.get(file, (0, 0))]
    }


def _insert(target: _Target, profile: Profile, cells: Cells, zone: str) -> tuple[dict[str, Counts], dict[str, int]]:
    """(counts of the valid, number quarantined) by file.

    The quick plan takes all rows, the full plan what it left. Many rows are tried on a sample first: were they all
    in an uncommon spelling, each would be inserted twice.
    """
    con = target.con
    given = {"source": target.source, "loaded_at": target.loaded_at}
    at = cells.line, cells.source, cells.file
    left = "true"
    quick = statements.plan(profile, cells.table, zone, quick=True)
    few = cells.rows <= _FEW_ROWS
    if not cells.table.may_be_lossy and (few or not con.execute(quick.sample(cells.source)).fetchone()):
        con.execute(quick.insert(*at), given)
        counts = target.count()
        if sum(count.rows for count in counts.values()) == cells.rows:
            return counts, {}
        target.drop_invalid()
        left = quick.left_over
    full = statements.plan(profile, cells.table, zone, quick=False)
    con.execute(full.insert(*at, only=left), given)
    counts = target.count()
    if sum(count.rows for count in counts.values()) == cells.rows:
        return counts, {}
    target.drop_invalid()
    quarantined = only_row(con.execute(full.quarantine(*at), {"loaded_at": target.loaded_at}))[0]
    if len(target.files) == 1:
        return counts, {next(iter(target.files)): quarantined}
    return counts, dict(
        con.execute(
            "select file_id, count(*) from ops.quarantine where quarantined_at = ? and file_id in (select unnest(?)) "
            "group by file_id",
            [target.loaded_at, list(target.files)],
        ).fetchall()
    )


def _drop_repeated(target: _Target, counts: dict[str, Counts]) -> dict[str, int]:
    """Delete rows that repeat an earlier row of the same file exactly; their number by file."""
    if all(count.keys == count.rows for count in counts.values()):
        return {}  # equal rows have an equal key
    alike = (
        f"select _file_id, _row_hash from {target.raw} where {target.ours} group by _file_id, _row_hash "
        "having count(*) > 1"
    )
    target.con.execute(
        f"delete from {target.raw} where {target.ours} and (_file_id, _line) in (select _file_id, _line from "
        "(select _file_id, _line, row_number() over (partition by _file_id, _row_key, _row_hash order by _line) as n "
        f"from {target.raw} where {target.ours} and (_file_id, _row_hash) in ({alike})) where n > 1)",
        {"loaded_at": target.loaded_at},
    )
    left = target.count()
    return {file: count.rows - left[file].rows for file, count in counts.items()}


def _not_accepted(
    target: _Target, known: ledger.Known, profile: Profile, counts: dict[str, Counts], replaced_in: list[str]
) -> dict[str, tuple[int, int]]:
    """By file, the rows that do not count: (delivered before, replaced by another row of the same file).

    Delivered before means that an earlier file of the source, still in force, has the same content. Equal content has
    an equal date, so only the dates of these files are looked at, whatever the history's length. Of rows of one key
    in ``replaced_in`` the latest counts, by the same order as in the staging models.
    """
    dated = [count for count in counts.values() if count.rows]
    if not dated:
        return {}
    first = min(count.first for count in dated if count.first)
    last = max(count.last for count in dated if count.last)
    given: dict[str, object] = {"loaded_at": target.loaded_at}
    alike, order = [], ""
    if len(dated) > 1 and _distinct(target) < sum(count.keys for count in dated):
        alike.append("again > 1")
        order = (
            ", row_number() over (partition by _row_hash, _row_key order by list_position($files, _file_id)) as again"
        )
        given["files"] = list(target.files)
    if known.may_overlap(profile.feed, target.source, first, last):
        alike.append(
            f"exists (select 1 from {target.raw} e where e._row_hash = n._row_hash and e._row_key = n._row_key "
            "and e._source = $source and e._event_date between $first and $last and e._file_id in (select file_id "
            "from ops.export_files where status in ('loaded', 'accepted') and file_id not in "
            f"({', '.join(map(literal, target.files))})))"
        )
        given |= {"source": target.source, "first": first, "last": last}
    nth = "1"
    if replaced_in:
        updated = "parse.ts(source_updated_at) desc nulls last, " if "source_updated_at" in profile.feed.columns else ""
        nth = f"row_number() over (partition by _file_id, _row_key order by {updated}_line desc)"
    if not alike and not replaced_in:
        return {}
    return {
        file: (again, superseded)
        for file, again, superseded in target.con.execute(
            "select _file_id, count(*) filter (is_again), count(*) filter (not is_again and nth > 1) from "
            f"(select _file_id, nth, {' or '.join(alike) or 'false'} as is_again from "
            f"(select _file_id, _row_hash, _row_key, {nth} as nth{order} from {target.raw} where {target.ours}) n) "
            "group by _file_id",
            given,
        ).fetchall()
    }


def _distinct(target: _Target) -> int:
    return only_row(
        target.con.execute(
            f"select count(distinct hash(_row_key)) from {target.raw} where {target.ours}",
            {"loaded_at": target.loaded_at},
        )
    )[0]
