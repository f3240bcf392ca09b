"""Declared batches: what lies in a folder batch=<name> is delivered together and corrected together.

A correction comes in a folder rev=<n> of the batch and replaces all files of lower revisions, or under the same path.
"""

from __future__ import annotations

import re
from collections import defaultdict

import duckdb

from dial2deal import warehouse

_BATCH = re.compile(r"([^/!]+/[^/!]+/(?:[^/!]+/)*?batch=[^/!]+)(/[^!]*)")
_REVISION = re.compile(r"/rev=(\d{1,9})/")


def place(path: str) -> tuple[str, int] | None:
    """(batch, revision) of a path in landing; None outside of batches."""
    found = _BATCH.match(path)
    if found is None:
        return None
    revision = _REVISION.search(found[2])
    return found[1], int(revision[1]) if revision else 0


def settle(con: duckdb.DuckDBPyConnection) -> int:
    """Supersede accepted files that an accepted correction replaces; their number.

    Their dates become dirty, so rows that the correction lacks disappear. Held and failed corrections replace
    nothing. Idempotent: what a killed run left undone is done by the next.
    """
    rows = con.execute(
        "select f.file_id, f.feed, f.path, p.path from ops.export_files f left join ops.landing_paths p "
        "using (file_id) where f.status = 'accepted' and contains(f.path, '/batch=')"
    ).fetchall()
    if not rows:
        return 0
    now = dict(con.execute("select path, file_id from ops.landing_paths where contains(path, '/batch=')").fetchall())
    feeds = {file: feed for file, feed, _, _ in rows}
    current: dict[str, dict[str, int]] = defaultdict(dict)  # batch: file: revision of the highest place it lies now
    elsewhere, first_paths = set(), {file: path for file, _, path, _ in rows}
    for file, _, _, path in rows:
        found = place(path) if path else None
        if found:
            current[found[0]][file] = max(found[1], current[found[0]].get(file, 0))
        elif path:
            elsewhere.add(file)
    replaced: dict[str, str] = {}
    for file, path in first_paths.items():
        found = place(path)
        if found is None or file in elsewhere:
            continue
        files = current[found[0]]
        highest = max(files.values(), default=0)
        if files.get(file, found[1]) < highest:
            replaced[file] = f"replaced by revision {highest} of its batch"
        elif file not in files and feeds.get(now.get(path)):
            replaced[file] = "replaced by a newer file under its path"
    if replaced:
        with warehouse.transaction(con):
            for file, why in replaced.items():
                supersede(con, file, feeds[file], why)
    return len(replaced)


def supersede(con: duckdb.DuckDBPyConnection, file_id: str, feed: str, why: str) -> None:
    """Take a file out of force and have its dates rebuilt; call inside a transaction."""
    con.execute("update ops.export_files set status = 'superseded', message = ? where file_id = ?", [why, file_id])
    dates = con.execute(f'select distinct _event_date from raw."{feed}" where _file_id = ?', [file_id]).fetchall()
    warehouse.mark_dirty(con, feed, [date for (date,) in dates], why)
