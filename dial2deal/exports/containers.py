"""What a file is by its first bytes, whatever its name says, and which reader takes it.

A new container (zip, gzip, HTML, JSON) is a function from path to Table, entered in ``READERS``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dial2deal.exports.problems import FileProblem
from dial2deal.exports.profiles import Profile
from dial2deal.exports.table import Table
from dial2deal.exports.text import CHUNK, Scan, read_text, scan
from dial2deal.exports.workbook import read_workbook

_MAGIC = ((b"PK\x03\x04", "xlsx"), (b"PK\x05\x06", "zip"), (b"\xd0\xcf\x11\xe0", "xls"), (b"\x1f\x8b", "gzip"),
          (b"%PDF", "pdf"), (b"Rar!", "rar"), (b"7z\xbc\xaf", "7z"), (b"SQLite format 3", "sqlite"))
_ADVICE = {
    "zip": "unpack it into the folder", "gzip": "unpack it into the folder", "rar": "unpack it into the folder",
    "7z": "unpack it into the folder", "html": "open it in Excel and save it as .xlsx or CSV",
    "json": "export CSV or Excel instead", "pdf": "export CSV or Excel instead",
}


@dataclass(frozen=True)
class Fingerprint:
    """Identity of a file's content, and the scan of its text where it is text."""

    kind: str
    sha256: str
    bytes: int
    scan: Scan | None
    may_be_utf8: bool = True


def fingerprint(path: Path) -> Fingerprint:
    """Kind and content hash in one pass over the bytes."""
    with path.open("rb") as handle:
        kind = sniff(handle.read(4096))
    if kind == "text":
        found = scan(path)
        return Fingerprint(kind, found.sha256, found.bytes, found)
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            digest.update(chunk)
    return Fingerprint(kind, digest.hexdigest(), path.stat().st_size, None)


def sniff(head: bytes) -> str:
    """Kind of a file from its first bytes: text, xlsx, xls, zip, gzip, html, json, …"""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return "zip" if kind == "xlsx" and not _is_workbook(head) else kind
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if start.startswith((b"<html", b"<table", b"<!doctype", b"<?xml", b"<meta", b"<head")):
        return "html"
    if start.startswith((b"{", b"[{")):
        return "json"
    return "text"


def read(path: Path, profile: Profile, work: Path, found: Fingerprint) -> Table:
    """Read a file with the reader of its kind. Raises FileProblem."""
    if found.bytes == 0:
        raise FileProblem("The file is empty. Export it again.")
    reader = READERS.get(found.kind)
    if reader is None:
        advice = _ADVICE.get(found.kind, "export CSV or Excel instead")
        raise FileProblem(f"A file of kind {found.kind} cannot be read here: {advice}.")
    return reader(path, profile, work, found)


def _is_workbook(head: bytes) -> bool:
    return any(mark in head for mark in (b"[Content_Types].xml", b"xl/", b"_rels/", b"docProps/", b"mimetype"))


def _text(path: Path, profile: Profile, work: Path, found: Fingerprint) -> Table:
    return read_text(path, profile, work, found.scan or scan(path), may_be_utf8=found.may_be_utf8)


def _workbook(path: Path, profile: Profile, work: Path, found: Fingerprint) -> Table:
    return read_workbook(path, profile, work)


READERS: dict[str, Callable[[Path, Profile, Path, Fingerprint], Table]] = {
    "text": _text, "xlsx": _workbook, "xls": _workbook,
}
