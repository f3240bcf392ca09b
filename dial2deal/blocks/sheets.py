"""Blocks as sheets of a workbook: one renderer per kind, columns and widths as the block says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dial2deal.blocks.kinds import SHEET, Column, Funnel, Ranking, Rate, Table
from dial2deal.presentation.workbook import HEADER_ROW, Book, Own

_BAR = {"type": "data_bar", "bar_color": "#A9BDF0", "bar_solid": True}
_SHARE_BAR = {**_BAR, "min_type": "num", "min_value": 0, "max_type": "num", "max_value": 1}


def table(book: Book, name: str, block: Table) -> None:
    """A sheet of one table."""
    shown = _shown(block)
    sheet, last = book.sheet(name, _headings(shown), [_row(row, shown) for row in block.rows], block.sheet_lead)
    for index, column in enumerate(shown):
        if column.is_measured:
            sheet.conditional_format(HEADER_ROW + 1, index, last, index, _SHARE_BAR)
    for index, column in enumerate(shown):
        if column.warns_below is not None:
            rule = {"type": "cell", "criteria": "<", "value": column.warns_below, "format": book.bad}
            sheet.conditional_format(HEADER_ROW + 1, index, last, index, rule)


def rankings(book: Book, name: str, blocks: Sequence[Ranking]) -> None:
    """All rankings in one sheet, below each other in the columns of the first."""
    rows = [_row(row, _shown(block)) for block in blocks for row in block.rows]
    if not rows:
        return
    shown = _shown(blocks[0])
    sheet, last = book.sheet(name, _headings(shown), rows, blocks[0].sheet_lead)
    for index, column in enumerate(shown):
        if column.is_measured:
            sheet.conditional_format(HEADER_ROW + 1, index, last, index, _BAR)


def funnel(book: Book, name: str, block: Funnel) -> None:
    """Stages with their steps and intervals."""
    words = book.words
    columns = [
        (words("funnel.stage"), "text", 18),
        (words("funnel.reached"), "count", 12),
        (words("funnel.of_all"), "share", 11),
        (words("funnel.step"), "share", 13),
        (words("sheet.low"), "share", 11),
        (words("sheet.high"), "share", 11),
        (words("funnel.change"), "text", 14),
        (words("funnel.lost"), "count", 10),
    ]
    rows = [
        [s.label, s.reached, s.of_all, s.step.value, s.step.low, s.step.high, Own(s.change), s.lost] for s in block.rows
    ]
    lead = words("funnel.lead", start=block.start, end=block.end, n=f"{block.entered:,}")
    sheet, last = book.sheet(name, columns, rows, lead)
    bar = {**_SHARE_BAR, "bar_color": "#2F5BD0", "max_value": block.entered}
    sheet.conditional_format(HEADER_ROW + 1, 1, last, 1, bar)


def has_sheet(block: Table | None) -> bool:
    """Whether any column of the block is one of a sheet."""
    return block is not None and bool(_shown(block))


def _shown(block: Table) -> list[Column]:
    return [column for column in block.columns if column.places & SHEET]


def _headings(columns: Iterable[Column]) -> list[tuple[str, str, float]]:
    return [(column.label, "text" if column.kind == "change" else column.kind, column.width) for column in columns]


def _row(row: Any, columns: Iterable[Column]) -> list[Any]:
    return [_value(row.get(column.key), column) for column in columns]


def _value(value: Any, column: Column) -> Any:
    if column.says is not None:
        return column.says
    if isinstance(value, Rate):
        return getattr(value, column.of)
    return Own(value) if column.kind == "change" else value
