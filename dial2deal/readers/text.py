"""Delimited text of any usual encoding becomes UTF-8 that DuckDB reads in parallel."""

from __future__ import annotations

import codecs
import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dial2deal.readers.problems import FileProblem
from dial2deal.readers.table import (
    HEADER_SEARCH_ROWS,
    Header,
    Table,
    find_text_header,
    note_row_limit,
    require_columns,
    text_rows,
)
from dial2deal.readers.transcode import CHUNK, SINGLE_BYTES, Rewritten, has_odd_line_ends, legible, rewrite
from dial2deal.readers.wanted import Wanted

_HEAD = 256 << 10
_TAIL = 4096
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MAX_DAMAGED_SHARE = 0.001
_EDGES = np.isin(np.arange(256), np.frombuffer(b',;|\t\r\n"', np.uint8))


@dataclass(frozen=True)
class Scan:
    """What one pass over a file's bytes tells. Counts are of bytes."""

    sha256: str
    bytes: int
    newlines: int
    ends_open: bool  # the last line has no line end
    blank_tail: int  # blank lines at the end
    has_quotes: bool
    has_exponent: bool  # 'E+' somewhere
    has_bracket: bool  # '[' somewhere
    has_padding: bool  # blanks beside a delimiter or line end
    has_nul: bool
    has_inner_mark: bool  # a byte order mark that is not the first: files put together
    odd_line_ends: bool  # lone CR, or LF and CRLF mixed

    @property
    def lines(self) -> int:
        """Physical lines, without blank ones at the end."""
        return self.newlines + self.ends_open - self.blank_tail


def scan(path: Path, *, hashed: bool = True) -> Scan:
    """Hash and count a file in one streaming pass; ``hashed`` = False leaves the hash that of nothing.

    UTF-8 is not validated here (a third of the pass): DuckDB does while it reads, see `is_utf8`. Hashing, which
    needs no lock of Python's, runs beside the counting: 2.1 s for a GB became 1.5 s.
    """
    digest = hashlib.sha256()
    hashing: Future[None] | None = None
    size = newlines = carriage = crlf = 0
    quotes = exponent = bracket = padding = nul = inner_mark = False
    tail = b""
    with path.open("rb") as handle, ThreadPoolExecutor(1) as beside:
        while chunk := handle.read(CHUNK):
            if hashing:
                hashing.result()
            if hashed and len(chunk) == CHUNK:
                hashing = beside.submit(digest.update, chunk)
            elif hashed:
                digest.update(chunk)
            newlines += chunk.count(b"\n")
            if b"\r" in chunk:
                carriage += chunk.count(b"\r")
                crlf += chunk.count(b"\r\n")
            crlf += tail[-1:] == b"\r" and chunk[:1] == b"\n"
            quotes = quotes or b'"' in chunk
            exponent = exponent or (b"+" in chunk and (b"E+" in chunk or b"e+" in chunk))
            bracket = bracket or b"[" in chunk
            padding = padding or _is_padded(chunk) or _is_padded(tail[-1:] + chunk[:1])
            nul = nul or b"\0" in chunk
            inner_mark = (
                inner_mark
                or (b"\xef" in chunk and chunk.find(codecs.BOM_UTF8, not size) > -1)
                or (codecs.BOM_UTF8 in tail[-2:] + chunk[:2])
            )
            size += len(chunk)
            tail = chunk[-_TAIL:] if len(chunk) >= _TAIL else (tail + chunk)[-_TAIL:]
    stripped = tail.rstrip(b"\r\n \t")
    return Scan(
        sha256=digest.hexdigest(),
        bytes=size,
        newlines=newlines,
        ends_open=bool(tail) and tail[-1:] != b"\n",
        blank_tail=max(0, tail[len(stripped) :].count(b"\n") - 1),
        has_quotes=quotes,
        has_exponent=exponent,
        has_bracket=bracket,
        has_padding=padding,
        has_nul=nul,
        has_inner_mark=inner_mark,
        odd_line_ends=has_odd_line_ends(newlines, carriage, crlf),
    )


def is_utf8(path: Path) -> bool:
    """Whether all of a file decodes strictly as UTF-8."""
    return is_encoded(path, "utf-8")


def is_encoded(path: Path, encoding: str) -> bool:
    """Whether all of a file decodes strictly."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as handle:
        try:
            while chunk := handle.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _holds(chunk: bytes, mark: bytes) -> bool:
    # One rare byte is found twenty times faster than two.
    return mark[:1] in chunk and mark in chunk


def _is_padded(chunk: bytes) -> bool:
    """Whether cells may carry blanks or Excel's text marks at their ends; wide and no-break spaces count as blanks."""
    if b"'" in chunk or any(_holds(chunk, mark) for mark in (b'="', "　".encode(), "\xa0".encode())):
        return True
    codes = np.frombuffer(chunk, np.uint8)
    blanks = np.flatnonzero((codes == 0x20) | (codes == 0x09))
    before = codes[np.maximum(blanks - 1, 0)]
    after = codes[np.minimum(blanks + 1, len(codes) - 1)]
    return bool(_EDGES[before].any() or _EDGES[after].any())


