"""Accept a held file deliberately: somebody looked at it and answers for it."""

from __future__ import annotations

import datetime as dt
import json

import duckdb

from dial2deal import policy, warehouse
from dial2deal.audit import texts
from dial2deal.loading import corrections
from dial2deal.settings import Settings

CHECK_NAME = "manual_release"


class ReleaseError(ValueError):
    """The file cannot be released; the message says why and what to do."""


def find_held(settings: Settings, file: str) -> str:
    """Path of the held file that ``file`` (id or landing path) means. Raises ReleaseError."""
    with warehouse.session(settings) as con:
        return _held(con, file)[2]


def _held(con: duckdb.DuckDBPyConnection, file: str) -> tuple[str, str, str, int]:
    found = con.execute(
        "select file_id, feed, path, rows_accepted, status from ops.export_files "
        "where file_id = ? or path = ? order by loaded_at desc, file_id",
        [file, file],
    ).fetchall()
    held = [row for row in found if row[4] in ("held", "loaded")]
    if not held:
        known = f"its status is {found[0][4]}" if found else "no such file was loaded"
        raise ReleaseError(
            f"{file}: only held files can be released, but {known}. "
            "Give the path below landing/ or the file id from the quality report."
        )
    return held[0][:4]


def release(settings: Settings, file: str, reason: str, *, by: str | None = None) -> str:
    """Accept the held (or never evaluated) file with id or landing path ``file``; returns its path.

    The reason is appended to the history of checks and shown with the file; the failed checks stay recorded.
    The file's dates are rebuilt by the next build. Raises ReleaseError.
    """
    if not reason.strip():
        raise ReleaseError("A release needs a reason: who looked at the rows, and why they may be used.")
    locale = policy.load(settings).text("reports.locale")
    message = texts.say(locale, "released", reason=reason.strip() + (f"（{by}）" if by else ""))
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    with warehouse.session(settings) as con:
        file_id, feed, path, rows = _held(con, file)
        dates = [
            row[0]
            for row in con.execute(
                f'select distinct _event_date from raw."{feed}" where _file_id = ? order by 1', [file_id]
            ).fetchall()
        ]
        with warehouse.transaction(con):
            con.execute(
                "insert into ops.check_results "
                "values (null, ?, 'expectation', ?, ?, 'warning', 'passed', ?, ?, 0, ?, ?)",
                [
                    now,
                    feed,
                    CHECK_NAME,
                    file_id,
                    rows,
                    message,
                    json.dumps({"reason": reason.strip(), "by": by}, ensure_ascii=False, sort_keys=True),
                ],
            )
            con.execute(
                "update ops.export_files set status = 'accepted', message = ?, audited_at = ? where file_id = ?",
                [message, now, file_id],
            )
            warehouse.mark_dirty(con, feed, dates, f"released {path}")
        corrections.settle(con)
    return path
