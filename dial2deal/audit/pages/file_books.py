"""quality/files/*.xlsx: one workbook per file that somebody should look at, for the person who can fix the source."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from dial2deal import policy, storage, warehouse
from dial2deal.audit.history import SHEET_ROWS, Catalogue
from dial2deal.audit.pages import workbook
from dial2deal.loading import senses
from dial2deal.loading.file_report import FileReport, file_reports, repair_label
from dial2deal.presentation.words import Words
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
    catalogue, words = Catalogue(settings, locale), Words(locale)
    written = []
    with warehouse.session(settings) as con:
        for report in file_reports(con, file_ids=wanted):
            path = folder(settings) / _name(report)
            if wanted is None and (not report.needs_attention or _is_fresh(path, report)):
                continue
            written.append(storage.write(path, render(con, report, catalogue, words)))
    return written


def render(con: duckdb.DuckDBPyConnection, report: FileReport, catalogue: Catalogue, words: Words) -> bytes:
    """The workbook's bytes: summary, repairs, quarantine, overlaps, totals."""
    rows = con.execute(
        "select line, column_name, reason, raw_line from ops.quarantine where file_id = ? "
        f"order by line, column_name limit {SHEET_ROWS + 1}",
        [report.file_id],
    ).fetchall()
    return workbook.assemble(
        f"{words('quality.file_title')} {report.path}",
        report.audited_at or report.loaded_at,
        (
            (
                words("quality.sheet_summary"),
                [(words("word.item"), 28), (words("quality.file_title"), 100)],
                _summary(report, catalogue, words),
            ),
            (
                words("quality.sheet_repairs"),
                [(words("quality.repair"), 60), (words("quality.times"), 12)],
                [[repair_label(rule, catalogue.locale), count] for rule, count in report.repairs.items()],
            ),
            (
                words("word.quarantined_rows"),
                [
                    (words("quality.line"), 9),
                    (words("quality.column"), 20),
                    (words("quality.value"), 30),
                    (words("quality.reason"), 60),
                    (words("quality.what"), 60),
                    (words("quality.original"), 90),
                ],
                [_quarantined(row, report, catalogue) for row in rows],
            ),
            (
                words("quality.sheet_overlaps"),
                [
                    (words("quality.earlier_file"), 50),
                    (words("quality.from_time"), 20),
                    (words("quality.to_time"), 20),
                    (words("quality.rows_same"), 12),
                    (words("quality.what"), 60),
                ],
                [
                    [
                        o.path,
                        str(o.first_at),
                        str(o.last_at),
                        o.rows_same,
                        words("quality.overlap_same") if o.rows_same else words("quality.overlap_none_same"),
                    ]
                    for o in report.overlaps
                ],
            ),
            (
                words("quality.sheet_totals"),
                [
                    (words("quality.line"), 9),
                    (words("quality.column"), 20),
                    (words("quality.outcome"), 12),
                    (words("quality.basis"), 12),
                    (words("quality.stated"), 20),
                    (words("quality.expected"), 16),
                    (words("quality.difference"), 14),
                    (words("quality.what"), 60),
                ],
                [
                    [
                        t.line,
                        t.column,
                        words(f"quality.totals_{t.outcome}"),
                        words(f"quality.basis_{t.basis}") if t.basis else None,
                        t.stated,
                        t.expected_value,
                        t.difference,
                        words("quality.totals_fix") if t.outcome == "differs" else None,
                    ]
                    for t in report.totals
                ],
            ),
        ),
        words,
    )


def _summary(report: FileReport, catalogue: Catalogue, t: Words) -> list[list[Any]]:
    dates = [str(day) for day in (report.first_event_date, report.last_event_date) if day]
    verdict = report.totals_verdict
    rows = [
        (t("word.file"), report.path),
        (t("quality.source"), report.source),
        (t("quality.feed"), catalogue.feed(report.feed)),
        (t("word.status"), t(f"quality.status_{report.status}")),
        (t("word.message"), report.message),
        (t("quality.dates"), " – ".join(dict.fromkeys(dates))),
        (t("quality.encoding"), report.encoding),
        (t("quality.read"), report.rows_read),
        (t("quality.accepted"), report.rows_accepted),
        (t("quality.quarantined"), report.rows_quarantined),
        (t("quality.duplicate"), report.rows_duplicate),
        (t("quality.superseded"), report.rows_superseded),
        *(
            (t("quality.column_reading"), senses.sentence(finding, catalogue.locale))
            for finding in report.column_readings
        ),
        (t("quality.total_lines"), report.rows_total_line),
        (t("quality.totals_check"), t(f"quality.totals_{verdict}") if verdict else None),
        (t("quality.unknown_columns"), ", ".join(report.unknown_columns)),
    ]
    return [list(row) for row in rows if row[1] not in (None, "")]


def _quarantined(row: tuple[Any, ...], report: FileReport, catalogue: Catalogue) -> list[Any]:
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
