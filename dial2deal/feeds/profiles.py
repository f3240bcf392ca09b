"""How a vendor's columns become canonical ones: profiles/<source>/<feed>.yml, validated."""

from __future__ import annotations

import codecs
import hashlib
import re
import unicodedata
import zoneinfo
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dial2deal import parsing, storage
from dial2deal.feeds import sources
from dial2deal.feeds.assemble import expand_terms, merge
from dial2deal.feeds.catalogue import Feed, feeds, known_headers
from dial2deal.feeds.counts import advice
from dial2deal.feeds.expressions import PLACEHOLDER, problem_of
from dial2deal.feeds.headers import applicable, first_matches, first_sql, over_cells
from dial2deal.feeds.problems import ProfileError
from dial2deal.feeds.terms import Layers, layers
from dial2deal.parsing import countries
from dial2deal.readers.headers import normalise_header
from dial2deal.readers.wanted import Match
from dial2deal.settings import PROJECT_ROOT

# Every scalar stays the text it is: a vendor's value 1, no or 2026-01-05 is not a number, a boolean or a date.
_TextLoader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_WORDS_FILE = Path(__file__).with_name("words.yml")


def header_unit(text: str) -> str | None:
    """Unit suffix (``ms``, ``min``) that the header declares in brackets; None when it is seconds or silent."""
    found = re.search(r"[(\[【](.+?)[)\]】]", unicodedata.normalize("NFKC", text or ""))
    if not found:
        return None
    return next((suffix for suffix, words in vocabulary()["units"].items() if found[1].strip().lower() in words), None)


@cache
def vocabulary() -> dict[str, Any]:
    """Known headers by feed and column (``feeds``), and words.yml: of totals lines, of units."""
    words = yaml.load(_WORDS_FILE.read_text(encoding="utf-8"), Loader=_TextLoader)
    return {**words, "feeds": known_headers()}


# As `hash_of`: every cell, for exports in which nothing else tells one row from another.
WHOLE_ROW = "*"


class ColumnRule(BaseModel):
    """Where one canonical column comes from: the first of headers, expression, hash_of, const that applies."""

    model_config = ConfigDict(extra="forbid")
    headers: list[str] = Field(default_factory=list)
    expression: list[str] = Field(default_factory=list)
    hash_of: list[str] = Field(default_factory=list)
    const: str | None = None
    unit: Literal["ms", "min", "d", "[h:m]"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"headers": [value]}
        if isinstance(value, list):
            return {"headers": value}
        return value

    @field_validator("expression", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


_NO_RULE = ColumnRule()
_Base = Callable[[Path, str], Path | None]
# What says nothing of how rows are read; values are mapped after loading, by ops.value_maps.
_NO_MAPPING = {"description", "like", "terms", "values", "complete_when"}


class ProfileFile(BaseModel):
    """The YAML file as written, made whole by `assemble`."""

    model_config = ConfigDict(extra="forbid")
    description: str = ""
    terms: dict[str, str] = Field(default_factory=dict)
    synonyms: bool = False
    time_zone: str | None = None
    # What a file means that does not say so itself; what it says goes before, unless the setting is `fixed`.
    date_order: Literal["mdy", "dmy"] | None = None
    decimal_mark: Literal[",", "."] | None = None
    country: str | None = None  # where the numbers are dialled: IN, 91
    fixed: list[Literal["date_order", "decimal_mark"]] = Field(default_factory=list)
    delimiter: Literal[",", "\t", ";", "|"] | None = None
    encoding: str | None = None
    header: Literal["none"] | None = None
    dialects: dict[int, list[str]] = Field(default_factory=dict)
    short_rows: Literal["pad"] | None = None
    complete_when: Literal["done_file"] | None = None
    not_data: list[str] = Field(default_factory=list)
    records: str | None = None
    url_encoded: bool = False  # texts of JSON records
    key: list[str] = Field(default_factory=list)
    helpers: dict[str, list[str]] = Field(default_factory=dict)
    columns: dict[str, ColumnRule] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    ignore: list[str] = Field(default_factory=list)

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str | None) -> str | None:
        if value is not None and value not in zoneinfo.available_timezones():
            raise ValueError(f"{value!r} is not a time zone name such as Asia/Shanghai")
        return value

    @field_validator("country")
    @classmethod
    def _country_exists(cls, value: str | None) -> str | None:
        if value is not None and countries.find(value) is None:
            raise ValueError(f"{value!r} is no country; write its two letters or its calling code: IN, 91")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, value: str | None) -> str | None:
        try:
            return value and codecs.lookup(value).name
        except LookupError as error:
            raise ValueError(
                f"{value!r} is no encoding; known are utf-8, gb18030, utf-16, big5, windows-1251, "
                "latin-1 and others of Python's"
            ) from error

    @model_validator(mode="after")
    def _dialects_fit(self) -> ProfileFile:
        if (self.header is None) != (not self.dialects):
            raise ValueError("header: none and dialects (number of cells: their names) belong together")
        for count, names in self.dialects.items():
            if len(names) != count or len(set(map(normalise_header, names))) != count:
                raise ValueError(f"dialect {count} must name {count} different cells, it names {len(names)}")
        return self


