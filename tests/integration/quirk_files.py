"""Files with one quirk each through the real loader, and what the warehouse holds of them."""

from __future__ import annotations

import csv
import io
import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import duckdb
import openpyxl

from dial2deal import warehouse
from dial2deal.loading import FileResult, repairs
from tests.unit.exports_support import CALLS_HEADER, Landing, call

COLUMNS = (
    "call_id",
    "direction",
    "customer_number",
    "own_number",
    "started_at",
    "talk_seconds",
    "tech_result",
    "agent_id",
    "notes",
)


class QuirkLanding(Landing):
    """`Landing` with the questions that tests of quirks ask, over one connection: opening costs more than a file."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.con = warehouse.connect(self.settings)

    def session(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return nullcontext(self.con)

    def calls_of(self, cell: str, texts: list[str], **fixed: str) -> FileResult:
        """Load a quoted file with one call per text of ``cell`` (a name that `call` takes)."""
        lines = [
            ",".join(quoted(c) for c in call(n, **{**fixed, cell: "\v"}).replace("\v", "\0").split(",")).replace(
                "\0", text.replace('"', '""')
            )
            for n, text in enumerate(texts)
        ]
        self.calls("quirk.csv", lines)
        return self.one()

    def raw(self, column: str, feed: str = "calls") -> list[str | None]:
        """The stored text of a column in the order of the files' lines."""
        return [text for (text,) in self.query(f'select "{column}" from raw."{feed}" order by _file_id, _line')]

    def typed(self, macro: str, column: str, feed: str = "calls") -> dict[str, Any]:
        """Stored text -> value, as the models read it."""
        return dict(self.query(f'select "{column}", parse.{macro}("{column}") from raw."{feed}"'))

    def quarantined(self) -> list[tuple[int, str | None, str]]:
        """Line, column and reason of every quarantined row."""
        return self.query("select line, column_name, reason from ops.quarantine order by file_id, line")

    def repairs(self) -> dict[str, int]:
        """Rule -> count over all files, counted as the audit does."""
        repairs.count(self.con, [file_id for (file_id,) in self.query("select file_id from ops.export_files")])
        texts = [text for (text,) in self.query("select repairs from ops.export_files")]
        total: dict[str, int] = {}
        for found in (json.loads(text) for text in texts if text):
            for rule, count in found.items():
                assert rule in repairs.vocabulary(), rule
                total[rule] = total.get(rule, 0) + count
        return total

    def workbook(self, relative: str, rows: list[list[Any]]) -> Path:
        """An Excel workbook below landing with one sheet."""
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        content = io.BytesIO()
        book.save(content)
        return self.put(relative, content.getvalue())


def quoted(text: str) -> str:
    return f'"{text}"'


def csv_text(rows: list[list[str]], delimiter: str = ",") -> str:
    """Delimited text, quoted where needed."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


__all__ = ["CALLS_HEADER", "COLUMNS", "QuirkLanding", "call", "csv_text"]
