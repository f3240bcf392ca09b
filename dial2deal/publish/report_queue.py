"""Reports that are due because a publication changed their period.

The queue is a table of the warehouse, written in the publication's transaction. A copy as JSON lies beside the
snapshot for those who must not open the warehouse (Dagster's sensors).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from dial2deal import storage, warehouse
from dial2deal.settings import Settings

Due = tuple[str, str]


def path(settings: Settings) -> Path:
    """The JSON copy; a list of [granularity, period], oldest period first."""
    return settings.published / "report_queue.json"


def pending(settings: Settings) -> list[Due]:
    """What is due according to the JSON copy; empty before the first publication."""
    try:
        return [(granularity, period) for granularity, period in json.loads(path(settings).read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []


def refresh(settings: Settings, done: Iterable[Due] = ()) -> list[Due]:
    """Take ``done`` off the queue, rewrite the JSON copy when it differs, and return what remains."""
    with warehouse.session(settings) as con:
        with warehouse.transaction(con):
            for granularity, period in done:
                con.execute("delete from ops.report_queue where granularity = ? and period = ?", [granularity, period])
        due = con.execute(
            "select distinct granularity, period from ops.report_queue order by granularity, period"
        ).fetchall()
    text = json.dumps(due, indent=0)
    target = path(settings)
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        storage.write(target, text)
    return due