@dataclass(frozen=True)
class Profile:
    """One validated profile. ``version`` changes when anything that decides how its files are read changes."""

    source: str
    feed: Feed
    file: ProfileFile
    path: str
    version: str
    accepted: dict[str, list[str]] = field(repr=False)

    @cached_property
    def choices(self) -> dict[str, list[tuple[int, str]]]:
        """Normalised header -> the columns that accept it, each with the header's rank among its choices."""
        found: dict[str, list[tuple[int, str]]] = {}
        for column, headers in self.accepted.items():
            for rank, header in enumerate(headers):
                found.setdefault(normalise_header(header), []).append((rank, column))
        return found

    @cached_property
    def _names(self) -> set[str]:
        """Every normalised header that a column, a helper or an expression may use."""
        references = {
            name.removesuffix("?")
            for expressions in self._computed.values()
            for expression in expressions
            for name in PLACEHOLDER.findall(expression)
        }
        helpers = {header for headers in self.file.helpers.values() for header in headers}
        return {*self.choices, *references, *map(normalise_header, references | helpers)}

    @cached_property
    def looks_around(self) -> bool:
        """Whether an expression sees other rows of its file, so that files cannot be read together."""
        return any(" over (" in expression for expressions in self._computed.values() for expression in expressions)

    @cached_property
    def arrays(self) -> frozenset[str]:
        """Arrays of JSON records whose first object the profile names: callflow of callflow.0.caller_profile."""
        helpers = (header for headers in self.file.helpers.values() for header in headers)
        return frozenset(header.split(".0.")[0] for header in helpers if ".0." in header)

    @cached_property
    def _ignored(self) -> set[str]:
        return {normalise_header(header) for header in self.file.ignore}

    @cached_property
    def _computed(self) -> dict[str, list[str]]:
        return {c: self.rule(c).expression for c in self.feed.columns if self.rule(c).expression}

    @cached_property
    def _required(self) -> list[str]:
        """Columns that the file must have, unless an expression makes them."""
        return [
            c.name
            for c in self.feed.columns.values()
            if c.required and not self.rule(c.name).hash_of and self.rule(c.name).const is None
        ]

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(self.file.key) or self.feed.key

    @property
    def place(self) -> str:
        """source/feed, for messages."""
        return f"{self.source}/{self.feed.name}"

    @property
    def needed(self) -> list[str]:
        """Required columns that headers are known for, for messages."""
        return [c.name for c in self.feed.columns.values() if c.required and self.accepted[c.name]]

    def advice(self, headers: Iterable[str]) -> str:
        """Where a file with these headers belongs instead, as far as they tell; or nothing."""
        return advice(self.feed.name, headers)

    def rule(self, column: str) -> ColumnRule:
        """The rule of a canonical column; an empty one when the profile says nothing."""
        return self.file.columns.get(column, _NO_RULE)

    def names_used(self, cells: list[str]) -> int:
        """How many different cells of a line `match` could use at most: quick to tell for a line of data."""
        return len(self._names.intersection(map(normalise_header, cells)))

    def match(self, cells: list[str]) -> Match:
        """Which cell of a header line is which column; never raises, ``missing`` says what is lacking."""
        by_name: dict[str, int] = {}
        for index, cell in enumerate(cells):
            name = normalise_header(cell)
            if name and name not in by_name:
                by_name[name] = index
        used: set[int] = set()
        positions = first_matches(self.choices, by_name, used)
        helpers = {
            name: by_name[h]
            for name, headers in self.file.helpers.items()
            for h in [next((n for n in map(normalise_header, headers) if n in by_name), None)]
            if h is not None
        }
        used.update(helpers.values())
        names = {**by_name, **{normalise_header(k): v for k, v in helpers.items()}, **positions}
        computed = {
            column: chosen[1]
            for column, expressions in self._computed.items()
            if (chosen := applicable(expressions, names))
        }
        used.update(cell for column, found in computed.items() if column not in positions for cell in found.values())
        missing = [column for column in self._required if column not in positions and column not in computed]
        unknown: dict[str, int] = {}
        for i, cell in enumerate(cells):
            if i not in used and cell.strip() and normalise_header(cell) not in self._ignored:
                unknown[cell.strip() if cell.strip() not in unknown else f"{cell.strip()} (column {i + 1})"] = i
        score = (len([c for c in positions if self.feed.columns[c].required]), len(used))
        return Match(positions, helpers, unknown, missing, score)

    def expressions_sql(
        self, match: Match, cells: list[str], *, padded: bool = False, kinds: Collection[str] = ()
    ) -> Layers:
        """The expressions over c0, c1, … of columns that no cell of this file is, as far as it has what they need.

        Columns are named "=column". ``padded``: the file's cells may carry blanks around them, which expressions are
        not to see; ``kinds``: of columns of these kinds alone.
        """
        names = _cell_names(match, cells)
        terms = {term: over_cells(sql, names, padded) for term, sql in self.file.terms.items()}
        columns = {
            f'"={column}"': f"nullif(({sql})::varchar, '')"
            for column, expressions in self._computed.items()
            if column not in match.positions
            and (not kinds or self.feed.columns[column].kind in kinds)
            and (sql := first_sql(expressions, names, padded)) is not None
        }
        return layers(terms, columns)

    def not_data_sql(self, match: Match, cells: list[str], *, padded: bool = False) -> list[str]:
        """The conditions over c0, c1, … of rows that are no data, as far as their headers are in this file."""
        names = _cell_names(match, cells)
        return [sql for condition in self.file.not_data if (sql := first_sql([condition], names, padded))]

    def expected(self, column: str) -> str:
        """The headers a column accepts, for messages."""
        return ", ".join(self.accepted.get(column, [])[:6]) or "no header in the profile"


