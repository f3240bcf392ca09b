"""Text in any encoding becomes UTF-8 with LF line ends; large files in two processes at once.

Decoding holds Python's lock, so a thread would not help. This file is also the other process's program, which is why
it imports nothing but the standard library.
"""

from __future__ import annotations

import codecs
import json
import shutil
import subprocess
import sys
from dataclasses import astuple, dataclass
from pathlib import Path

CHUNK = 4 << 20
# What is decoded at once stays in the processor's cache: a quarter faster than pieces of 4 MB.
_PIECE = 256 << 10
_TWO_PROCESSES_FROM = 32 << 20
# Encodings in which a byte 0x0A is always a line end, so that a file can be cut behind one.
_CAN_BE_CUT = ("gb18030",)


# Error handling that loses nothing: what is no character becomes the Latin-1 character of its byte, see `legible`.
SINGLE_BYTES = "surrogateescape"
_ESCAPED = {
    0xDC00 + byte: bytes([byte]).decode("cp1252", "replace").replace("\ufffd", chr(byte)) for byte in range(128, 256)
}


def legible(text: str) -> str:
    """Text decoded with `SINGLE_BYTES`, each undecodable byte as the Western European character it may be."""
    return text if text.isascii() else text.translate(_ESCAPED)


@dataclass
class Rewritten:
    """What was in a text and is not in its copy, and what tells whether its line ends are of one kind."""

    damaged: int = 0  # characters that could not be decoded
    newlines: int = 0
    carriages: int = 0
    pairs: int = 0  # CRLF
    has_nul: bool = False
    has_mark: bool = False  # a byte order mark, the one at the beginning aside

    @property
    def odd_line_ends(self) -> bool:
        """Lone CR, or LF and CRLF mixed."""
        return has_odd_line_ends(self.newlines, self.carriages, self.pairs)


def has_odd_line_ends(newlines: int, carriages: int, pairs: int) -> bool:
    """Whether so many LF, CR and CRLF are more than one kind of line end, or lone CR."""
    return carriages != pairs or (pairs > 0 and pairs != newlines)


def rewrite(path: Path, target: Path, encoding: str, errors: str) -> Rewritten:
    """Write ``path`` as UTF-8 to ``target``, without NUL and inner byte order marks, and say what there was.

    Raises UnicodeDecodeError when ``errors`` is strict.
    """
    size = path.stat().st_size
    if errors != "strict" or encoding not in _CAN_BE_CUT or size < _TWO_PROCESSES_FROM:
        return _part(path, target, encoding, errors, 0, size)
    cut = _line_begin(path, size // 2)
    rest = target.with_suffix(".rest")
    command = [sys.executable, "-I", "-S", __file__, str(path), str(rest), encoding, str(cut), str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            first = _part(path, target, encoding, errors, 0, cut)
        except BaseException:
            process.kill()
            raise
        said, _ = process.communicate()
    if process.returncode:
        return _part(path, target, encoding, errors, 0, size)  # raises where the other process failed
    with target.open("ab") as whole, rest.open("rb") as more:
        shutil.copyfileobj(more, whole, CHUNK)
    rest.unlink()
    return Rewritten(
        *(
            one | other if isinstance(one, bool) else one + other
            for one, other in zip(astuple(first), json.loads(said), strict=True)
        )
    )


def _part(path: Path, target: Path, encoding: str, errors: str, begin: int, end: int) -> Rewritten:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    seen = Rewritten()
    held = ""
    with path.open("rb") as source, target.open("wb") as sink:
        source.seek(begin)
        while True:
            chunk = source.read(min(_PIECE, end - source.tell()))
            text = held + decoder.decode(chunk, final=not chunk)
            # A CR at the end may be half of a CRLF.
            held = text[-1:] if chunk and text.endswith("\r") else ""
            text = text[: len(text) - len(held)]
            if errors == "replace":
                seen.damaged += text.count("\ufffd")
            elif errors == SINGLE_BYTES and not text.isascii():
                seen.damaged += sum("\udc80" <= letter <= "\udcff" for letter in text)
                text = legible(text)
            seen.newlines += text.count("\n")
            if "\r" in text:
                seen.carriages += text.count("\r")
                seen.pairs += text.count("\r\n")
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            if "\0" in text:
                seen.has_nul = True
                text = text.replace("\0", "")
            if "\ufeff" in text:
                seen.has_mark = True
                text = text.replace("\ufeff", "")
            sink.write(text.encode("utf-8"))
            if not chunk:
                return seen


def _line_begin(path: Path, at: int) -> int:
    """Where the first line behind ``at`` begins."""
    with path.open("rb") as handle:
        handle.seek(at)
        handle.readline()
        return handle.tell()


if __name__ == "__main__":
    source_path, target_path, encoding_name, *limits = sys.argv[1:]
    found = _part(Path(source_path), Path(target_path), encoding_name, "strict", *map(int, limits))
    json.dump(astuple(found), sys.stdout)
