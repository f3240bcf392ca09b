"""quality/files/*.xlsx: one workbook per file that somebody should look at, for the person who can fix the source."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from dial2deal import policy, warehouse
from dial2deal.audit.history import SHEET_ROWS, Catalogue
from dial2deal.audit.pages import workbook
from dial2deal.audit.pages.report import Labels
from dial2deal.loading import senses
from dial2deal.loading.file_report import FileReport, file_reports, repair_label
from dial2deal.settings import Settings

# The value that a reason quotes, masked by the loader.
_QUOTED = re.compile(r"(?<=: ).*$|(?<=Excel wrote )[^;]*", re.DOTALL)


def folder(settings: Settings) -> Path:
    """Where the workbooks lie."""
    return settings.quality / "files"


def write(settings: Settings, file_ids: Iterable[str] | None = None) -> list[Path]:
    """Write the workbook of each file that needs attention and has none or an older one; the paths written.

    ``file_ids`` names files to write in any case. Equal bookkeeping gives equal bytes.
    """
    wanted = None if file_ids is None else set(file_ids)
    locale = policy.load(settings).text("reports.locale")
    catalogue, labels = Catalogue(settings, locale), Labels(locale)
    written = []
    with warehouse.session(settings) as con:
        for report in file_reports(con, file_ids=wanted):
            path = folder(settings) / _name(report)
            if wanted is None and (not report.needs_attention or _is_fresh(path, report)):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            fresh.write_bytes(render(con, report, catalogue, labels))
            os.replace(fresh, path)
            written.append(path)
    return written


def render(con: duckdb.DuckDBPyConnection, report: FileReport, catalogue: Catalogue, labels: Labels) -> bytes:
    """The workbook's bytes: summary, repairs, quarantine, overlaps, totals."""
    rows = con.execute(
        "select line, column_name, reason, raw_line from ops.quarantine where file_id = ? "
        f"order by line, column_name limit {SHEET_ROWS + 1}",
        [report.file_id],
    ).fetchall()
    return workbook.assemble(
        f"{labels.file_title} {report.path}",
        report.audited_at or report.loaded_at,
        (
            (labels.sheet_summary, [(labels.item, 28), (labels.file_title, 100)], _summary(report, catalogue, labels)),
            (
                labels.sheet_repairs,
                [(labels.repair, 60), (labels.times, 12)],
                [[repair_label(rule, catalogue.locale), count] for rule, count in report.repairs.items()],
            ),
            (
                labels.sheet_quarantine,
                [
                    (labels.line, 9),
                    (labels.column, 20),
                    (labels.value, 30),
                    (labels.reason, 60),
                    (labels.what, 60),
                    (labels.original, 90),
                ],
                [_quarantined(row, report, catalogue) for row in rows],
            ),
            (
                labels.sheet_overlaps,
                [
                    (labels.earlier_file, 50),
                    (labels.from_time, 20),
                    (labels.to_time, 20),
                    (labels.rows_same, 12),
                    (labels.what, 60),
                ],
                [
                    [
                        o.path,
                        str(o.first_at),
                        str(o.last_at),
                        o.rows_same,
                        labels.overlap_same if o.rows_same else labels.overlap_none_same,
                    ]
                    for o in report.overlaps
                ],
            ),
            (
                labels.sheet_totals,
                [
                    (labels.line, 9),
                    (labels.column, 20),
                    (labels.outcome, 12),
                    (labels.basis, 12),
                    (labels.stated, 20),
                    (labels.expected, 16),
                    (labels.difference, 14),
                    (labels.what, 60),
                ],
                [
                    [
                        t.line,
                        t.column,
                        labels(f"totals_{t.outcome}"),
                        labels(f"basis_{t.basis}") if t.basis else None,
                        t.stated,
                        t.expected_value,
                        t.difference,
                        labels.totals_fix if t.outcome == "differs" else None,
                    ]
                    for t in report.totals
                ],
            ),
        ),
        labels,
    )


def _summary(report: FileReport, catalogue: Catalogue, t: Labels) -> list[list[Any]]:
    dates = [str(day) for day in (report.first_event_date, report.last_event_date) if day]
    verdict = report.totals_verdict
    rows = [
        (t.file, report.path),
        (t.source, report.source),
        (t.feed, catalogue.feed(report.feed)),
        (t.status, t(f"status_{report.status}")),
        (t.message, report.message),
        (t.dates, " – ".join(dict.fromkeys(dates))),
        (t.encoding, report.encoding),
        (t.read, report.rows_read),
        (t.accepted, report.rows_accepted),
        (t.quarantined, report.rows_quarantined),
        (t.duplicate, report.rows_duplicate),
        (t.superseded, report.rows_superseded),
        *((t.column_reading, senses.sentence(finding, catalogue.locale)) for finding in report.column_readings),
        (t.total_lines, report.rows_total_line),
        (t.totals_check, t(f"totals_{verdict}") if verdict else None),
        (t.unknown_columns, ", ".join(report.unknown_columns)),
    ]
    return [list(row) for row in rows if row[1] not in (None, "")]


def _quarantined(row: tuple, report: FileReport, catalogue: Catalogue) -> list[Any]:
    line, column, reason, raw_line = row
    entry = catalogue.reason(reason, report.feed)
    value = _QUOTED.search(reason)
    return [line, column, value and value[0], f"{entry['title']} ({reason})", entry["fix"], raw_line]


def _name(report: FileReport) -> str:
    stem = re.sub(r"[^\w.-]+", "_", report.path)[-80:].strip("._")
    return f"{stem}.{report.file_id[:8]}.xlsx"


def _is_fresh(path: Path, report: FileReport) -> bool:
    changed = max(filter(None, (report.loaded_at, report.audited_at))).replace(tzinfo=dt.UTC)
    return path.exists() and path.stat().st_mtime > changed.timestamp()
