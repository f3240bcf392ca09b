"""Where each feed stands: the results of the files judged last, and of files that still wait for a correction."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import duckdb

_LATEST = """
with results as (
    select r.build_id, r.checked_at, r.feed_or_model as feed, r.check_name, r.outcome, f.path, f.status,
           r.rows_checked, r.rows_failed, r.message, r.details
    from ops.check_results r
    join ops.export_files f on f.file_id = r.file_id
    where r.kind = 'expectation' and f.status <> 'superseded'
    qualify row_number() over (partition by r.file_id, r.check_name
                               order by r.checked_at desc nulls last, r.build_id desc nulls last) = 1
),
last_build as (
    select feed, max_by(build_id, checked_at) as build_id from results group by feed
)
select results.* exclude (status)
from results
join last_build on last_build.feed = results.feed
where results.build_id = last_build.build_id or results.status in ('held', 'loaded')
order by results.feed, results.check_name, results.path
"""


@dataclass(frozen=True)
class LatestOutcome:
    """The last result of one check of one file. ``samples`` are failing rows, phone numbers masked."""

    build_id: str
    checked_at: dt.datetime
    feed: str
    check_name: str
    outcome: str  # passed | failed | not_evaluable
    path: str
    rows_checked: int | None
    rows_failed: int | None
    message: str | None
    samples: tuple[dict[str, Any], ...]


def latest_outcomes(con: duckdb.DuckDBPyConnection) -> list[LatestOutcome]:
    """Results by feed, check and path: a build without new files has the same as the one before."""
    return [
        LatestOutcome(*[*row[:-1], tuple(json.loads(row[-1] or "{}").get("samples") or ())])
        for row in con.execute(_LATEST).fetchall()
    ]
