"""Zip and gzip files in landing: each member is a delivery of its own, unpacked one by one and within limits."""

from __future__ import annotations

import gzip
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from dial2deal.landing.deliveries import Delivery, delivered_at, is_left_alone, shown
from dial2deal.readers.kinds import HEAD, sniff
from dial2deal.readers.problems import DAMAGED_ARCHIVE, FileProblem, MachineProblem, is_machine_fault, not_read_here

# A year of a large call centre is some GB; an archive of archives of archives is nobody's export.
MAX_BYTES = 16 << 30
MAX_MEMBERS = 10_000
MAX_DEPTH = 2
# Call records shrink to a tenth, the most repetitive to a hundredth, a bomb to a thousandth; small files may do so.
MAX_RATIO = 250
_RATIO_FROM = 64 << 20
_PIECE = 1 << 20


@dataclass
class Budget:
    """What one archive in landing, with all archives in it, may still unpack to."""

    bytes: int = MAX_BYTES
    members: int = MAX_MEMBERS


def kind_of(path: Path) -> str | None:
    """``zip`` or ``gzip`` for an archive, None for anything else and for what cannot be opened."""
    try:
        with path.open("rb") as handle:
            kind = sniff(handle.read(HEAD))
    except OSError:
        return None
    return kind if kind in ("zip", "gzip") else None


def unpacked(
    archive: Delivery, work: Path, zone: str, budget: Budget | None = None, depth: int = 1
) -> Iterator[Delivery]:
    """The members of an archive as deliveries whose files lie in ``work``; whoever takes one deletes its file.

    A member that must not or cannot be unpacked comes with a problem. Raises FileProblem when the archive as a
    whole is refused: damaged, empty, too many members or too much content.
    """
    work.mkdir(exist_ok=True)
    budget = budget or Budget()
    reader = _of_zip if kind_of(archive.path) == "zip" else _of_gzip
    names: set[str] = set()
    for number, member in enumerate(reader(archive, work, zone, budget)):
        relative = f"{archive.relative}!{member.relative}"
        while relative in names:
            relative += "'"
        names.add(relative)
        member = replace(member, relative=relative)
        if member.problem or kind_of(member.path) is None:
            yield member
        elif depth >= MAX_DEPTH:
            member.path.unlink()
            yield replace(member, problem=f"Archives lie in each other {depth + 1} deep. Unpack the outer ones.")
        else:
            try:
                yield from unpacked(member, work / str(number), zone, budget, depth + 1)
            except (FileProblem, MachineProblem) as error:
                yield replace(member, problem=str(error), is_passing=isinstance(error, MachineProblem))
            finally:
                member.path.unlink(missing_ok=True)
    if not names:
        raise FileProblem("The archive holds no file. Deliver it again.")


def _of_zip(archive: Delivery, work: Path, zone: str, budget: Budget) -> Iterator[Delivery]:
    try:
        content = zipfile.ZipFile(archive.path)
    except (*DAMAGED_ARCHIVE, OSError) as error:
        if is_machine_fault(error):
            raise not_read_here(error) from error
        raise FileProblem(f"The archive is damaged or cut ({error}). Deliver it again.") from error
    with content:
        parts = [part for part in content.infolist() if not part.is_dir() and not _is_left_alone(part.filename)]
        budget.members -= len(parts)
        if budget.members < 0:
            raise FileProblem(f"The archive holds more than {MAX_MEMBERS} files. Deliver several archives.")
        if sum(part.file_size for part in parts) > budget.bytes:
            raise FileProblem(_too_much())
        for number, part in enumerate(parts):
            name = _name(part)
            member = _member(archive, name, work / f"member-{number}", part.file_size, zone)
            problem = _refusal(part, name)
            yield (
                replace(member, problem=problem)
                if problem
                else _filled(
                    member,
                    partial(content.open, part),
                    part.compress_size,
                    budget,
                    "The file is damaged in the archive ({}). Deliver the archive again.",
                )
            )


def _of_gzip(archive: Delivery, work: Path, zone: str, budget: Budget) -> Iterator[Delivery]:
    budget.members -= 1
    name = PurePosixPath(archive.relative.rpartition("!")[2]).name
    name = name[:-3] if name.lower().endswith(".gz") else f"{name}.unpacked"
    member = _member(archive, name, work / "member", 0, zone)
    yield _filled(
        member,
        partial(gzip.open, archive.path),
        archive.bytes,
        budget,
        "The gzip file is damaged or cut ({}). Deliver it again.",
    )


def _filled(member: Delivery, opened: Callable[[], IO[bytes]], packed: int, budget: Budget, damaged: str) -> Delivery:
    """The member with its content unpacked, or with the problem that prevented it."""
    try:
        with opened() as source:
            return replace(member, bytes=_copy(source, member.path, packed, budget))
    except FileProblem as error:
        problem, passing = str(error), False
    except (*DAMAGED_ARCHIVE, OSError) as error:
        passing = is_machine_fault(error)
        problem = str(not_read_here(error)) if passing else damaged.format(error)
    member.path.unlink(missing_ok=True)
    return replace(member, problem=problem, is_passing=passing)


def _copy(source: IO[bytes], target: Path, packed: int, budget: Budget) -> int:
    """Unpack one member; its size. Raises FileProblem as soon as a limit is passed."""
    size = 0
    with target.open("wb") as sink:
        while piece := source.read(_PIECE):
            size += len(piece)
            budget.bytes -= len(piece)
            if budget.bytes < 0:
                raise FileProblem(_too_much())
            if size > _RATIO_FROM and size > packed * MAX_RATIO:
                raise FileProblem(
                    f"The file unpacks to more than {MAX_RATIO} times its size, as no export does: it is "
                    "refused as a zip bomb. Deliver it unpacked if it is genuine."
                )
            sink.write(piece)
    return size


def _too_much() -> str:
    return f"The archive unpacks to more than {MAX_BYTES >> 30} GB. Deliver several archives."


def _member(archive: Delivery, name: str, path: Path, size: int, zone: str) -> Delivery:
    """A delivery made of a member: delivered when its own name says, else when the archive was."""
    stamped = delivered_at(PurePosixPath(name).name, None, zone)
    return replace(
        archive,
        path=path,
        relative=shown(name.replace("\\", "/").lstrip("/"), archive.key),
        bytes=size,
        delivered_at=stamped or archive.delivered_at,
        unpacked=True,
    )


def _name(part: zipfile.ZipInfo) -> str:
    """A member's name; without the flag for UTF-8 it is GBK far oftener than the old IBM page zipfile takes it for."""
    if part.flag_bits & 0x800:
        return part.filename
    try:
        return part.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return part.filename


def _refusal(part: zipfile.ZipInfo, name: str) -> str | None:
    parts = name.replace("\\", "/").split("/")
    if name[:1] in ("/", "\\") or name[1:2] == ":" or ".." in parts:
        return "The name of the file leads out of the archive, so it is not unpacked. Pack it again without its path."
    if stat.S_ISLNK(part.external_attr >> 16):
        return "A symbolic link in an archive is not followed. Pack the file itself."
    if part.flag_bits & 0x1:
        return "The file is encrypted with a password. Unpack it, or pack it without one."
    return None


def _is_left_alone(name: str) -> bool:
    return any(is_left_alone(part) or part == "__MACOSX" for part in name.replace("\\", "/").split("/") if part != "..")
