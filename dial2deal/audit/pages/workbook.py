"""exceptions.xlsx: every failing and quarantined row with who fixes it, for the people who can."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterable
from typing import Any

import xlsxwriter

from dial2deal.audit.history import SHEET_ROWS, Catalogue, QualityFacts
from dial2deal.audit.suites import Role
from dial2deal.presentation.spreadsheets import neutral
from dial2deal.presentation.words import Words

_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def render(facts: QualityFacts, catalogue: Catalogue, words: Words) -> bytes:
    """The workbook's bytes; its creation time is the time of the audit, so equal facts give equal bytes."""
    return assemble(
        words("quality.title"),
        facts.checked_at,
        (
            (words("quality.sheet_summary"), *_summary(facts, catalogue, words)),
            (words("quality.sheet_failing"), *_failing(facts, catalogue, words)),
            (words("word.quarantined_rows"), *_quarantined(facts, catalogue, words)),
            (words("word.files"), *_files(facts, catalogue, words)),
        ),
        words,
    )


def assemble(
    title: str, created: dt.datetime | None, sheets: Iterable[tuple[str, list[Any], list[Any]]], words: Words
) -> bytes:
    """A workbook of (name, [(heading, width)], rows) sheets in the house style; formulas in texts are neutralised."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"title": title, "created": created or _EPOCH})
    formats = {
        "head": book.add_format(
            {
                "bold": True,
                "font_color": "#FFFFFF",
                "bg_color": "#1F3A5F",
                "valign": "vcenter",
                "text_wrap": True,
                "border": 1,
                "border_color": "#D0D7DE",
            }
        ),
        "text": book.add_format({"valign": "top", "text_wrap": True}),
        "plain": book.add_format({"valign": "top"}),
        "critical": book.add_format({"bold": True, "font_color": "#B42318", "bg_color": "#FEF0EE"}),
        "warning": book.add_format({"font_color": "#8A5A00", "bg_color": "#FFF6E0"}),
    }
    for name, columns, rows in sheets:
        _sheet(book, formats, name, columns, rows, words)
    book.close()
    return target.getvalue()


def _summary(facts: QualityFacts, catalogue: Catalogue, t: Words) -> tuple[list[Any], list[Any]]:
    columns = [
        (t("word.severity"), 10),
        (t("quality.who"), 20),
        (t("quality.feed"), 14),
        (t("word.file"), 40),
        (t("quality.rule"), 40),
        (t("quality.outcome"), 10),
        (t("quality.source_file_rows"), 12),
        (t("quality.checked_rows"), 12),
        (t("quality.what"), 60),
    ]
    paths = {file["file_id"]: file["path"] for file in facts.files}
    rows = []
    for row in facts.open_checks:
        check = catalogue.check(row["feed"], row["check_name"])
        rows.append(
            [
                t(f"outcome.{row['severity']}"),
                check["who"],
                catalogue.feed(row["feed"]),
                paths[row["file_id"]],
                check["title"],
                t(f"outcome.{row['outcome']}"),
                row["rows_failed"],
                row["rows_checked"],
                check["fix"],
            ]
        )
    for file in facts.files:
        if file["status"] == "failed":
            owner = catalogue.owner(file["feed"])
            why = catalogue.unreadable(file["message"])
            rows.append(
                [
                    t("outcome.critical"),
                    owner,
                    catalogue.feed(file["feed"]),
                    file["path"],
                    why["title"],
                    t("outcome.failed"),
                    file["rows_read"],
                    file["rows_read"],
                    f"{why['fix']} ({t('word.details')}: {why['details']})",
                ]
            )
    for row in facts.warnings:
        check = catalogue.check(row["feed"], row["check_name"])
        where = row["example"] if row["files"] == 1 else t("quality.files_count", n=row["files"])
        rows.append(
            [
                t("outcome.warning"),
                check["who"],
                catalogue.feed(row["feed"]),
                where,
                check["title"],
                t(f"outcome.{row['outcome']}"),
                row["rows_failed"],
                row["rows_checked"],
                check["fix"],
            ]
        )
    for row in facts.quarantine:
        reason = catalogue.reason(row["reason"], row["feed"])
        title = f"{t('word.quarantined_rows')} · {reason['title']}" + (
            f" · {row['column_name']}" if row["column_name"] else ""
        )
        rows.append(
            [
                t("outcome.warning"),
                reason["who"],
                catalogue.feed(row["feed"]),
                t("quality.files_count", n=row["files"]),
                title,
                t("outcome.failed"),
                row["rows"],
                None,
                reason["fix"],
            ]
        )
    for row in facts.models:
        rows.append(
            [
                t(f"outcome.{row['severity']}"),
                catalogue.role(_engineer(catalogue)),
                "dbt",
                row["model"],
                row["check_name"],
                t(f"outcome.{row['outcome']}"),
                row["rows_failed"],
                None,
                row["message"],
            ]
        )
    return columns, rows


def _failing(facts: QualityFacts, catalogue: Catalogue, t: Words) -> tuple[list[Any], list[Any]]:
    columns = [
        (t("word.severity"), 10),
        (t("quality.who"), 20),
        (t("quality.feed"), 14),
        (t("word.file"), 40),
        (t("quality.line"), 9),
        (t("quality.rule"), 40),
        (t("quality.column"), 18),
        (t("quality.value"), 28),
        (t("quality.what"), 50),
        (t("quality.context"), 80),
    ]
    rows = []
    for row in facts.failing_rows:
        check = catalogue.check(row["feed"], row["check_name"])
        rows.append(
            [
                t(f"outcome.{row['severity']}"),
                check["who"],
                catalogue.feed(row["feed"]),
                row["path"],
                row["line"],
                check["title"],
                row["column_name"],
                row["value"],
                check["fix"],
                _context(row["row_json"]),
            ]
        )
    return columns, rows


def _quarantined(facts: QualityFacts, catalogue: Catalogue, t: Words) -> tuple[list[Any], list[Any]]:
    columns = [
        (t("quality.who"), 20),
        (t("quality.feed"), 14),
        (t("word.file"), 40),
        (t("quality.line"), 9),
        (t("quality.column"), 18),
        (t("quality.reason"), 50),
        (t("quality.what"), 50),
        (t("quality.original"), 90),
    ]
    rows = []
    for row in facts.quarantined_rows:
        reason = catalogue.reason(row["reason"], row["feed"])
        rows.append(
            [
                reason["who"],
                catalogue.feed(row["feed"]),
                row["path"],
                row["line"],
                row["column_name"],
                f"{reason['title']} ({row['reason']})",
                reason["fix"],
                row["raw_line"],
            ]
        )
    return columns, rows


def _files(facts: QualityFacts, catalogue: Catalogue, t: Words) -> tuple[list[Any], list[Any]]:
    columns = [
        (t("word.status"), 14),
        (t("quality.feed"), 14),
        (t("word.file"), 50),
        (t("quality.dates"), 24),
        (t("quality.read"), 11),
        (t("quality.accepted"), 11),
        (t("quality.quarantined"), 11),
        (t("quality.duplicate"), 11),
        (t("quality.superseded"), 11),
        (t("word.message"), 90),
    ]
    rows = [
        [
            t(f"quality.status_{f['status']}"),
            catalogue.feed(f["feed"]),
            f["path"],
            _span(f),
            f["rows_read"],
            f["rows_accepted"],
            f["rows_quarantined"],
            f["rows_duplicate"],
            f["rows_superseded"],
            catalogue.unreadable(f["message"])["title"] if f["status"] == "failed" else f["message"],
        ]
        for f in facts.files
    ]
    return columns, rows


def _sheet(
    book: xlsxwriter.Workbook,
    formats: dict[str, Any],
    name: str,
    columns: list[tuple[str, int]],
    rows: list[list[Any]],
    t: Words,
) -> None:
    sheet = book.add_worksheet(name)
    for index, (heading, width) in enumerate(columns):
        sheet.set_column(index, index, width, formats["plain"])
        sheet.write_string(0, index, heading, formats["head"])
    sheet.set_row(0, 24)
    shown = rows[:SHEET_ROWS]
    for line, row in enumerate(shown, start=1):
        for index, value in enumerate(row):
            value = neutral(value)
            if isinstance(value, str):
                sheet.write_string(line, index, value, formats["plain"])
            elif value is not None:
                sheet.write_number(line, index, value, formats["plain"])
    if len(rows) > SHEET_ROWS:
        sheet.write_string(len(shown) + 1, 0, t("quality.truncated", n=f"{SHEET_ROWS:,}"), formats["warning"])
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(shown), 1), len(columns) - 1)
    if columns[0][0] == t("word.severity"):
        for kind in ("critical", "warning"):
            sheet.conditional_format(
                1,
                0,
                max(len(shown), 1),
                0,
                {"type": "cell", "criteria": "==", "value": f'"{t(f"outcome.{kind}")}"', "format": formats[kind]},
            )


def _context(row_json: str | None) -> str | None:
    if not row_json:
        return None
    return " | ".join(f"{key}={value}" for key, value in json.loads(row_json).items() if value is not None)


def _span(file: dict[str, Any]) -> str:
    first, last = file["first_event_date"], file["last_event_date"]
    if first is None:
        return ""
    return str(first) if first == last else f"{first} – {last}"


def _engineer(catalogue: Catalogue) -> Role:
    """Model tests are the data engineer's, who is also the one every file's bookkeeping rules name."""
    suite = next(iter(catalogue.suites.values()))
    return next(check.who_fixes for check in suite.checks if check.check_name == "rows_reconcile")
