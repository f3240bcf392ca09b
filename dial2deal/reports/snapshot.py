"""Read-only view of the published snapshot: one connection per generation of the file."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from dial2deal.feeds.catalogue import feeds
from dial2deal.published import NothingPublishedError, connect
from dial2deal.settings import Settings

_QUERIES = Path(__file__).parent / "queries"


class Snapshot:
    """Plain SQL over one generation of ``published/dial2deal.duckdb``; the file is never locked against its writer."""

    def __init__(self, settings: Settings):
        """Raises NothingPublishedError when nothing is published."""
        self._con = connect(settings)
        self._pool_end: dt.date | None = None
        self.info = self._build_info()
        self.history = {
            feed.name: self._span(feed.fact.model, feed.fact.date)
            for feed in feeds().values()
            if feed.fact and feed.fact.date
        }

    def close(self) -> None:
        self._con.close()

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Rows of ``sql`` as dictionaries. Parameters are named, ``$name``; unused ones are dropped."""
        used = {name: value for name, value in (parameters or {}).items() if f"${name}" in sql}
        cursor = self._con.execute(sql, used)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def query(self, name: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """Rows of ``queries/<name>.sql``."""
        return self.rows((_QUERIES / f"{name}.sql").read_text(encoding="utf-8"), parameters)

    def pool(self, end: dt.date) -> None:
        """Make the table ``high_intent_pool`` that of ``end``; reports of a day, week and month share one.

        It is the costliest query of a report: 1.7 of 26 CPU s at a million calls.
        """
        if self._pool_end != end:
            self._pool_end = None
            sql = (_QUERIES / "high_intent_pool.sql").read_text(encoding="utf-8")
            self._con.execute(f"create or replace temp table high_intent_pool as {sql}", {"end": end})
            self._pool_end = end

    def starts(self, feed: str) -> dt.date | None:
        """First date with rows of ``feed``; None when it was never delivered."""
        return self.history[feed][0]

    def incomplete_files(self, start: dt.date, end: dt.date) -> list[dict[str, Any]]:
        """Held or failed files that cover dates from ``start`` to ``end``: file, feed, status, rule, rows, message.

        A file whose dates could not be read is listed for every period: nobody knows what it holds.
        """
        listed = json.loads(self.info["incomplete_files"] or "[]")
        covering = [
            file
            for file in listed
            if file["first_date"] is None
            or (
                file["first_date"] <= end.isoformat() and (file["last_date"] or file["first_date"]) >= start.isoformat()
            )
        ]
        return sorted(covering, key=lambda file: (file["file"], file["rule"]))

    def holds_back(self, feed: str, start: dt.date, end: dt.date) -> bool:
        """Whether a file of ``feed`` with known dates in this range is missing from the tables."""
        return any(
            file["feed"] == feed and file["first_date"] is not None for file in self.incomplete_files(start, end)
        )

    def _build_info(self) -> dict[str, Any]:
        rows = self.rows("select * from ops.build_info")
        if len(rows) != 1:
            raise NothingPublishedError("ops.build_info of the snapshot must have exactly one row; build again.")
        return rows[0]

    def _span(self, table: str, column: str) -> tuple[dt.date | None, dt.date | None]:
        """First and last date; (None, None) of an empty table and of one that an earlier version did not publish."""
        there = "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = $table"
        if not self.rows(there, {"table": table}):
            return None, None
        row = self.rows(
            f"select min({column}) as first, max({column}) as last from marts.{table} "
            f"where {column} > date '1970-01-01'"
        )[0]
        return row["first"], row["last"]
