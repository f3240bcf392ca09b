"""A first look at a file of unknown vendor: container, encoding, delimiter, header row and the first rows."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

import duckdb

from dial2deal.feeds.catalogue import feeds
from dial2deal.feeds.profiles import Profile, ProfileFile, vocabulary
from dial2deal.landing import archives
from dial2deal.landing.deliveries import Delivery
from dial2deal.loading.cells import Cells, read_cells
from dial2deal.readers import kinds
from dial2deal.readers.headers import normalise_header
from dial2deal.readers.problems import FileProblem
from dial2deal.readers.table import Table
from dial2deal.readers.wanted import Match
from dial2deal.sql import only_row

SAMPLE_BYTES = 2 << 20
NAMELESS = "column"  # what cells of a file without header are called
_MAX_CELLS = 400
_VALUE = re.compile(r"[\d\s:/.,+*%¥￥$-]*\d[\d\s:/.,+*%¥￥$TZ年月日时分秒-]*|https?://.*|[0-9a-fA-F-]{16,}")
# Moments, long numbers and clock times: a row that holds one is data, whatever else it holds.
_DATA = re.compile(
    r"(.*\D)?\d{4}[-/年]\d{1,2}[-/月]\d{1,2}.*|\d{6,}(\.\d+)?|\d{1,2}:\d\d(:\d\d)?|https?://.*|.{60,}", re.DOTALL
)
_EMPTY = Match({}, {}, {}, [], (0, 0))


@dataclass(frozen=True)
class AnyHeader(Profile):
    """A profile that takes any row for the header that reads like one, known names before others."""

    known: frozenset[str] = frozenset()

    @cached_property
    def dialect_names(self) -> frozenset[str]:
        return frozenset(name for names in self.file.dialects.values() for name in names)

    def names_used(self, cells: list[str]) -> int:
        """All of them: any name may be a header's."""
        return len(cells)

    def match(self, cells: list[str]) -> Match:
        """A score for header-likeness; every cell is unknown, nothing is missing."""
        names = [cell.strip() for cell in cells]
        unknown = {name: i for i, name in enumerate(names) if name}
        if self.dialect_names.issuperset(names):
            return Match({}, {}, unknown, [], (0, 1))
        known = len({normalise_header(name) for name in names} & self.known)
        values = sum(bool(_VALUE.fullmatch(name)) for name in names)
        if known < 2 and any(_DATA.fullmatch(name) for name in names):
            return _EMPTY
        if len(unknown) < 2 or values * 4 > len(unknown) or (not known and len(unknown) * 2 < len(names)):
            return _EMPTY
        return Match({}, {}, unknown, [], (known, 1 + len(unknown) - values))


@dataclass(frozen=True)
class Sample:
    """The first rows of a file as the temporary table ``incoming``. ``is_part`` when the file goes on."""

    path: Path
    container: str
    cells: Cells
    header: list[str]
    header_line: int  # 0 without one
    is_part: bool
    bytes: int
    records: str | None = None  # where in a JSON document the records lie

    @property
    def table(self) -> Table:
        return self.cells.table

    @property
    def has_header(self) -> bool:
        return self.header_line > 0


@dataclass(frozen=True)
class Member:
    """A file to look at: ``delivered`` is what the user has, ``path`` its content, an archive's member unpacked."""

    delivered: Path
    path: Path
    name: str
    problem: str | None = None


def look(con: duckdb.DuckDBPyConnection, path: Path, work: Path) -> Sample:
    """Read the beginning of ``path`` into ``incoming``; scratch files go below ``work``. Raises FileProblem."""
    size = path.stat().st_size
    with path.open("rb") as handle:
        head = handle.read(SAMPLE_BYTES)
    container = kinds.sniff(head[:4096])
    work.mkdir(parents=True, exist_ok=True)
    part, is_part = path, False
    if container == "text" and size > SAMPLE_BYTES:
        part, is_part = work / path.name, True
        part.write_bytes(whole_lines(head))
    found = kinds.fingerprint(part)
    profile = any_header()
    for attempt in (found, replace(found, may_be_utf8=False)):
        table = kinds.read(part, profile, work / "read", attempt)
        cells = read_cells(con, table, work / "read")
        if cells is not None:
            line = 0 if profile.dialect_names.issuperset(table.header) else _header_line(con, table)
            return Sample(path, container, cells, table.header, line, is_part, size)
    raise FileProblem("The text is not valid in the encoding it declares. Export it again as CSV UTF-8.")


def look_inside(con: duckdb.DuckDBPyConnection, path: Path, work: Path) -> Sample | None:
    """Like `look` for the largest array within one JSON object; None when there is none."""
    records = _largest_array(path)
    if records is None:
        return None
    file = any_header().file.model_copy(update={"records": records})
    table = kinds.read(path, replace(any_header(), file=file), work / "inside", kinds.fingerprint(path))
    cells = read_cells(con, table, work / "inside")
    return cells and Sample(path, "json", cells, table.header, 1, False, path.stat().st_size, records)


def _largest_array(path: Path) -> str | None:
    """Dotted path of the longest array of objects in a JSON document; None when there is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError:
        return None
    found: list[tuple[int, str]] = []
    places = [(document, "")]
    while places:
        value, where = places.pop(0)
        for key, item in value.items() if isinstance(value, dict) else ():
            if isinstance(item, list) and any(isinstance(entry, dict) for entry in item):
                found.append((len(item), where + key))
            elif isinstance(item, dict):
                places.append((item, f"{where}{key}."))
    return max(found, key=lambda array: array[0])[1] if found else None


def members(path: Path, work: Path) -> Iterator[Member]:
    """The file itself, or what an archive holds, unpacked below ``work``."""
    if archives.kind_of(path) is None:
        yield Member(path, path, path.name)
        return
    stat = path.stat()
    archive = Delivery(path, path.name, "", "", stat.st_size, stat.st_mtime_ns, dt.datetime.now(dt.UTC))
    work.mkdir(parents=True, exist_ok=True)
    try:
        for number, found in enumerate(archives.unpacked(archive, work / "archive", "UTC")):
            if found.problem:
                yield Member(path, found.path, found.relative, found.problem)
                continue
            named = work / f"member-{number}" / PurePosixPath(found.relative.rpartition("!")[2]).name
            named.parent.mkdir()
            found.path.rename(named)
            yield Member(path, named, found.relative)
    except FileProblem as problem:
        yield Member(path, path, path.name, str(problem))


def whole_lines(head: bytes) -> bytes:
    """The beginning of a text without the line that is cut at its end."""
    end = head.rfind(b"\n") + 1
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        end -= end % 2
    return head[:end] if end else head


def _header_line(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    if table.skip or not table.has_line_column:
        return table.skip or 1
    first = only_row(con.execute("select min(l::bigint) from incoming"))[0]
    return max(1, (first or 2) - 1)


@cache
def any_header() -> AnyHeader:
    """The profile that `look` reads with; it knows every header of every feed."""
    known = frozenset(
        normalise_header(header)
        for columns in vocabulary()["feeds"].values()
        for headers in columns.values()
        for header in headers
    )
    dialects = {count: [f"{NAMELESS} {n + 1}" for n in range(count)] for count in range(2, _MAX_CELLS)}
    file = ProfileFile.model_construct(**{**ProfileFile().model_dump(), "header": "none", "dialects": dialects})
    feed = next(iter(feeds().values()))
    return AnyHeader("unknown", feed, file, "any header", "", {column: [] for column in feed.columns}, known=known)