class Profiles:
    """All profiles of the project and of the installation; the latter win file by file."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._files: dict[tuple[str, str], list[Path]] = {}
        self._implied: dict[Path, dict[str, Any]] = {}
        self._wrong: dict[str, ProfileError] = {}
        for folder in folders:
            for path in sorted(folder.glob("*/*.yml")) if folder.is_dir() else ():
                if path.name == sources.FILE:
                    self._imply(path)
                else:
                    self._files.setdefault((path.parent.name, path.stem), []).append(path)
        self._loaded: dict[tuple[str, str], Profile] = {}

    def _imply(self, source_file: Path) -> None:
        """Profiles that a source's file stands for, as if they were files beside it."""
        try:
            found = sources.implied(source_file)
        except ProfileError as error:
            self._wrong[source_file.parent.name] = error
            return
        for feed, content in found.items():
            path = source_file.with_name(f"{feed}.yml")
            if not path.exists():
                self._implied[path] = content
                self._files.setdefault((path.parent.name, feed), []).append(path)

    def names(self) -> list[tuple[str, str]]:
        """All (source, feed) pairs with a profile."""
        return sorted(self._files)

    def get(self, source: str, feed: str) -> Profile | None:
        """The profile of a source's feed, None when there is none. Raises ProfileError when it is wrong."""
        key = (source, feed)
        if key not in self._files:
            if source in self._wrong:
                raise self._wrong[source]
            return None
        if key not in self._loaded:
            self._loaded[key] = _load(self._files[key][-1], self._base, self._implied)
        return self._loaded[key]

    def _base(self, path: Path, source: str) -> Path | None:
        """The file that ``like: source`` in ``path`` means: of the same source, the one that ``path`` replaces."""
        found = [other for other in self._files.get((source, path.stem), []) if other != path]
        return found[-1] if found else None

    def resolve(self, source: str, folder: str) -> Profile | None:
        """The profile for landing/<source>/<folder>: its own, else that of a feed delivered in its place."""
        stand_ins = (feed.name for feed in feeds().values() if feed.instead_of == folder)
        return next((p for name in (folder, *stand_ins) if (p := self.get(source, name))), None)


