"""What lies in landing: which file belongs to which source and feed, and which must not be touched."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dial2deal.feeds.catalogue import feeds
from dial2deal.privacy import mask_id, mask_text
from dial2deal.readers.problems import not_read_here

_IGNORED_SUFFIXES = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".done", ".lock")
# Controls, line separators, marks that turn the writing direction, halves of surrogate pairs.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MAX_NAME = 1000
_STAMP = re.compile(
    r"(?<!\d)(20\d{2})[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])"
    r"(?:[-_T ]?([01]\d|2[0-3])[-_.:]?([0-5]\d)(?:[-_.:]?([0-5]\d))?)?(?!\d)"
)


@dataclass(frozen=True)
class Delivery:
    """One file in landing. ``problem`` says why it cannot be read at all, None when it can; ``is_passing`` ones may go
    by themselves.

    ``relative`` is how it is called everywhere; ``unpacked`` files are members of an archive, written for the loader.
    """

    path: Path
    relative: str
    source: str
    feed: str
    bytes: int
    modified_ns: int
    delivered_at: dt.datetime
    problem: str | None = None
    unpacked: bool = False
    is_passing: bool = False
    key: str = field(default="", repr=False)

    @property
    def modified_at(self) -> dt.datetime:
        """Modification time, UTC, naive."""
        return dt.datetime.fromtimestamp(self.modified_ns / 1e9, tz=dt.UTC).replace(tzinfo=None)


def deliveries(landing: Path, zone: str, only: Iterable[Path] | None = None) -> list[Delivery]:
    """Files of landing, earliest delivery first; ``only`` restricts them to given files and folders.

    Symbolic links that lead out of landing come with a problem instead of content.
    """
    wanted = None if only is None else [(p if p.is_absolute() else landing / p).absolute() for p in only]
    root = landing.resolve()
    found, key = [], name_key(landing)
    for path in _walk(landing):
        if wanted is None or any(path == w or w in path.parents for w in wanted):
            try:
                found.append(_delivery(path, landing, root, zone, key))
            except FileNotFoundError:
                continue  # taken away since the folder was listed
    return sorted(found, key=lambda d: (d.delivered_at, d.relative))


def file_id(source: str, feed: str, sha256: str) -> str:
    """Identity of a content within a source's feed: a copy under another name has the same."""
    return hashlib.sha256(f"{source}\n{feed}\n{sha256}".encode()).hexdigest()[:16]


def done_file(delivery: Delivery) -> Path:
    """Where the (empty) file lies that says a file is complete, for profiles that ask for one."""
    return delivery.path.with_name(f"{delivery.path.name}.done")


def has_changed(delivery: Delivery) -> bool:
    """Whether a file is no longer what it was when landing was listed."""
    try:
        stat = delivery.path.stat()
    except OSError:
        return True
    return not delivery.unpacked and (stat.st_size, stat.st_mtime_ns) != (delivery.bytes, delivery.modified_ns)


def is_left_alone(name: str) -> bool:
    """Whether a file or folder is hidden, temporary or still being written."""
    return name.startswith((".", "~$")) or name.lower().endswith(_IGNORED_SUFFIXES)


def shown(name: str, key: str = "") -> str:
    """A path as text that any message, table and database takes; what had to be changed is told by a digest.

    Phone numbers in names are masked; without the installation's ``key`` nothing is told of them at all.
    """
    raw = name.encode("utf-8", "surrogateescape")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")  # as Windows in Chinese names files
    plain = _UNPRINTABLE.sub("�", text)
    if plain != name or len(name) > _MAX_NAME:
        plain = f"{plain[:_MAX_NAME]}~{hashlib.sha256(f'{key}|'.encode() + raw).hexdigest()[:8]}"
    return mask_id(plain, key)


def name_key(landing: Path) -> str:
    """The installation's key, with which names that hold numbers are told apart; empty before the first build."""
    try:
        return landing.with_name("secret.key").read_bytes().decode("ascii", "replace").strip()
    except OSError:
        return ""


def delivered_at(file_name: str, modified_ns: int | None, zone: str) -> dt.datetime | None:
    """When a file was delivered, UTC, naive: the last date (and time) in its name, else its modification time."""
    stamps = list(_STAMP.finditer(file_name))
    for stamp in reversed(stamps):
        try:
            local = dt.datetime(*(int(part or 0) for part in stamp.groups()), tzinfo=zoneinfo.ZoneInfo(zone))
        except ValueError:
            continue
        return local.astimezone(dt.UTC).replace(tzinfo=None)
    return modified_ns and dt.datetime.fromtimestamp(modified_ns / 1e9, tz=dt.UTC).replace(tzinfo=None)


def _walk(folder: Path) -> list[Path]:
    paths: list[Path] = []
    if not folder.is_dir():
        return paths
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        for entry in entries:
            if is_left_alone(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                paths += _walk(Path(entry.path))
            else:
                paths.append(Path(entry.path))
    except PermissionError:
        paths.append(folder)  # one folder must not stop the others; it is reported as what cannot be read
    return paths


def _delivery(path: Path, landing: Path, root: Path, zone: str, key: str) -> Delivery:
    parts = path.relative_to(landing).parts
    source, feed = (parts[0] if len(parts) > 1 else ""), (parts[1] if len(parts) > 2 else "")
    problem = None
    if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
        problem = "A symbolic link that leads out of landing is not followed. Copy the file itself."
    elif not path.exists():
        problem = "The symbolic link leads nowhere. Copy the file itself."
    elif path.is_dir() and not path.is_symlink():
        problem = str(not_read_here("this account may not open the folder"))
    elif path.is_dir():
        problem = "A link to a folder is not followed. Copy the folder itself."
    elif not path.is_file():
        problem = "Pipes, sockets and devices are not opened. Write a file."
    elif feed not in feeds():
        problem = (
            f"No feed is called {mask_text(feed)!r}: put the file into landing/<source>/<feed>/, "
            f"where feed is one of {', '.join(feeds())}."
        )
    stat = path.stat() if problem is None or path.exists() else path.lstat()
    return Delivery(
        path,
        shown("/".join(parts), key),
        shown(source, key),
        shown(feed, key),
        stat.st_size,
        stat.st_mtime_ns,
        delivered_at(path.name, stat.st_mtime_ns, zone),
        problem,
        is_passing=path.is_dir() and not path.is_symlink(),
        key=key,
    )
