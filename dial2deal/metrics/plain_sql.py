"""Plain SQL on what is published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import duckdb

from dial2deal import published
from dial2deal.metrics.problems import MetricError
from dial2deal.settings import Settings


@dataclass(frozen=True)
class SqlResult:
    """``columns`` and ``rows`` of one statement."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def sql(settings: Settings, text: str, *, limit: int | None = None) -> SqlResult:
    """Run ``text`` on the published snapshot (search path ``marts``), at most ``limit`` rows.

    The connection can neither write nor reach files or the network. Raises MetricError with DuckDB's message for
    wrong SQL, NothingPublishedError.
    """
    if not text.strip().strip(";"):
        raise MetricError('Give one SQL statement, such as "select * from channel_roi".')
    con = published.connect(settings)
    try:
        cursor = cast("duckdb.DuckDBPyConnection | None", con.execute(text))
        if cursor is None or cursor.description is None:  # None: there was only a comment
            return SqlResult([], [])
        rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit)
        return SqlResult([column[0] for column in cursor.description], rows)
    except duckdb.Error as error:
        raise MetricError(str(error)) from error
    finally:
        con.close()
