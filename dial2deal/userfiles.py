"""Text files that people write for us, profiles and policy: UTF-8, or as editors and Excel on Chinese Windows save."""

from __future__ import annotations

import codecs
from pathlib import Path

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class EncodingError(ValueError):
    """A text file is in no encoding that can be told; the message names the file and what to do."""


def read(path: Path) -> str:
    """Text of ``path``: UTF-8, UTF-16 with its mark, else GB18030. Raises EncodingError."""
    content = path.read_bytes()
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n")
    raise EncodingError(f"{path.name} is neither UTF-8 nor GB18030 (GBK) text. Save it as UTF-8.")
