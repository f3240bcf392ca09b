"""Text of files that declare their own encoding, often wrongly: HTML, XML, JSON."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from dial2deal.readers.problems import FileProblem
from dial2deal.readers.text import is_encoded, is_utf8
from dial2deal.readers.transcode import CHUNK

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?([A-Za-z0-9_.:-]+)", re.IGNORECASE)
# gb2312 and gbk are declared for what is GB18030 (rare names).
_CHINESE = ("gb2312", "gbk", "gb_2312-80", "x-gbk", "cp936", "ms936")


def encoding_of(path: Path) -> str:
    """Encoding of a file: its byte order mark, UTF-8 where all of it is, what it declares, GB18030."""
    with path.open("rb") as handle:
        start = handle.read(4096)
    for bom, encoding in _BOMS:
        if start.startswith(bom):
            return encoding
    if is_utf8(path):
        return "utf-8"
    found = _DECLARED.search(start)
    declared = found[1].decode().lower() if found else "gb18030"
    if declared in _CHINESE or declared.startswith("utf"):
        declared = "gb18030"
    try:
        declared = codecs.lookup(declared).name
    except LookupError:
        declared = "gb18030"
    # Latin-1 has a character for every byte: names may be wrong, no record is lost.
    return declared if declared != "gb18030" or is_encoded(path, declared) else "latin-1"


def decoded(path: Path, encoding: str) -> Iterator[str]:
    """The text in pieces, without NUL. Raises FileProblem where it is not in ``encoding``."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as handle:
        while True:
            chunk = handle.read(CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                raise FileProblem(f"The text cannot be decoded as {encoding}: {error}. Export it as UTF-8.") from error
            yield text.replace("\0", "") if "\0" in text else text
            if not chunk:
                return
