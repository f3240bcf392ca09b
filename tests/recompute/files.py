"""What lies in landing/, read as a person would: which files count, which rows of them, in which order."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl

Row = dict[str, str]


class Landing:
    """The export files of one landing folder, by kind of export (the folder's name)."""

    def __init__(self, folder: Path):
        self._folder = folder

    def rows(self, kind: str) -> Iterator[Row]:
        """Data rows of all files worth reading, oldest delivery first; each row as header → text."""
        for table in self._tables(kind):
            yield from table

    def latest(self, kind: str, key: str, changed: str) -> dict[str, Row]:
        """Key → its row of the newest ``changed``; of equal ones the one delivered last."""
        found: dict[str, Row] = {}
        for row in self.rows(kind):
            known = found.get(row[key])
            if known is None or moment(row[changed]) >= moment(known[changed]):
                found[row[key]] = row
        return found

    def _tables(self, kind: str) -> Iterator[list[Row]]:
        paths = [path for path in self._folder.glob(f"*/{kind}/*") if path.is_file()]
        seen = set()
        for path in sorted(paths, key=lambda path: (path.stat().st_mtime, path.name)):
            content = path.read_bytes()
            digest = hashlib.sha256(content).digest()
            if digest not in seen:
                seen.add(digest)
                yield _records(path, content)


def _records(path: Path, content: bytes) -> list[Row]:
    try:
        lines = _sheet(content) if path.suffix == ".xlsx" else _text_lines(content)
    except Exception:  # a file that was cut off can fail anywhere in the library
        return []
    if sum(bool(cell) for cell in lines[0]) == 1:
        lines = lines[1:]
    header = lines[0]
    rows = [
        dict(zip(header, line, strict=True))
        for line in lines[1:]
        if len(line) == len(header) and not line[0].startswith(("合计", "导出时间"))
    ]
    return [] if _is_nonsense(rows) else rows


def _is_nonsense(rows: list[Row]) -> bool:
    """Most talks of the file end before they begin: its columns have changed places."""
    ends = [(row["挂机时间"], row["通话开始时间"]) for row in rows if row.get("应答时间") and "挂机时间" in row]
    backwards = sum(moment(end) < moment(start) for end, start in ends if _is_moment(start))
    return bool(ends) and backwards > len(ends) / 2


def _text_lines(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030")
    lines: list[list[str]] = []
    for line in text.split("\r\n"):
        # A quote that is never closed would swallow the lines after it.
        if line and line.count('"') % 2 == 0:
            lines.extend(csv.reader(io.StringIO(line, newline="")))
    return lines


def _sheet(content: bytes) -> list[list[str]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True).active
    return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


def moment(text: str) -> dt.datetime:
    """2026-03-05 08:03:05 or 2026/3/5 8:03:05, to the second; ValueError otherwise."""
    day, clock = text.replace("/", "-").split(" ")
    return dt.datetime(*map(int, day.split("-")), *map(int, clock.split(":")))


def _is_moment(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True


def seconds(text: str) -> int:
    """00:05:23, 323秒 or 323."""
    if ":" in text:
        hours, minutes, rest = map(int, text.split(":"))
        return hours * 3600 + minutes * 60 + rest
    return int(text.removesuffix("秒") or 0)


def cents(text: str) -> int:
    """￥1,234.50, 1.2万 or 1234.5, in hundredths."""
    plain = text.removeprefix("￥").replace(",", "")
    return round(float(plain.removesuffix("万")) * (1_000_000 if plain.endswith("万") else 100))


def month(text: str) -> dt.date:
    """2026-03, 2026年3月 or 2026/3/1: the first day of the month."""
    year, number = text.replace("年", "-").replace("月", "").replace("/", "-").split("-")[:2]
    return dt.date(int(year), int(number), 1)


def number(text: str) -> str | None:
    """The digits of a complete telephone number; None for masked, hidden, damaged and short ones."""
    digits = text.replace("-", "")
    return digits if digits.isdigit() and len(digits) >= 10 else None
