"""What the bookkeeping tables say about delivered files and checks: the content of report and workbook."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from dial2deal import warehouse
from dial2deal.audit import texts
from dial2deal.audit.suites import CheckSpec, Role, Suite, load_suites
from dial2deal.settings import Settings
from dial2deal.sql import only_row

OPEN_STATUSES = ("held", "failed", "loaded")
TREND_AUDITS = 24
FILES_SHOWN = 200
SHEET_ROWS = 50_000
_STATUS_ORDER = "case status when 'held' then 1 when 'failed' then 2 when 'loaded' then 3 else 4 end"

# The latest outcome of each check of each file: history is append-only, a later audit of a file replaces an earlier.
_LATEST = """
    select r.* from ops.check_results r
    where r.kind = 'expectation' and r.file_id is not null
    qualify row_number() over (partition by r.file_id, r.check_name
                               order by r.checked_at desc nulls last, r.build_id desc nulls last) = 1"""


@dataclass(frozen=True)
class QualityFacts:
    """Everything the quality report shows; plain rows, no text that depends on the language but messages."""

    build_id: str
    checked_at: dt.datetime | None
    files: list[dict[str, Any]]
    open_checks: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    quarantine: list[dict[str, Any]]
    models: list[dict[str, Any]]
    trend: list[dict[str, Any]]
    counts: dict[str, int]
    failing_rows: list[dict[str, Any]]
    quarantined_rows: list[dict[str, Any]]

    def in_zone(self, name: str) -> QualityFacts:
        """The same with moments, stored in UTC, as clocks of this time zone show them."""
        zone = ZoneInfo(name)

        def local(at: dt.datetime | None) -> dt.datetime | None:
            return at and at.replace(tzinfo=dt.UTC).astimezone(zone).replace(tzinfo=None)

        return replace(
            self,
            checked_at=local(self.checked_at),
            trend=[{**row, "checked_at": local(row["checked_at"])} for row in self.trend],
        )


class Catalogue:
    """Texts and responsibilities of checks and quarantine reasons; tolerant of checks that no longer exist."""

    def __init__(self, settings: Settings, locale: str) -> None:
        self.locale = locale
        self.suites: dict[str, Suite] = load_suites(settings)
        self._specs = {(c.feed, c.check_name): c for s in self.suites.values() for c in s.checks}
        self._reasons, self._unreadable = (
            json.loads((settings.suites.parent / name).read_text(encoding="utf-8"))
            for name in ("quarantine.json", "unreadable.json")
        )

    def spec(self, feed: str, check_name: str) -> CheckSpec | None:
        """The check, None when the suites no longer have it."""
        return self._specs.get((feed, check_name))

    def check(self, feed: str, check_name: str) -> dict[str, str]:
        """title, fix and who of a check."""
        spec = self.spec(feed, check_name)
        if spec is None:
            return {"title": check_name, "fix": "", "who": ""}
        return {
            "title": texts.title(spec, self.locale),
            "fix": texts.fix(spec, self.locale),
            "who": texts.who(spec, self.locale),
        }

    def reason(self, reason: str, feed: str) -> dict[str, str]:
        """code, title, fix and who of a quarantine reason as the loader words it."""
        entry = next(entry for entry in self._reasons if re.search(entry["match"], reason))
        return {
            "code": entry["code"],
            "title": entry[f"title_{self.locale}"],
            "fix": entry[f"fix_{self.locale}"],
            "who": self.owner(feed),
        }

    def unreadable(self, message: str | None) -> dict[str, str]:
        """Why a file could not be read, for people: title, fix, and the loader's own words as details."""
        entry = next(entry for entry in self._unreadable if re.search(entry["match"], message or ""))
        return {"title": entry[f"title_{self.locale}"], "fix": entry[f"fix_{self.locale}"], "details": message or ""}

    def why_not_used(self, feed: str, status: str, check_name: str, message: str | None) -> dict[str, str]:
        """The same for a file that is not in use, be it unreadable or held by a rule of its suite."""
        check = self.check(feed, check_name)
        if status == "failed" or not check["fix"]:
            return self.unreadable(message)
        return {
            "title": check["title"],
            "fix": f"{check['who']}: {check['fix']}" if self.locale == "en" else f"{check['who']}：{check['fix']}",
            "details": "",
        }

    def feed(self, feed: str) -> str:
        """Name of a feed for people."""
        suite = self.suites.get(feed)
        if suite is None:
            return feed
        return suite.label_en if self.locale == "en" else suite.label_zh

    def owner(self, feed: str) -> str:
        """Who answers for a feed's data; empty for a file in a folder that is no feed."""
        suite = self.suites.get(feed)
        return self.role(suite.data_owner) if suite else ""

    def role(self, role: Role) -> str:
        """Name of a role for people."""
        return role.en if self.locale == "en" else role.zh


