"""Text in any encoding becomes UTF-8 with LF line ends; large files in two processes at once.

Decoding holds Python's lock, so a thread would not help. This file is also the other process's program, which is why
it imports nothing but the standard library.
"""

from __future__ import annotations

import codecs
import shutil
import subprocess
import sys
from pathlib import Path

CHUNK = 4 << 20
_TWO_PROCESSES_FROM = 32 << 20
# Encodings in which a byte 0x0A is always a line end, so that a file can be cut behind one.
_CAN_BE_CUT = ("gb18030",)


def rewrite(path: Path, target: Path, encoding: str, errors: str) -> int:
    """Write ``path`` as UTF-8 to ``target``, without NUL and inner byte order marks; the number of characters lost.

    Raises UnicodeDecodeError when ``errors`` is strict.
    """
    size = path.stat().st_size
    if errors != "strict" or encoding not in _CAN_BE_CUT or size < _TWO_PROCESSES_FROM:
        return _part(path, target, encoding, errors, 0, size)
    cut = _line_begin(path, size // 2)
    rest = target.with_suffix(".rest")
    command = [sys.executable, "-I", "-S", __file__, str(path), str(rest), encoding, str(cut), str(size)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as other:
        try:
            _part(path, target, encoding, errors, 0, cut)
        except BaseException:
            other.kill()
            raise
    if other.returncode:
        return _part(path, target, encoding, errors, 0, size)  # raises where the other process failed
    with target.open("ab") as whole, rest.open("rb") as more:
        shutil.copyfileobj(more, whole, CHUNK)
    rest.unlink()
    return 0


def _part(path: Path, target: Path, encoding: str, errors: str, begin: int, end: int) -> int:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    damaged = 0
    held = ""
    with path.open("rb") as source, target.open("wb") as sink:
        source.seek(begin)
        while True:
            chunk = source.read(min(CHUNK, end - source.tell()))
            text = held + decoder.decode(chunk, final=not chunk)
            # A CR at the end may be half of a CRLF.
            held = text[-1:] if chunk and text.endswith("\r") else ""
            text = text[: len(text) - len(held)]
            if errors == "replace":
                damaged += text.count("\ufffd")
            if "\r" in text:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            for mark in ("\0", "\ufeff"):
                if mark in text:
                    text = text.replace(mark, "")
            sink.write(text.encode("utf-8"))
            if not chunk:
                return damaged


def _line_begin(path: Path, at: int) -> int:
    """Where the first line behind ``at`` begins."""
    with path.open("rb") as handle:
        handle.seek(at)
        handle.readline()
        return handle.tell()


if __name__ == "__main__":
    _part(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], "strict", int(sys.argv[4]), int(sys.argv[5]))
