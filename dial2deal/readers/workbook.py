"""Excel workbooks (xls, xlsx, xlsb, ods) become delimited text with the vendor's values in canonical spelling."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from dial2deal.readers import workbook_cells
from dial2deal.readers.problems import FileProblem, not_read_here
from dial2deal.readers.rows import MAX_RECORD, RowFiles
from dial2deal.readers.sheets import read_sheets
from dial2deal.readers.table import HEADER_SEARCH_ROWS, Table
from dial2deal.readers.wanted import Wanted
from dial2deal.readers.workbook_guard import check_workbook

_SECONDS = 600
# Ended from outside, as by a system that is out of memory; other signals are raised by what is read.
_ENDED = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)


def read_workbook(path: Path, wanted: Wanted, work: Path) -> Table:
    """All sheets that carry the header of the first one found, in order, as one Table. Raises FileProblem.

    The cells are read in a process of its own, which a damaged file may end, while this one looks for bombs.
    """
    with _Reader(path) as reader:
        check_workbook(path)
        return read_sheets(reader.sheets(), wanted, work, "excel")


class _Reader:
    """The other process: it offers sheets and writes those that are wanted."""

    def __init__(self, path: Path) -> None:
        self._command = [sys.executable, "-I", workbook_cells.__file__, str(path), str(HEADER_SEARCH_ROWS)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
        )
        self._is_late = False
        self._watch = threading.Timer(_SECONDS, self._give_up)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.cancel()
        self._process.kill()
        self._process.communicate()

    def sheets(self) -> Iterator[_WorkbookSheet]:
        """The sheets in order; each must be used before the next is asked for."""
        while "sheet" in (said := self.listen()):
            sheet = _WorkbookSheet(self, said)
            yield sheet
            if not sheet.is_copied:
                self.tell(None)

    def tell(self, message: dict[str, Any] | None) -> None:
        """Answer the other process."""
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended; listening tells why

    def listen(self) -> dict[str, Any]:
        """What the other process says next. Raises FileProblem when it found the workbook damaged, MachineProblem when
        it was ended or this machine failed it.
        """
        line = self._process.stdout.readline()
        if self._is_late:
            raise not_read_here(f"reading it takes more than {_SECONDS} seconds")
        if not line.endswith("\n"):
            if self._process.wait() in _ENDED:
                raise not_read_here("the process that read it was ended from outside")
            raise _damaged("its content makes no sense")
        said = json.loads(line)
        if "machine" in said:
            raise not_read_here(said["machine"])
        if "problem" in said:
            raise _damaged(said["problem"])
        return said

    def _give_up(self) -> None:
        self._is_late = True
        self._process.kill()


class _WorkbookSheet:
    """A `Sheet` whose rows the other process writes."""

    def __init__(self, reader: _Reader, said: dict[str, Any]) -> None:
        self.what = f"sheet {said['sheet']!r}"
        self.head = [(line, cells) for line, cells in said["head"]]
        self.is_copied = False
        self._reader = reader
        self._last = said["last"]

    def copy(self, target: RowFiles, after: int, width: int, offset: int) -> int:
        self._reader.tell(
            {"after": after, "path": str(target.clean), "width": width, "offset": offset, "longest": MAX_RECORD}
        )
        self.is_copied = True
        said = self._reader.listen()
        target.written += said["written"]
        for line, cells in said["long"]:
            target.add_too_long(line, cells)
        return self._last


def _damaged(why: object) -> FileProblem:
    return FileProblem(f"The workbook is damaged, cut or encrypted and cannot be opened ({why}). Export it again.")
