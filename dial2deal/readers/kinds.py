"""What a file is by its first bytes, whatever its name says, and which reader takes it.

A new kind is a function from path to Table, entered in ``READERS``. Archives are no kind of table: see archives.py.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dial2deal.readers.html import read_html
from dial2deal.readers.json_records import read_json
from dial2deal.readers.problems import FileProblem
from dial2deal.readers.spreadsheet_xml import read_spreadsheet_xml
from dial2deal.readers.table import Table
from dial2deal.readers.text import Scan, begins_as_utf8, read_text, scan
from dial2deal.readers.transcode import CHUNK
from dial2deal.readers.wanted import Wanted
from dial2deal.readers.workbook import read_workbook

HEAD = 4096
_MAGIC = (
    (b"PK\x03\x04", "xlsx"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"\x1f\x8b", "gzip"),
    (b"%PDF", "pdf"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
    (b"SQLite format 3", "sqlite"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PAR1", "parquet"),
)
_UTF16 = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_JSON = re.compile(rb'\{\s*["}]|\[\s*[\[{\]]')
_ADVICE = {
    **dict.fromkeys(("rar", "7z", "tar", "bzip2", "xz", "zstd"), "unpack it into the folder, or pack it as .zip"),
    **dict.fromkeys(("xml", "mhtml"), "open it in Excel and save it as .xlsx or CSV"),
}


@dataclass(frozen=True)
class Fingerprint:
    """Identity of a file's content, and the scan of its text where that begins as UTF-8."""

    kind: str
    sha256: str
    bytes: int
    scan: Scan | None
    may_be_utf8: bool = True


def fingerprint(path: Path) -> Fingerprint:
    """Kind and content hash in one pass over the bytes, which also counts what a UTF-8 text is made of."""
    with path.open("rb") as handle:
        head = handle.read(HEAD)
    kind = sniff(head)
    if kind == "text" and begins_as_utf8(head):
        found = scan(path)
        return Fingerprint(kind, found.sha256, found.bytes, found)
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            digest.update(chunk)
    return Fingerprint(kind, digest.hexdigest(), path.stat().st_size, None)


def sniff(head: bytes) -> str:
    """Kind of a file from its first bytes: text, xlsx, xls, zip, gzip, html, xml table, json, …"""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return "zip" if kind == "xlsx" and not _is_workbook(head) else kind
    if head[257:262] == b"ustar":
        return "tar"
    for mark, encoding in _UTF16:
        if head.startswith(mark):
            head = head[2:].decode(encoding, "ignore").encode()
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"<"):
        return _markup(start)
    if start.startswith(b"mime-version:"):
        return "mhtml"
    return "json" if _JSON.match(start) else "text"


def _markup(start: bytes) -> str:
    if b"urn:schemas-microsoft-com:office:spreadsheet" in start and b"<html" not in start:
        return "xml table"
    html = (b"<html", b"<table", b"<!doctype html", b"<meta", b"<head", b"<body", b"<style", b"<div", b"<tr")
    if start.startswith(html) or (start.startswith((b"<?xml", b"<!")) and any(mark in start for mark in html)):
        return "html"
    return "xml" if start.startswith((b"<?xml", b"<!doctype")) else "text"


def read(path: Path, wanted: Wanted, work: Path, found: Fingerprint) -> Table:
    """Read a file with the reader of its kind. Raises FileProblem."""
    if found.bytes == 0:
        raise FileProblem("The file is empty. Export it again.")
    reader = READERS.get(found.kind)
    if reader is None:
        advice = _ADVICE.get(found.kind, "export CSV or Excel instead")
        raise FileProblem(f"A file of kind {found.kind} cannot be read here: {advice}.")
    return reader(path, wanted, work, found)


def _is_workbook(head: bytes) -> bool:
    return any(mark in head for mark in (b"[Content_Types].xml", b"xl/", b"_rels/", b"docProps/", b"mimetype"))


def _text(path: Path, wanted: Wanted, work: Path, found: Fingerprint) -> Table:
    readable = path
    if not str(path).isprintable():
        # DuckDB takes no name that is not UTF-8.
        work.mkdir(exist_ok=True)
        readable = work / "delivered"
        readable.unlink(missing_ok=True)
        readable.symlink_to(path.absolute())
    return read_text(readable, wanted, work, found.scan, may_be_utf8=found.may_be_utf8)


def _whole(reader: Callable[[Path, Wanted, Path], Table]) -> Callable[[Path, Wanted, Path, Fingerprint], Table]:
    return lambda path, wanted, work, found: reader(path, wanted, work)


READERS: dict[str, Callable[[Path, Wanted, Path, Fingerprint], Table]] = {
    "text": _text,
    "xlsx": _whole(read_workbook),
    "xls": _whole(read_workbook),
    "html": _whole(read_html),
    "xml table": _whole(read_spreadsheet_xml),
    "json": _whole(read_json),
}
