"""Cells of a workbook as text, read by a process of its own: ``python workbook_cells.py WORKBOOK HEAD_ROWS``.

A damaged workbook can make calamine end the process that reads it or take all memory. So that only this one ends,
and starts at once, the module imports nothing of the project. It says one JSON object a line: a sheet with its first
rows, to which the other side answers null or where the rows are wanted; then how many were written; at last the end.
"""

from __future__ import annotations

import csv
import datetime as dt
import errno
import json
import os
import resource
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

_SECONDS_PER_DAY = 86_400
# 100,000 rows of 18 columns need 0.2 GB, so Excel's million rows of twice as many columns fit.
_MEMORY = 4 << 30
_BATCH = 1_000
# From here on a second process takes half of the rows; it starts with the sheet in memory.
_WORTH_SHARING = 20_000


def cell_text(value: Any) -> str:
    """Text of one cell: ISO dates and times, clock durations, whole numbers without a decimal point."""
    write = _WRITERS.get(type(value))
    return write(value) if write else "" if value is None else str(value)


def column_texts(cells: Iterable[Any]) -> list[str]:
    """Texts of one column's cells; lengths and numbers, which repeat, are worked out once."""
    texts = []
    for value in cells:
        kind = type(value)
        if kind is str:
            texts.append(value)
        elif kind in _REPEATING:
            texts.append(_REPEATING[kind][value])
        else:
            texts.append(cell_text(value))
    return texts


class _Texts(dict[str, Any]):
    """Value → text, worked out when first asked for."""

    def __missing__(self, value: Any) -> str:
        if len(self) > 100_000:
            self.clear()
        text = self[value] = cell_text(value)
        return text


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _moment(value: dt.datetime) -> str:
    if value.microsecond:  # the binary fraction of a day is never exact
        value = (value + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
    return value.strftime("%H:%M:%S") if value.year <= 1900 else str(value)


def _duration(value: dt.timedelta) -> str:
    seconds = round(value.total_seconds())
    return f"-{_clock(-seconds)}" if seconds < 0 else _clock(seconds)


def _time(value: dt.time) -> str:
    exact = value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    return _clock(round(exact) % _SECONDS_PER_DAY)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


_WRITERS: dict[type, Callable[[Any], str]] = {
    float: _number,
    bool: lambda value: "是" if value else "否",
    dt.datetime: _moment,
    dt.time: _time,
    dt.timedelta: _duration,
}
# One each: 0.0 and False are the same key.
_REPEATING: dict[type, _Texts] = {float: _Texts(), dt.time: _Texts(), dt.timedelta: _Texts()}


class _Sheet:
    """One sheet, its rows counted from 1 as Excel shows them; calamine counts empty ones at the top too."""

    def __init__(self, sheet: CalamineSheet) -> None:
        self._sheet = sheet
        self.last = sheet.end[0] + 1 if sheet.end else 0

    def rows(self, start: int, stop: int) -> Iterator[list[Any]]:
        """Cells of the rows from ``start`` to before ``stop``."""
        return islice(self._sheet.iter_rows(), start - 1, stop - 1)

    def write(self, start: int, stop: int, path: str, width: int, offset: int, longest: int) -> dict[str, Any]:
        """Append rows to a CSV file as line and cells. Returns their number and those with too many characters."""
        written = 0
        long: list[list[Any]] = []
        with open(path, "a", encoding="utf-8", newline="", errors="replace") as sink:
            writer = csv.writer(sink, lineterminator="\n")
            rows = self.rows(start, stop)
            line = offset + start
            while batch := list(islice(rows, _BATCH)):
                columns = [column_texts(cells) for cells in list(zip(*batch, strict=True))[:width]]
                columns += [[""] * len(batch)] * (width - len(columns))
                content = ["".join(column) for column in columns]
                for number, text in enumerate(content):
                    if "\r" in text or "\0" in text:  # the writer does not quote the one, DuckDB ends at the other
                        columns[number] = [
                            cell.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "") for cell in columns[number]
                        ]
                texts: Iterable[Sequence[Any]] = zip(range(line, line + len(batch)), *columns, strict=True)
                if sum(map(len, content)) > longest:
                    kept: list[list[Any]] = []
                    for number, *cells in texts:
                        (long if sum(map(len, cells)) > longest else kept).append([number, *cells])
                    texts = kept
                writer.writerows(texts)
                line += len(batch)
                written += len(batch)
        return {
            "written": written - len(long),
            "long": [[line, [cell[:5000] for cell in cells]] for line, *cells in long],
        }

    def write_shared(self, start: int, path: str, **where: int) -> dict[str, Any]:
        """Like ``write`` up to the end, the second half by another process."""
        stop = self.last + 1
        if stop - start < _WORTH_SHARING:
            return self.write(start, stop, path, **where)
        middle, other = (start + stop) // 2, f"{path}.second"
        reading, writing = os.pipe()
        process = os.fork()
        if not process:
            status = 1
            try:
                with os.fdopen(writing, "w") as answer:
                    json.dump(self.write(middle, stop, other, **where), answer)
                status = 0
            finally:
                os._exit(status)
        os.close(writing)
        found = self.write(start, middle, path, **where)
        with os.fdopen(reading, "rb") as answer:
            second = answer.read()
        if os.waitpid(process, 0)[1]:
            raise OSError("its second half could not be read")
        with open(other, "rb") as source, open(path, "ab") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        os.unlink(other)
        second = json.loads(second)
        return {"written": found["written"] + second["written"], "long": found["long"] + second["long"]}


def main(source: str, head_rows: int) -> None:
    """Offer the sheets of ``source`` one after the other. Ends with 3 when it is no readable workbook."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        with CalamineWorkbook.from_path(source) as workbook:
            for name in workbook.sheet_names:
                sheet = _Sheet(workbook.get_sheet_by_name(name))
                head = [
                    [number, list(map(cell_text, cells))]
                    for number, cells in enumerate(sheet.rows(1, head_rows + 1), 1)
                ]
                _say({"sheet": name, "head": head, "last": sheet.last})
                wanted = json.loads(sys.stdin.readline())
                if wanted:
                    _say(sheet.write_shared(wanted.pop("after") + 1, **wanted))
        _say({"end": True})
    except (CalamineError, OSError, ValueError) as error:
        passing = isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)
        _say({"machine" if passing else "problem": str(error)[:500]})
        sys.exit(3)


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
