"""Files: read as people write them, written whole or not at all, copied, flushed, swapped."""

from __future__ import annotations

import codecs
import os
import shutil
from collections.abc import Callable
from pathlib import Path

_CHUNK = 1 << 30
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class EncodingError(ValueError):
    """A text file is in no encoding that can be told; the message names the file and what to do."""


def read_text(path: Path) -> str:
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


def write(path: Path, content: str | bytes) -> Path:
    """Replace ``path`` by ``content`` in one step; its folder is made where it is lacking."""
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    return write_with(path, lambda fresh: fresh.write_bytes(data))


def write_with(path: Path, writer: Callable[[Path], object]) -> Path:
    """What ``writer`` writes beside ``path`` takes its place: a reader sees the earlier file or the new one, no half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    writer(fresh)
    os.replace(fresh, path)
    return path


def copy(source: Path, target: Path) -> None:
    """Copy inside the kernel; file systems that can share blocks (btrfs, xfs) then copy nothing."""
    if not hasattr(os, "copy_file_range"):
        shutil.copyfile(source, target)
        return
    with source.open("rb") as reader, target.open("wb") as writer:
        try:
            while os.copy_file_range(reader.fileno(), writer.fileno(), _CHUNK):
                pass
        except OSError:
            reader.seek(0)
            writer.seek(0)
            writer.truncate()
            shutil.copyfileobj(reader, writer, 1 << 20)


def flush(path: Path) -> None:
    """Force a file or folder to disk, so that a later rename never outlives its content."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def swap_in(new: Path, target: Path) -> None:
    """Replace ``target`` by ``new`` in one step; both lie in the same folder."""
    flush(new)
    os.replace(new, target)
    flush(target.parent)


def may_be_open(path: Path) -> bool:
    """True when some process has the file open, or when this system cannot tell.

    A file lock alone is not proof: closing any descriptor of a file drops the process's POSIX locks on it.
    """
    proc = Path("/proc")
    if not (proc / "self" / "fd").is_dir():
        return True
    wanted = path.stat()
    return any(_same_file(entry, wanted) for pid in proc.iterdir() if pid.name.isdigit() for entry in _descriptors(pid))


def _descriptors(process: Path) -> list[Path]:
    try:
        return list((process / "fd").iterdir())
    except OSError:  # ended meanwhile, or another user's
        return []


def _same_file(entry: Path, wanted: os.stat_result) -> bool:
    try:
        found = entry.stat()
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)