def _load(path: Path, base: _Base, implied: Mapping[Path, dict[str, Any]]) -> Profile:
    """Read and validate one profile; ``base`` finds the file that its `like` means, ``implied`` are in no file.

    Raises ProfileError naming the file, the entry and what to do.
    """
    source, feed_name = path.parent.name, path.stem
    where = f"profiles/{source}/{path.name}"
    if feed_name not in feeds():
        raise ProfileError(f"{where}: there is no feed {feed_name!r}; feeds are {', '.join(feeds())}.")
    raw = _read(path, base, implied)
    try:
        file = ProfileFile.model_validate(expand_terms(raw))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ProfileError(f"{where}: {problems}") from error
    if not path.is_relative_to(PROJECT_ROOT / "profiles") and (problem := problem_of(file)):  # the project's are tested
        raise ProfileError(f"{where}: {problem}")
    feed = feeds()[feed_name]
    for kind, names in (
        ("column", file.columns),
        ("values", file.values),
        ("key", file.key),
        ("hash_of", [h for r in file.columns.values() if r.hash_of != [WHOLE_ROW] for h in r.hash_of]),
    ):
        unknown = [name for name in names if name not in feed.columns]
        if unknown:
            raise ProfileError(
                f"{where}: {kind} {unknown[0]!r} is no column of {feed_name}; columns are {', '.join(feed.columns)}."
            )
    synonyms = vocabulary()["feeds"][feed_name] if file.synonyms else {}
    accepted = {column: [*file.columns[column].headers] if column in file.columns else [] for column in feed.columns}
    for column, headers in synonyms.items():
        accepted[column] += [h for h in headers if h not in accepted[column]]
    mapping = file.model_dump(exclude=_NO_MAPPING)
    digest = hashlib.sha256(
        repr((mapping, sorted(accepted.items()), vocabulary()["units"], feed.key, parsing.lists())).encode()
    )
    return Profile(source, feed, file, where, digest.hexdigest()[:12], accepted)


def _read(
    path: Path, base: _Base, implied: Mapping[Path, dict[str, Any]], above: tuple[Path, ...] = ()
) -> dict[str, Any]:
    """The YAML of a profile and of those it is like, as one."""
    where = f"profiles/{path.parent.name}/{path.name}"
    try:
        raw = implied.get(path) or yaml.load(storage.read_text(path), Loader=_TextLoader) or {}
    except storage.EncodingError as error:
        raise ProfileError(f"{where}: {error}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ProfileError(f"{where} is not valid YAML: {error}") from error
    except OSError as error:
        raise ProfileError(f"{where} cannot be read: {error.strerror}.") from error
    if not isinstance(raw, dict) or not raw.get("like"):
        return raw
    other = base(path, raw["like"]) if isinstance(raw["like"], str) else None
    if other is None or other in above:
        raise ProfileError(f"{where}: like: {raw['like']} names no other source with a profile {path.name}.")
    return merge(raw, _read(other, base, implied, (*above, path)))


def _cell_names(match: Match, cells: list[str]) -> dict[str, int]:
    """What an expression may refer to: headers of the file, helpers and canonical columns, the latter first."""
    names = {normalise_header(cell): i for i, cell in reversed(list(enumerate(cells))) if cell.strip()}
    return names | {normalise_header(k): v for k, v in match.helpers.items()} | match.positions
