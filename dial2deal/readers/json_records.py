"""JSON and JSON lines: each record becomes a row, nested objects become dotted columns."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

from dial2deal.readers.decoded import decoded, encoding_of
from dial2deal.readers.problems import FileProblem
from dial2deal.readers.rows import RowFiles
from dial2deal.readers.table import Header, Table, require_columns
from dial2deal.readers.wanted import Wanted

# A document that is no array of records and no JSON lines is held in memory, at about ten times its size.
_MAX_DOCUMENT = 64 << 20
_MAX_RECORD = 16 << 20
_MAX_COLUMNS = 2000
_MAX_DEPTH = 8
_EARLY = 1000
_BLANK = re.compile(r"[ \t\r\n]*")
_BLANK_OR_COMMA = re.compile(r"[ \t\r\n]*,?[ \t\r\n]*")
_NO_OBJECT = "the record is no JSON object"


class _Number(float):
    """A number with a fraction that keeps its digits."""

    text: str

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, text)
        number.text = text
        return number


_DECODER = json.JSONDecoder(
    parse_float=lambda text: _Number(text) if math.isfinite(float(text)) else text, parse_constant=lambda name: None
)


@dataclass(frozen=True)
class Record:
    """One record; ``problem`` says why ``value`` (then its text) is to be quarantined."""

    line: int
    value: Any
    problem: str = ""


def read_json(path: Path, wanted: Wanted, work: Path) -> Table:
    """Every record as a row: lines are those of the file for JSON lines, else the record's number.

    Objects in objects become dotted columns, arrays stay JSON text in one cell; numbers keep their digits. JSON
    lines and a top-level array are read in pieces, other documents up to 64 MB as a whole. Raises FileProblem.
    """
    encoding = encoding_of(path)
    columns: dict[str, int] = {}
    records = _records(path, encoding, wanted)
    with RowFiles(work) as target:
        early = [(record, _row(record, columns, wanted)) for record in islice(records, _EARLY)]
        first_width = len(columns)
        for record, row in early:
            _write(target, record, row, first_width)
        for record in records:
            row = _row(record, columns, wanted)
            _write(target, record, row, len(columns))
    names = list(columns)
    match = wanted.match(names)
    header = require_columns(wanted, Header(names, match, 0, ",") if match.score[1] >= 2 else None, names)
    return Table(
        path=target.clean,
        header=header.cells,
        match=header.match,
        delimiter=",",
        width=len(names),
        skip=0,
        lines=target.written,
        encoding=encoding.removesuffix("-sig"),
        has_quotes=True,
        has_line_column=True,
        pad=len(columns) > first_width,
        ragged=target.aside,
        repairs={"read from JSON": 1},
    )


def _row(record: Record, columns: dict[str, int], wanted: Wanted) -> dict[int, str]:
    """Texts by column; columns seen for the first time are appended."""
    if record.problem:
        return {}
    row = {}
    for name, text in _flat(record.value, first_of=wanted.arrays).items():
        at = columns.setdefault(name, len(columns))
        row[at] = unquote(text) if wanted.file.url_encoded and "%" in text else text
    if len(columns) > _MAX_COLUMNS:
        raise FileProblem(
            f"The records have more than {_MAX_COLUMNS} different keys; ids seem to be used as keys. "
            "Say in the profile where the records are (records: Data.List), or export CSV."
        )
    return row


def _write(target: RowFiles, record: Record, row: dict[int, str], width: int) -> None:
    if record.problem:
        target.set_aside(record.line, record.problem, record.value)
    else:
        target.add(record.line, [row.get(at, "") for at in range(width)])


def _flat(
    value: dict[str, Any], prefix: str = "", depth: int = 1, first_of: frozenset[str] = frozenset()
) -> dict[str, str]:
    """Dotted names and texts; ``first_of`` names the arrays of which the first object is wanted, as name.0.…"""
    found: dict[str, str] = {}
    for key, item in value.items():
        if isinstance(item, dict) and item and depth < _MAX_DEPTH:
            found |= _flat(item, f"{prefix}{key}.", depth + 1, first_of)
        elif f"{prefix}{key}" in first_of and isinstance(item, list) and item and isinstance(item[0], dict):
            found |= _flat(item[0], f"{prefix}{key}.0.", depth + 1, first_of)
        else:
            found[f"{prefix}{key}"] = _text(item)
    return found


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.replace("\0", "")
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Number):
        return value.text
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _records(path: Path, encoding: str, wanted: Wanted) -> Iterator[Record]:
    head = next(decoded(path, encoding))
    if _is_lines(head):
        return _of_lines(path, encoding, wanted)
    if head[_BLANK.match(head).end() :][:1] == "[" and wanted.file.records is None:
        return _of_array(path, encoding)
    return _of_documents(path, encoding, wanted)


def _is_lines(head: str) -> bool:
    """Whether a line is an object by itself, and not the only thing in the file."""
    lines = [line for line in head.split("\n")[:10] if line.strip()]
    return len(lines) > 1 and any(line[0] == "{" and isinstance(_decode(line), dict) for line in lines)


def _decode(text: str) -> Any:
    """The value of a whole text, a ValueError when it is none."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        return error if isinstance(error, ValueError) else ValueError("nested too deeply")


