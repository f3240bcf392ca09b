"""The gate: may this build be published, and how complete is it?"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import duckdb

from dial2deal import warehouse
from dial2deal.policy import Policy
from dial2deal.privacy import mask_text
from dial2deal.publish import history
from dial2deal.settings import Settings
from dial2deal.warehouse import steps

if TYPE_CHECKING:
    from dial2deal.transform.build import TransformResult

_INCOMPLETE_FILES = """
with files as (
    select file_id, source, feed, path, status, rows_read, first_event_date, last_event_date, message
    from ops.export_files
    where status in ('held', 'failed', 'loaded')
),
last_audit as (
    select r.file_id, r.check_name, r.outcome, r.rows_failed, r.message
    from ops.check_results r
    join files f on f.file_id = r.file_id and f.status in ('held', 'loaded')
    where r.kind = 'expectation' and r.severity = 'critical'
    qualify row_number() over (partition by r.file_id, r.check_name
                               order by r.checked_at desc nulls last, r.build_id desc nulls last) = 1
)
select f.path, f.source, f.feed, f.status,
       coalesce(a.check_name, case f.status when 'failed' then 'file_readable' else 'audit' end) as rule,
       coalesce(a.rows_failed, f.rows_read) as rows,
       f.first_event_date, f.last_event_date,
       coalesce(a.message, f.message) as message
from files f
left join last_audit a on a.file_id = f.file_id and a.outcome <> 'passed'
order by f.path, f.file_id, rule
"""

_UNBALANCED_FILES = """
select path, rows_read, rows_accepted, rows_quarantined, rows_duplicate, rows_superseded
from ops.export_files
where status in ('loaded', 'accepted', 'held')
  and rows_read <> rows_accepted + rows_quarantined + rows_duplicate + rows_superseded
order by path, file_id
"""


@dataclass(frozen=True)
class IncompleteFile:
    """One delivered file whose rows are missing from the published tables, and why.

    ``rows`` is the number of rows that broke ``rule``; dates are ISO text, None when none could be read.
    """

    file: str
    source: str
    feed: str
    status: str  # held | failed | loaded: not judged, because a critical rule could not be evaluated
    rule: str
    rows: int
    first_date: str | None
    last_date: str | None
    message: str | None


@dataclass(frozen=True)
class GateVerdict:
    """Outcome of the gate. ``reasons`` is empty exactly when ``green``."""

    green: bool
    verdict: str  # complete | incomplete
    incomplete_files: tuple[IncompleteFile, ...]
    reasons: tuple[str, ...]

    def incomplete_json(self) -> str:
        """``incomplete_files`` as the JSON text that ops.build_info carries."""
        return json.dumps([asdict(f) for f in self.incomplete_files], ensure_ascii=False, sort_keys=True)


def gate(settings: Settings, policy: Policy, build_id: str, transform_result: TransformResult) -> GateVerdict:
    """Decide whether the build may be published.

    Red when a model or critical test failed, when a file's rows do not reconcile, or when files are held
    and the policy says ``on_held_file: block``. Held, failed and unjudged files otherwise only make it incomplete.
    """
    clock = steps.Clock()
    with warehouse.session(settings) as con:
        incomplete = incomplete_files(con)
        reasons = list(transform_result.red_reasons) + _reconciliation_breaks(con)
        if not transform_result.green and not reasons:
            reasons.append(f"transform of build {build_id} failed")
        if incomplete and policy.text("on_held_file") == "block":
            reasons += _blocking(incomplete)
        if reasons:
            history.record(con, build_id, "red", message="; ".join(reasons))
        verdict = GateVerdict(
            green=not reasons,
            verdict="incomplete" if incomplete else "complete",
            incomplete_files=tuple(incomplete),
            reasons=tuple(reasons),
        )
        steps.record(con, build_id, steps.GATE, clock, verdict)
    return verdict


def kept(con: duckdb.DuckDBPyConnection, build_id: str) -> GateVerdict | None:
    """The verdict on one of the last builds; None when the gate has not given it."""
    return steps.result_of(con, build_id, steps.GATE, GateVerdict)


def incomplete_files(con: duckdb.DuckDBPyConnection) -> list[IncompleteFile]:
    """Held, failed and unjudged files that no later delivery superseded; one entry per broken rule."""
    return [
        IncompleteFile(
            path,
            source,
            feed,
            status,
            rule,
            rows,
            first.isoformat() if first else None,
            last.isoformat() if last else None,
            message and mask_text(message),
        )
        for path, source, feed, status, rule, rows, first, last, message in con.execute(_INCOMPLETE_FILES).fetchall()
    ]


def _blocking(incomplete: Iterable[IncompleteFile]) -> list[str]:
    return [
        f"{f.file}: {f.status} by rule {f.rule}, {f.rows} rows; deliver a corrected file, "
        "or set on_held_file: publish_and_flag"
        for f in incomplete
    ]


def _reconciliation_breaks(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [
        f"{path}: {read} rows read, but {accepted} accepted + {quarantined} quarantined + {duplicate} duplicate "
        f"+ {superseded} superseded = {accepted + quarantined + duplicate + superseded}; load the file again"
        for path, read, accepted, quarantined, duplicate, superseded in con.execute(_UNBALANCED_FILES).fetchall()
    ]
