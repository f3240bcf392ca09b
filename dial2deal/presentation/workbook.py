"""A workbook of the house: every cell is written safely, sheets look alike and print on A4."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from dial2deal.presentation.spreadsheets import neutral
from dial2deal.presentation.words import Words

_FORMATS: dict[str, dict[str, Any]] = {
    "text": {"indent": 1},
    "wrap": {"text_wrap": True, "indent": 1},
    "id": {"num_format": "@", "indent": 1},
    "count": {"num_format": "#,##0"},
    "share": {"num_format": "0.0%"},
    "ratio": {"num_format": "0%"},
    "money": {"num_format": "¥#,##0.00"},
    "multiple": {"num_format": '0.0"×"'},
    "seconds": {"num_format": "#,##0"},
    "moment": {"num_format": "yyyy-mm-dd hh:mm"},
}
HEADER_ROW = 3
_A4 = 9


class Own(str):
    """Text made of the product's own words and numbers: +5.0%, ▲. It may begin as a formula would; foreign text not."""

    __slots__ = ()


class Book:
    """A workbook whose every cell is written safely and looks alike."""

    def __init__(self, path: Path, words: Words, title: str, heading: str, created: dt.datetime):
        """``heading`` stands on every sheet. ``created`` is of the data: a rerun must give the same bytes."""
        self.words, self.heading = words, heading
        # No constant_memory: sheets are written column-wise in places, and lists have at most some 10,000 rows.
        self.book = xlsxwriter.Workbook(
            str(path),
            {
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "default_date_format": "yyyy-mm-dd",
            },
        )
        self.book.set_properties({"title": title, "author": "dial2deal", "created": created})
        base = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "vcenter"}
        self.formats = {name: self.book.add_format(base | extra) for name, extra in _FORMATS.items()}
        self.header = self.book.add_format(
            base
            | {
                "bold": True,
                "font_color": "#FFFFFF",
                "bg_color": "#2F5BD0",
                "text_wrap": True,
                "border": 1,
                "border_color": "#2F5BD0",
            }
        )
        self.title = self.book.add_format(base | {"bold": True, "font_size": 15, "font_color": "#1C2333"})
        self.quiet = self.book.add_format(base | {"font_color": "#6B7489"})
        self.good = self.book.add_format({"font_color": "#0B7D53"})
        self.bad = self.book.add_format({"font_color": "#C03221"})

    def sheet(
        self, name: str, columns: Sequence[tuple[str, str, float]], rows: list[list[Any]], note: str = ""
    ) -> tuple[Worksheet, int]:
        """A table below a title: ``columns`` are (label key or text, format name, width); header frozen, autofilter."""
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.write_string(0, 0, self.heading, self.title)
        sheet.write_string(1, 0, note, self.quiet)
        sheet.set_row(0, 26)
        sheet.set_row(HEADER_ROW, 30)
        for index, (heading, kind, width) in enumerate(columns):
            sheet.set_column(index, index, width, self.formats[kind])
            text = self.words(heading) if self.words.has(heading) else heading
            sheet.write_string(HEADER_ROW, index, text, self.header)
        for number, row in enumerate(rows, start=HEADER_ROW + 1):
            for index, value in enumerate(row):
                write(sheet, number, index, value, self.formats[columns[index][1]])
        last = HEADER_ROW + max(1, len(rows))
        sheet.autofilter(HEADER_ROW, 0, last, len(columns) - 1)
        sheet.freeze_panes(HEADER_ROW + 1, 1)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.set_margins(0.4, 0.4, 0.5, 0.5)
        sheet.set_footer("&L&8&A&R&8&P / &N")
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(HEADER_ROW)
        return sheet, last


def write(sheet: Worksheet, row: int, column: int, value: object, cell_format: Format) -> None:
    """Write one value by its type; foreign text that looks like a formula gets an apostrophe."""
    if value is None:
        sheet.write_blank(row, column, None, cell_format)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value, cell_format)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value, cell_format)
    elif isinstance(value, dt.datetime):
        sheet.write_datetime(row, column, value, cell_format)
    else:
        sheet.write_string(row, column, str(value) if isinstance(value, Own) else neutral(str(value)), cell_format)
