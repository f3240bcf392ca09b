"""Durable file operations under published/: copy, flush, swap, and finding out who has a file open."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_CHUNK = 1 << 30


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