def _of_lines(path: Path, encoding: str, wanted: Wanted) -> Iterator[Record]:
    number = 0
    for line, text in _lines(path, encoding):
        if not text.strip():
            continue
        value = _decode(text) if len(text) <= _MAX_RECORD else ValueError(f"longer than {_MAX_RECORD >> 20} MB")
        values = _side_by_side(text) if isinstance(value, ValueError) and len(text) <= _MAX_RECORD else [value]
        if isinstance(value, ValueError) and not values:
            yield Record(line, text, f"the line is no valid JSON: {value}")
        elif wanted.file.records is None:
            for value in values:
                yield Record(line, value) if isinstance(value, dict) else Record(line, text, _NO_OBJECT)
        else:
            for item in (item for value in values for item in _at(value, wanted.file.records)):
                number += 1
                yield _checked(number, item)


def _side_by_side(text: str) -> list[dict[str, Any]]:
    """The objects of a line that holds nothing but objects, as streams write them; none where it holds others."""
    found, at = [], _BLANK_OR_COMMA.match(text).end()
    try:
        while at < len(text):
            value, at = _DECODER.raw_decode(text, at)
            if not isinstance(value, dict):
                return []
            found.append(value)
            at = _BLANK_OR_COMMA.match(text, at).end()
    except (ValueError, RecursionError):
        return []
    return found


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; of a longer one than any record only the beginning."""
    number, held = 1, ""
    for piece in decoded(path, encoding):
        *whole, rest = (held + piece).split("\n")
        for line in whole:
            yield number, line
            number += 1
        held = rest[: _MAX_RECORD + 1]
    yield number, held


def _of_array(path: Path, encoding: str) -> Iterator[Record]:
    pieces = decoded(path, encoding)
    text = next(pieces)
    yield from _streamed(pieces, text, text.index("[") + 1)


def _of_stream(path: Path, encoding: str) -> Iterator[Record]:
    """Objects side by side, more of them than fit into memory."""
    pieces = decoded(path, encoding)
    yield from _streamed(pieces, next(pieces), 0)


def _streamed(pieces: Iterator[str], text: str, at: int) -> Iterator[Record]:
    number, ended = 0, False
    while True:
        at = _BLANK_OR_COMMA.match(text, at).end()
        if text[at : at + 1] == "]" or (ended and at == len(text)):
            return
        try:
            value, end = _DECODER.raw_decode(text, at)
            whole = end < len(text) or ended
        except (ValueError, RecursionError) as error:
            whole, value = False, error
        if whole:
            number += 1
            at = end
            yield _checked(number, value)
            continue
        if ended:
            yield Record(number + 1, text[at:], "the JSON ends inside a record or is damaged here: the file seems cut")
            return
        if len(text) - at > _MAX_RECORD or isinstance(value, RecursionError):
            raise FileProblem(
                f"Record {number + 1} is no valid JSON or larger than {_MAX_RECORD >> 20} MB. Export it again."
            )
        more = next(pieces, None)
        ended = more is None
        text, at = text[at:] + (more or ""), 0


def _of_documents(path: Path, encoding: str, wanted: Wanted) -> Iterator[Record]:
    if path.stat().st_size > _MAX_DOCUMENT and wanted.file.records is None:
        stream = _of_stream(path, encoding)
        first = next(stream, None)
        if first and not first.problem and not wanted.match(list(_flat(first.value, first_of=wanted.arrays))).missing:
            yield first
            yield from stream
            return
    if path.stat().st_size > _MAX_DOCUMENT:
        raise FileProblem(
            f"A JSON document of more than {_MAX_DOCUMENT >> 20} MB is read only as an array of records "
            "or with one record per line (JSON lines). Export it so, or in several files."
        )
    text = "".join(decoded(path, encoding))
    at, number = _BLANK.match(text).end(), 0
    where = wanted.file.records
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise FileProblem(
                f"The JSON is damaged or cut in line {error.lineno}: {error.msg}. Export it again."
            ) from error
        except (ValueError, RecursionError) as error:
            raise FileProblem(f"The JSON cannot be read: {error}. Export it again.") from error
        at = _BLANK.match(text, end).end()
        for item in _at(value, where) if where else _found(value, wanted):
            number += 1
            yield _checked(number, item)


def _checked(number: int, item: Any) -> Record:
    return Record(number, item) if isinstance(item, dict) else Record(number, json.dumps(item)[:1000], _NO_OBJECT)


def _at(document: Any, where: str) -> list[Any]:
    """What lies at a dotted path. Raises FileProblem when the document has no such place."""
    value = document
    for key in where.split(".") if where else []:
        if not isinstance(value, dict) or key not in value:
            seen = ", ".join(list(value)[:10]) if isinstance(value, dict) else "no object"
            raise FileProblem(
                f"The JSON has no {where!r}, where the profile says the records are; at {key!r} there is: {seen}."
            )
        value = value[key]
    return value if isinstance(value, list) else [] if value is None else [value]


def _found(document: Any, wanted: Wanted) -> list[Any]:
    """The records of a document: itself when it has the profile's columns, else its largest array of objects."""
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        return [document]
    match = wanted.match(list(_flat(document, first_of=wanted.arrays)))
    if match.score[1] >= 2 and not match.missing:
        return [document]
    arrays: list[list[Any]] = []
    places = [document]
    while places:
        inside = [item for place in places for item in place.values()]
        arrays += [item for item in inside if isinstance(item, list) and any(isinstance(i, dict) for i in item)]
        places = [item for item in inside if isinstance(item, dict)]
    return max(arrays, key=len, default=[document])
