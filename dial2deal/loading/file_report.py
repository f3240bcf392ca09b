"""The file report: what was read, repaired, set aside and repeated of each delivery, and what its maker counted."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import duckdb

from dial2deal.loading import repairs, senses
from dial2deal.readers.sense import Finding

_LINES_SHOWN = 20
_NAMED = 3
_FILE_COLUMNS = (
    "file_id",
    "source",
    "feed",
    "path",
    "status",
    "message",
    "encoding",
    "delimiter",
    "bytes",
    "rows_read",
    "rows_accepted",
    "rows_quarantined",
    "rows_duplicate",
    "rows_superseded",
    "rows_total_line",
    "first_event_date",
    "last_event_date",
    "delivered_at",
    "loaded_at",
    "audited_at",
    "unknown_columns",
    "repairs",
    "column_readings",
)
# The audit's verdict replaces the loader's message, its notes stay.
_SELECTED = {
    "message": "case when contains(message, read_notes) then message "
    "else nullif(concat_ws('; ', message, read_notes), '') end"
}
# Reasons that differ only in the value they show are one kind.
_KIND = "regexp_replace(regexp_replace(reason, ': .*$', ': …', 's'), 'Excel wrote [^;]*', 'Excel wrote …')"


@dataclass(frozen=True)
class Quarantined:
    """Rows of one file set aside for one reason; ``lines`` holds the first ones, ``example`` a masked raw line."""

    reason: str
    column: str | None
    rows: int
    lines: list[int]
    example: str | None


@dataclass(frozen=True)
class Overlap:
    """An earlier file that covers part of the same time (local); ``rows_same`` rows are identical."""

    path: str
    first_at: dt.datetime
    last_at: dt.datetime
    rows_same: int


@dataclass(frozen=True)
class Total:
    """One cell of a totals line: what it states, what the rows add up to, and whether that agrees."""

    line: int
    column: str
    basis: str
    stated: str
    stated_value: float | None
    expected_value: float | None
    outcome: str

    @property
    def difference(self) -> float | None:
        """Stated minus expected; None when there is nothing to compare."""
        if self.stated_value is None or self.expected_value is None:
            return None
        return round(self.stated_value - self.expected_value, 6)


@dataclass(frozen=True)
class FileReport:
    """Everything the bookkeeping knows of one delivered file; counts are of rows, times in UTC but event dates."""

    file_id: str
    source: str
    feed: str
    path: str
    status: str
    message: str | None
    encoding: str | None
    delimiter: str | None
    bytes: int
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_duplicate: int
    rows_superseded: int
    rows_total_line: int
    first_event_date: dt.date | None
    last_event_date: dt.date | None
    delivered_at: dt.datetime | None
    loaded_at: dt.datetime
    audited_at: dt.datetime | None
    unknown_columns: list[str]
    repairs: dict[str, int]
    column_readings: list[Finding]
    quarantine: list[Quarantined] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)

    @property
    def totals_verdict(self) -> str | None:
        """differs, agrees or not_comparable for the file as a whole; None without a totals line."""
        found = {total.outcome for total in self.totals}
        return next((verdict for verdict in ("differs", "agrees", "not_comparable") if verdict in found), None)

    @property
    def needs_attention(self) -> bool:
        """Whether there is anything for the person who can fix the source; repairs need nobody."""
        return self.status != "superseded" and bool(
            self.status in ("failed", "held")
            or self.rows_quarantined
            or self.overlaps
            or self.totals_verdict == "differs"
            or self.message
        )


def file_reports(
    con: duckdb.DuckDBPyConnection,
    *,
    file_ids: Iterable[str] | None = None,
    path: str | None = None,
    source: str | None = None,
    status: str | None = None,
    latest_build: bool = False,
) -> list[FileReport]:
    """Reports of the files that meet every condition given, by path.

    ``path`` is a file, a folder or the end of a path below landing; ``latest_build`` means what arrived since the
    build before the latest one.
    """
    ids = None if file_ids is None else list(file_ids)
    since = _latest_build_began(con) if latest_build else None
    rows = con.execute(
        f"select {', '.join(_SELECTED.get(column, column) for column in _FILE_COLUMNS)} from ops.export_files "
        "where ($ids::varchar[] is null or file_id in (select unnest($ids::varchar[]))) "
        "and ($source::varchar is null or source = $source) and ($status::varchar is null or status = $status) "
        "and ($path::varchar is null or path = $path or starts_with(path, $path || '/') "
        "or starts_with(path, $path || '!') or ends_with(path, '/' || $path) or file_id = $path) "
        "and ($since::timestamp is null or loaded_at > $since) order by path, loaded_at, file_id",
        {"ids": ids, "source": source, "status": status, "path": path and path.strip("/"), "since": since},
    ).fetchall()
    files = [dict(zip(_FILE_COLUMNS, row, strict=True)) for row in rows]
    found = [file["file_id"] for file in files]
    quarantine, overlaps, totals = _quarantine(con, found), _overlaps(con, found), _totals(con, found)
    return [
        FileReport(
            **{
                **file,
                "unknown_columns": json.loads(file["unknown_columns"] or "[]"),
                "repairs": json.loads(file["repairs"] or "{}"),
                "column_readings": senses.from_json(file["column_readings"]),
                "quarantine": quarantine.get(file["file_id"], []),
                "overlaps": overlaps.get(file["file_id"], []),
                "totals": totals.get(file["file_id"], []),
            }
        )
        for file in files
    ]


def repair_label(rule: str, locale: str) -> str:
    """A repair rule for people (``zh`` or ``en``); the rule itself where repairs.yml has no label for it."""
    return repairs.vocabulary().get(rule, {}).get(f"label_{locale}") or rule


def column_reading_text(finding: Finding) -> str:
    """How the dates or numbers of one column were read, and why; English."""
    return senses.sentence(finding)


def reason_text(item: Quarantined) -> str:
    """One quarantine reason with the lines it was met on."""
    shown = ", ".join(map(str, item.lines[:5]))
    where = f"line{'s' if item.rows > 1 else ''} {shown}{', …' if item.rows > 5 else ''}"
    return f"{item.rows:,} row(s), {item.reason} ({where})"


def overlap_text(item: Overlap) -> str:
    """One overlap: the other file, from when to when, what is the same."""
    first, last = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (item.first_at, item.last_at))
    return f"{item.path} from {first} to {last}, {item.rows_same:,} same"


def total_text(item: Total) -> str:
    """One cell of a totals line and what became of its comparison."""
    what = f"{item.column or 'rows'} states {item.stated}"
    if item.outcome == "not_comparable":
        return f"{what}: not comparable"
    return f"{what}: {item.basis} of the rows is {number(item.expected_value)}, " + (
        "agrees" if item.outcome == "agrees" else f"differs by {number(item.difference)}"
    )


def brief(report: FileReport) -> dict[str, str]:
    """Repairs, quarantine, totals and overlaps as short texts for one table row; English."""
    wrong = [total_text(total) for total in report.totals if total.outcome == "differs"]
    more = f"; and {len(report.overlaps) - _NAMED} more" if len(report.overlaps) > _NAMED else ""
    return {
        "repaired": "; ".join(f"{repair_label(rule, 'en')}: {count:,}" for rule, count in report.repairs.items()),
        "reasons": "; ".join(map(reason_text, report.quarantine)),
        "readings": "; ".join(map(senses.sentence, report.column_readings)),
        "totals": "; ".join(wrong) or (report.totals_verdict or "").replace("_", " "),
        "overlaps": "; ".join(map(overlap_text, report.overlaps[:_NAMED])) + more,
    }


def sentence(report: FileReport) -> str:
    """The report in one line: numbers first, then what is out of the ordinary; English."""
    texts = brief(report)
    parts = [f"{report.rows_read:,} read, {report.rows_accepted:,} accepted"]
    parts += [
        f"{count:,} {label}"
        for count, label in (
            (report.rows_quarantined, f"quarantined [{texts['reasons']}]"),
            (report.rows_duplicate, "duplicate"),
            (report.rows_superseded, "superseded by a later row of the file"),
        )
        if count
    ]
    parts += [
        f"{label}: {texts[key]}"
        for key, label in (
            ("totals", "totals line"),
            ("overlaps", "overlaps"),
            ("readings", "columns"),
            ("repaired", "repaired"),
        )
        if texts[key]
    ]
    return f"{report.path} ({report.status}): {'; '.join(parts)}"


def as_dict(report: FileReport) -> dict[str, Any]:
    """The report as plain values, with the verdict on totals and the difference of each."""
    values = asdict(report)
    values["totals"] = [{**asdict(total), "difference": total.difference} for total in report.totals]
    return {**values, "totals_verdict": report.totals_verdict}


def number(value: float | None) -> str:
    """A total as people write it: no decimals where there are none."""
    if value is None:
        return ""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def _latest_build_began(con: duckdb.DuckDBPyConnection) -> dt.datetime | None:
    row = con.execute("select finished_at from ops.builds order by finished_at desc limit 1 offset 1").fetchone()
    return row[0] if row else None


def _quarantine(con: duckdb.DuckDBPyConnection, files: list[str]) -> dict[str, list[Quarantined]]:
    found: dict[str, list[Quarantined]] = {}
    for file_id, *values in con.execute(
        f"select file_id, case when count(distinct reason) = 1 then any_value(reason) else {_KIND} end as said, "
        "column_name, count(*), list(line order by line)[:$shown], arg_min(raw_line, line) from ops.quarantine "
        f"where file_id in (select unnest($files::varchar[])) group by file_id, column_name, {_KIND} "
        "order by min(line)",
        {"files": files, "shown": _LINES_SHOWN},
    ).fetchall():
        found.setdefault(file_id, []).append(Quarantined(*values))
    return found


def _overlaps(con: duckdb.DuckDBPyConnection, files: list[str]) -> dict[str, list[Overlap]]:
    found: dict[str, list[Overlap]] = {}
    for file_id, *values in con.execute(
        "select v.file_id, e.path, v.first_at, v.last_at, v.rows_same from ops.file_overlaps v "
        "join ops.export_files e on e.file_id = v.earlier_file_id "
        "where v.file_id in (select unnest($files::varchar[])) order by v.rows_same desc, e.path",
        {"files": files},
    ).fetchall():
        found.setdefault(file_id, []).append(Overlap(*values))
    return found


def _totals(con: duckdb.DuckDBPyConnection, files: list[str]) -> dict[str, list[Total]]:
    found: dict[str, list[Total]] = {}
    for file_id, *values in con.execute(
        "select file_id, line, column_name, basis, stated, stated_value, expected_value, outcome from "
        "ops.file_totals where file_id in (select unnest($files::varchar[])) order by line, rowid",
        {"files": files},
    ).fetchall():
        found.setdefault(file_id, []).append(Total(*values))
    return found
