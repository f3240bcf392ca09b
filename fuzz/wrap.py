"""Put damaged text into the containers that exports come in, and damage the containers."""

from __future__ import annotations

import csv
import gzip
import html
import io
import json
import random
import zipfile

import xlsxwriter

KINDS = ("zip", "gz", "xlsx", "html", "xls", "json", "jsonl")
_NAMES = (
    "calls.csv",
    "../calls.csv",
    "/tmp/calls.csv",
    "a/b/calls.csv",
    "calls.xlsx",
    "呼叫.csv",
    "x.exe",
    ".hidden.csv",
    "..\\calls.csv",
    "c" * 300 + ".csv",
    "calls.csv/",
    "inner.zip",
)
_MOST_ROWS = 40


def wrap(chance: random.Random, kind: str, content: bytes) -> bytes:
    """``content`` (delimited text) as a file of ``kind``."""
    if kind == "gz":
        return gzip.compress(content, compresslevel=1, mtime=0)
    if kind == "zip":
        return _zip(chance, content)
    rows = _rows(content)
    if kind == "xlsx":
        return _workbook(chance, rows)
    if kind in ("html", "xls"):
        cells = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>\n" for row in rows)
        return f"<html><head><meta charset=utf-8></head><table border=1>{cells}</table></html>".encode()
    records = [dict(zip(rows[0], row, strict=False)) for row in rows[1:]] if rows else []
    if kind == "jsonl":
        return "\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode()
    shaped = chance.choice((records, {"Data": {"List": records}}, {"code": 0, "data": records}))
    return json.dumps(shaped, ensure_ascii=chance.random() < 0.5).encode()


def damage(chance: random.Random, content: bytes) -> bytes:
    """A few bytes of a container changed: its beginning and end, where headers are, more often."""
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 2, 5))):
        if damaged:
            limit = len(damaged) if chance.random() < 0.4 else min(len(damaged), 64)
            at = chance.randrange(limit)
            damaged[at if chance.random() < 0.6 else len(damaged) - 1 - at] = chance.randrange(256)
    return bytes(damaged) if chance.random() < 0.8 else bytes(damaged[: chance.randrange(len(damaged) + 1)])


def _zip(chance: random.Random, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
            name = _NAMES[0] if chance.random() < 0.6 else chance.choice(_NAMES)
            what = content if chance.random() < 0.8 else content[: len(content) // 2]
            archive.writestr(zipfile.ZipInfo(name), _bomb(chance, what))
    return target.getvalue()


def _bomb(chance: random.Random, content: bytes) -> bytes:
    return content if chance.random() < 0.995 else content + b"\0" * (8 << 20)


def _workbook(chance: random.Random, rows: list[list[str]]) -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target,
        {
            "in_memory": True,
            "strings_to_numbers": chance.random() < 0.5,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        },
    )
    for number in range(chance.choice((1, 1, 1, 2))):
        sheet = book.add_worksheet(f"表{number}")
        for index, row in enumerate(rows, chance.choice((0, 0, 3))):
            sheet.write_row(index, 0, [cell[:32_000] for cell in row[:200]])
        if rows and chance.random() < 0.1:
            sheet.merge_range(len(rows), 0, len(rows) + 1, 1, "合计")
    book.close()
    return target.getvalue()


def _rows(content: bytes) -> list[list[str]]:
    text = content.decode("utf-8", errors="replace").replace("\0", "")
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:
        rows = [line.split(",") for line in text.split("\n")]
    return rows[:_MOST_ROWS]