def read_text(path: Path, wanted: Wanted, work: Path, first: Scan | None, *, may_be_utf8: bool = True) -> Table:
    """A delimited text file as a Table; writes a clean copy under ``work`` where the bytes cannot be used as they are.

    ``first`` is the scan of the file where there is one. A file whose beginning is UTF-8 is taken to be UTF-8; the
    caller says when it turned out not to be. Raises FileProblem when the encoding or the header cannot be made out.
    """
    problem: FileProblem | None = None
    for encoding, errors in _encodings(path, wanted, may_be_utf8):
        try:
            return _read_as(path, wanted, work, first, encoding, errors)
        except UnicodeDecodeError as error:
            problem = problem or FileProblem(
                f"The text is neither UTF-8 nor GB18030: it cannot be decoded as {encoding} at byte {error.start}. "
                "Export it again as CSV UTF-8, or set `encoding:` in the wanted."
            )
        except FileProblem as error:
            problem = error if problem is None or "Required column" in str(error) else problem
    raise problem or FileProblem("The file could not be read as text.")


def _encodings(path: Path, wanted: Wanted, may_be_utf8: bool) -> list[tuple[str, str]]:
    """(encoding, error handling) to try in turn: BOM, strict UTF-8, GB18030, then each with damaged characters."""
    if wanted.file.encoding:
        return [(wanted.file.encoding, "strict"), (wanted.file.encoding, "replace")]
    with path.open("rb") as handle:
        start = handle.read(_HEAD)
    for bom, encoding in _BOMS:
        if start.startswith(bom):
            return [(encoding, "strict"), (encoding, "replace")]
    # The last keeps every call of a file whose names are in bytes of some other encoding.
    others = [("gb18030", "strict"), ("utf-8", "replace"), ("gb18030", "replace"), ("utf-8", SINGLE_BYTES)]
    return [("utf-8", "strict"), *others] if may_be_utf8 and begins_as_utf8(start) else others


def begins_as_utf8(start: bytes) -> bool:
    """Whether the beginning of a file is UTF-8, a character cut at its end aside."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def _read_as(path: Path, wanted: Wanted, work: Path, first: Scan | None, encoding: str, errors: str) -> Table:
    with path.open("rb") as handle:
        raw_head = handle.read(_HEAD)
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    head = legible(decoder.decode(raw_head, final=len(raw_head) < _HEAD)).removeprefix("﻿")
    head = head.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    header = find_text_header(wanted, head)
    rows = text_rows(head, header.delimiter if header else ",")
    found = require_columns(wanted, header, rows[0][1] if rows else [])
    if encoding == "gb18030" and found.delimiter == "|" and head.count("|") != raw_head.count(b"|"):
        raise FileProblem("Delimiters are swallowed when the text is read as GB18030. Export it again as UTF-8.")

    repairs: dict[str, int] = {}
    plain_utf8 = encoding in ("utf-8", "utf-8-sig") and errors == "strict"
    scanned = (first or scan(path, hashed=False)) if plain_utf8 else None
    readable = path
    quoted_title = any('"' in line for line in head.split("\n", found.line)[: max(0, found.line - 1)])
    if scanned is None or scanned.odd_line_ends or scanned.has_nul or scanned.has_inner_mark or quoted_title:
        work.mkdir(exist_ok=True)
        readable = work / "text.csv"
        rewritten = rewrite(path, readable, encoding, errors)
        scanned = scan(readable, hashed=False)
        if errors == "replace" and rewritten.damaged > max(3, scanned.lines * _MAX_DAMAGED_SHARE):
            raise FileProblem(f"{rewritten.damaged} characters cannot be decoded as {encoding}; export the file again.")
        repairs = _rewriting(rewritten, "" if encoding in ("utf-8", "utf-8-sig") else encoding, errors)
        if quoted_title:
            _blank_titles(readable, found.line - 1)
    if encoding == "utf-8-sig":
        repairs["byte order mark removed"] = 1
    table = Table(
        path=readable,
        header=found.cells,
        match=found.match,
        delimiter=found.delimiter,
        width=_record_width(found, head),
        pad=wanted.file.short_rows is not None,
        skip=found.line,
        lines=max(0, scanned.lines - found.line),
        encoding="utf-8" if encoding == "utf-8-sig" else encoding,
        has_quotes=scanned.has_quotes,
        may_be_lossy=scanned.has_exponent,
        may_be_padded=scanned.has_padding,
        may_be_bracketed=scanned.has_bracket,
        cut_line=scanned.lines if scanned.ends_open else None,
        repairs=repairs,
    )
    note_row_limit(table, "the file", scanned.lines)
    return table


def _rewriting(done: Rewritten, encoding: str, errors: str) -> dict[str, int]:
    """Repairs that a rewritten text stands for; ``encoding`` is empty when it was UTF-8 before."""
    damaged = "single bytes read as Latin-1" if errors == SINGLE_BYTES else "undecodable characters replaced"
    found = {
        f"transcoded from {encoding}": bool(encoding),
        damaged: done.damaged,
        "line ends unified": done.odd_line_ends,
        "NUL bytes removed": done.has_nul,
        "byte order mark removed": done.has_mark,
    }
    return {repair: int(count) for repair, count in found.items() if count}


def _blank_titles(path: Path, lines: int) -> None:
    """Replace quotes in the title lines by spaces in place: DuckDB honours quotes in lines it skips."""
    with path.open("r+b") as handle:
        for _ in range(lines):
            at = handle.tell()
            line = handle.readline()
            handle.seek(at)
            handle.write(line.replace(b'"', b" "))
            handle.seek(at + len(line))


def _record_width(header: Header, head: str) -> int:
    """Cells per record: one more than the header's when the records end with a delimiter and the header does not."""
    width = len(header.cells)
    end = header.line + HEADER_SEARCH_ROWS
    lines = head.split("\n", end)[header.line : end]
    sample = [cells for line in lines if line.strip() for _, cells in text_rows(line, header.delimiter)]
    longer = [cells for cells in sample if len(cells) == width + 1 and cells[-1] == ""]
    return width + 1 if longer and len(longer) * 2 > len(sample) else width
