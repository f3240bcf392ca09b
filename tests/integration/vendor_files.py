"""Vendors' files through the real loader: rows as staging reads them, to compare with rows written by hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from dial2deal import loading
from dial2deal.feeds.catalogue import feeds
from tests.unit.exports_support import Landing

VENDORS = Path(__file__).parent.parent / "fixtures" / "vendors"
_READ = {
    "timestamp": "parse.ts(r.{0})",
    "date": "parse.day(r.{0})",
    "seconds": "parse.seconds(r.{0})",
    "money": "parse.money(r.{0})",
    "number": "parse.num(r.{0})",
    "boolean": "parse.bool(r.{0})",
    "phone": "parse.clean_number(r.{0})",
}


class VendorWorld:
    """Files of tests/fixtures/vendors, loaded together: a warehouse for each would cost a second per test."""

    def __init__(self, home: Path, files: Iterable[tuple[str, str, str]]) -> None:
        """``files``: source, folder below it in landing, name of the fixture below the source's fixtures."""
        landing = Landing(home)
        for source, folder, name in files:
            landing.put(f"{source}/{folder}/{name}", (VENDORS / source / name).read_bytes())
        self._results = {result.path: result for result in landing.load()}
        self._con = duckdb.connect(str(landing.settings.warehouse), read_only=True)

    def result(self, source: str, folder: str, name: str) -> loading.FileResult:
        """What became of one file."""
        return self._results[f"{source}/{folder}/{name}"]

    def counts(self, source: str, folder: str, name: str) -> tuple[int, int, int]:
        """Records that are data (repeated ones too), lines that are none, quarantined ones of a file that loaded."""
        result = self.result(source, folder, name)
        assert result.status == "loaded", result.message
        return result.rows_accepted + result.rows_duplicate, result.rows_total_line, result.rows_quarantined

    def read(self, source: str, folder: str, name: str, columns: Iterable[str]) -> list[tuple[Any, ...]]:
        """The columns of one file's rows, as `select` gives them."""
        result = self.result(source, folder, name)
        assert result.status == "loaded", result.message
        return self.query(select(result.feed, columns), result.file_id)

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse."""
        return self._con.execute(sql, list(parameters)).fetchall()


def select(feed: str, columns: Iterable[str]) -> str:
    """A query for the rows of a file (parameter: its id, or % for all) as staging reads them, line by line.

    Values are mapped, times in the policy's zone and text (``01-05 08:00:00``, so that expectations stay short),
    lengths in seconds, empty cells None.
    """
    selected, joins = [], []
    for n, column in enumerate(columns):
        kind = feeds()[feed].columns[column].kind
        if kind == "map":
            joins.append(
                f"left join ops.value_maps m{n} on m{n}.source = r._source and m{n}.feed = '{feed}' "
                f"and m{n}.column_name = '{column}' and m{n}.raw_value = lower(trim(r.{column}))"
            )
            selected.append(f"coalesce(m{n}.canonical_value, 'unmapped: ' || nullif(r.{column}, ''))")
        elif kind == "timestamp":
            selected.append(f"strftime(parse.ts(r.{column}), '%m-%d %H:%M:%S')")
        else:
            selected.append(_READ.get(kind, "nullif(r.{0}, '')").format(column))
    return (
        f"select {', '.join(selected)} from raw.{feed} r {' '.join(joins)} where r._file_id like ? "
        "order by r._file_id, r._line"
    )
