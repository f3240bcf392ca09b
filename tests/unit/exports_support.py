"""A landing folder and a warehouse to load it into, for tests of the reader."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from dial2deal import loading, policy, warehouse
from dial2deal.settings import Settings

CALLS_HEADER = "呼叫ID,呼叫类型,客户号码,400号码,开始时间,通话时长,通话状态,坐席工号,备注"


def call(number: int, **changes: str) -> str:
    """One line of a 400-platform export with an obviously made-up customer number."""
    cells = {
        "id": f"C{number:06d}",
        "direction": "呼入",
        "customer": f"139{number:08d}",
        "own": "4000000101",
        "at": f"2026-01-05 08:{number // 60 % 60:02d}:{number % 60:02d}",
        "talk": "00:05:23",
        "state": "已接通",
        "agent": "A1",
        "notes": "",
    } | changes
    return ",".join(cells.values())


@lru_cache(maxsize=1)
def _empty_warehouse() -> Path:
    """A warehouse with every raw table, made once per process: creating them takes longer than most tests."""
    home = Path(tempfile.mkdtemp(prefix="dial2deal-empty-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    settings = Settings(home=home).ensure()
    with warehouse.session(settings) as con:
        loading.load_landing(con, settings, policy.load(settings))
    return settings.warehouse


class Landing:
    """One installation in a temporary folder."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home).ensure()
        shutil.copyfile(_empty_warehouse(), self.settings.warehouse)
        self.policy = policy.load(self.settings)
        self.clock = 1_767_600_000

    def put(self, relative: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        """Write a file below landing, each one a second younger than the one before."""
        path = self.settings.landing / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        self.clock += 1
        os.utime(path, (self.clock, self.clock))
        return path

    def calls(self, name: str, lines: Iterable[str], header: str = CALLS_HEADER, **kwargs: Any) -> Path:
        """A generic_400 call file."""
        return self.put(f"generic_400/calls/{name}", "\n".join([header, *lines]) + "\n", **kwargs)

    def profile(self, relative: str, text: str) -> None:
        """A profile of the installation's own."""
        path = self.settings.home / "profiles" / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def session(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """The open warehouse."""
        return warehouse.session(self.settings)

    def load(self, **kwargs: Any) -> list[loading.FileResult]:
        """Load everything; every file must account for every row."""
        with self.session() as con:
            results = loading.load_landing(con, self.settings, self.policy, **kwargs)
        for result in results:
            assert result.rows_read == (
                result.rows_accepted + result.rows_quarantined + result.rows_duplicate + result.rows_superseded
            ), result
        return results

    def one(self) -> loading.FileResult:
        """Load the only file there is."""
        (result,) = self.load()
        return result

    def query(self, sql: str, *parameters: Any) -> list[tuple]:
        """Rows of a query on the warehouse."""
        with self.session() as con:
            return con.execute(sql, list(parameters)).fetchall()