def read(settings: Settings, build_id: str) -> QualityFacts:
    """The state of the bookkeeping tables as of now, with the dbt tests of ``build_id`` (else of the latest)."""
    with warehouse.session(settings) as con:
        return QualityFacts(
            build_id=build_id,
            checked_at=only_row(con.execute("select max(checked_at) from ops.check_results"))[0],
            files=_rows(
                con,
                f"""
                select file_id, source, feed, path, status, message, rows_read, rows_accepted, rows_quarantined,
                       rows_duplicate, rows_superseded, first_event_date, last_event_date
                from ops.export_files where status <> 'superseded'
                order by {_STATUS_ORDER}, last_event_date desc nulls last, path, file_id""",
            ),
            open_checks=_rows(
                con,
                f"""
                with latest as ({_LATEST})
                select l.file_id, l.feed_or_model as feed, l.check_name, l.severity, l.outcome, l.rows_checked,
                       l.rows_failed, l.message, l.details
                from latest l inner join ops.export_files f using (file_id)
                where f.status in ('held', 'loaded') and l.outcome <> 'passed'
                order by f.path, l.file_id, l.severity, l.check_name""",
            ),
            warnings=_rows(
                con,
                f"""
                with latest as ({_LATEST})
                select l.feed_or_model as feed, l.check_name, l.outcome, count(*) as files,
                       sum(l.rows_failed) as rows_failed, sum(l.rows_checked) as rows_checked,
                       min(f.path) as example
                from latest l inner join ops.export_files f using (file_id)
                where f.status = 'accepted' and l.outcome <> 'passed'
                group by all order by rows_failed desc nulls last, feed, l.check_name, l.outcome""",
            ),
            quarantine=_quarantine(con),
            models=_models(con, build_id),
            trend=_trend(con),
            counts=_counts(con),
            failing_rows=_failing_rows(con),
            quarantined_rows=_rows(
                con,
                f"""
                select f.path, f.feed, q.line, q.column_name, q.reason, q.raw_line
                from ops.quarantine q inner join ops.export_files f using (file_id)
                where f.status <> 'superseded'
                order by f.path, q.line, q.column_name nulls last, q.reason limit {SHEET_ROWS + 1}""",
            ),
        )


def _quarantine(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Quarantined rows by feed, column and the part of the reason that does not quote the value."""
    return _rows(
        con,
        """
        select f.feed, q.column_name, regexp_replace(q.reason, '(: |, Excel wrote ).*$', '') as reason,
               count(distinct (q.file_id, q.line)) as rows, count(distinct q.file_id) as files,
               min(f.path || ':' || q.line) as example
        from ops.quarantine q inner join ops.export_files f using (file_id)
        where f.status <> 'superseded'
        group by all order by rows desc, f.feed, reason, q.column_name nulls last""",
    )


def _models(con: duckdb.DuckDBPyConnection, build_id: str) -> list[dict[str, Any]]:
    """dbt tests of this build that did not pass; of the latest build with tests when this one ran none."""
    return _rows(
        con,
        """
        with tests as (select * from ops.check_results where kind = 'dbt_test'),
        wanted as (
            select build_id from tests
            order by (build_id = ?) desc nulls last, checked_at desc nulls last, build_id desc nulls last limit 1)
        select feed_or_model as model, check_name, severity, outcome, rows_failed, message
        from tests where build_id = (select build_id from wanted) and outcome <> 'passed'
        order by severity, model, check_name""",
        [build_id],
    )


def _trend(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Checks not passed per build, oldest first."""
    rows = _rows(
        con,
        f"""
        select build_id, max(checked_at) as checked_at, count(*) as checks,
               count(*) filter (where outcome = 'failed' and severity = 'critical') as critical,
               count(*) filter (where outcome = 'failed' and severity = 'warning') as warning,
               count(*) filter (where outcome = 'not_evaluable') as not_evaluable
        from ops.check_results where build_id is not null
        group by build_id order by checked_at desc, build_id desc limit {TREND_AUDITS}""",
    )
    return rows[::-1]


def _counts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    rows = _rows(
        con,
        f"""
        with latest as (
            select l.* from ({_LATEST}) l inner join ops.export_files f using (file_id)
            where f.status <> 'superseded')
        select count(*) as checks,
               count(*) filter (where outcome = 'failed' and severity = 'critical') as critical,
               count(*) filter (where outcome = 'failed' and severity = 'warning') as warning,
               count(*) filter (where outcome = 'not_evaluable') as not_evaluable
        from latest""",
    )
    return rows[0]


def _failing_rows(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Failing rows of each file's latest audit, open files and critical rules first; dbt rows at the end."""
    return _rows(
        con,
        f"""
        with latest_audit as (select file_id, max(checked_at) as checked_at from ops.check_failures
                              where file_id is not null group by file_id)
        select f.path, c.feed_or_model as feed, c.check_name, c.severity, c.line, c.column_name, c.value, c.row_json
        from ops.check_failures c
        inner join latest_audit l on l.file_id = c.file_id and l.checked_at = c.checked_at
        inner join ops.export_files f on f.file_id = c.file_id
        where c.kind = 'expectation' and f.status <> 'superseded'
        order by {_STATUS_ORDER.replace("status", "f.status")}, c.severity, f.path, c.check_name, c.line nulls first,
                 c.column_name, c.value limit {SHEET_ROWS + 1}""",
    )


def _rows(con: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
    cursor = con.execute(sql, parameters or [])
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
