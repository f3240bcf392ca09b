"""A warehouse written by hand: publication is tested without loading or transforming anything."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path

from dial2deal import policy, publish, warehouse
from dial2deal.settings import Settings
from tests.helpers import days

FIRST_DAY = "2026-01-05"


@dataclass(frozen=True)
class Transformed:
    """What the gate reads of a transform's result."""

    green: bool = True
    red_reasons: list[str] = field(default_factory=list)


def installation(home: Path, *, day_count: int = 6, calls_per_day: int = 40) -> Settings:
    """A home whose warehouse holds ``day_count`` days of calls, a daily mart and a small table."""
    settings = Settings(home=home).ensure()
    with warehouse.session(settings) as con:
        policy.sync(con, policy.load(settings))
        con.execute("create schema if not exists marts")
        con.execute(
            "create table marts.fct_calls (call_key varchar, call_date date, started_at timestamp, "
            "talk_seconds integer, customer_phone_masked varchar)"
        )
        con.execute("create table marts.calls_by_day (call_date date, calls bigint, talk_seconds bigint)")
        con.execute("create table marts.dim_agents (agent_id varchar, version integer)")
        con.execute("create table marts.leftover__dbt_tmp as select 1 as x")
        con.execute("create schema core; create table core.customer_phones as select '13800000000' as phone")
    write_manifest(settings)
    rebuild(settings, days(FIRST_DAY, day_count), calls_per_day=calls_per_day)
    return settings


def write_manifest(settings: Settings, **extra: dict) -> None:
    """The three models as a dbt manifest, each with the settings that publication reads."""
    by_date = {"materialized": "incremental", "event_time": "call_date", "meta": {"follows": ["fct_calls"]}}
    models = {"fct_calls": by_date, "calls_by_day": by_date, "dim_agents": {"materialized": "table"}, **extra}
    nodes = {
        f"model.x.{name}": {"resource_type": "model", "schema": "marts", "alias": name, "config": config}
        for name, config in models.items()
    }
    nodes["model.x.customer_phones"] = {
        "resource_type": "model",
        "schema": "core",
        "alias": "customer_phones",
        "config": {"materialized": "table"},
    }
    settings.dbt_target.mkdir(parents=True, exist_ok=True)
    (settings.dbt_target / "manifest.json").write_text(json.dumps({"nodes": nodes}), encoding="utf-8")
    (settings.dbt_target / "semantic_manifest.json").write_text('{"metrics": []}', encoding="utf-8")


def rebuild(settings: Settings, dates: list[dt.date], *, calls_per_day: int = 40, talk: int = 60) -> None:
    """What a load and a transform of ``dates`` leave in the warehouse: new rows and the dates in bookkeeping."""
    with warehouse.session(settings) as con, warehouse.transaction(con):
        con.execute("delete from ops.build_dates")
        con.execute("insert into ops.build_dates select 'fct_calls', unnest(?::date[])", [dates])
        warehouse.mark_dirty(con, "calls", dates, "test")
        warehouse.set_state(
            con, "dirty_copied_at", str(con.execute("select max(added_at) from ops.dirty_dates").fetchone()[0])
        )
        for table in ("fct_calls", "calls_by_day"):
            con.execute(f"delete from marts.{table} where call_date in (select event_date from ops.build_dates)")
        con.execute(
            "insert into marts.fct_calls select strftime(event_date, '%Y%m%d') || '-' || n, event_date, "
            "event_date + interval 9 hour + n * interval 1 minute, ? + n % 7, '138****1234' "
            "from ops.build_dates, range(?) t(n)",
            [talk, calls_per_day],
        )
        con.execute(
            "insert into marts.calls_by_day select call_date, count(*), sum(talk_seconds) from marts.fct_calls "
            "where call_date in (select event_date from ops.build_dates) group by all"
        )
        con.execute("delete from marts.dim_agents; insert into marts.dim_agents values ('A01', ?)", [talk])


def deliver(
    settings: Settings,
    path: str,
    status: str,
    *,
    read: int = 10,
    accepted: int = 10,
    quarantined: int = 0,
    first: str | None = None,
    last: str | None = None,
    rule: str | None = None,
) -> None:
    """A row of ops.export_files and, with ``rule``, the critical check that held the file."""
    with warehouse.session(settings) as con:
        con.execute("delete from ops.export_files where path = ?", [path])
        con.execute(
            "insert into ops.export_files by name select ? as file_id, 'generic_400' as source, 'calls' as feed, "
            "? as path, 'x' as sha256, 1 as bytes, ? as rows_read, ? as rows_accepted, ? as rows_quarantined, "
            "?::date as first_event_date, ?::date as last_event_date, ? as status, 'see the rule' as message, "
            "now()::timestamp as loaded_at",
            [path, path, read, accepted, quarantined, first, last, status],
        )
        if rule:
            con.execute(
                "insert into ops.check_results by name select 'b0' as build_id, now()::timestamp as checked_at, "
                "'expectation' as kind, 'calls' as feed_or_model, ? as check_name, 'critical' as severity, "
                "'failed' as outcome, ? as file_id, 10 as rows_checked, 3 as rows_failed, "
                "'3 rows break it' as message",
                [rule, path],
            )


def publish_now(settings: Settings, build_id: str = "b1", *, spare_min_age: float = 0.0) -> publish.PublishResult:
    """Gate and publication of what the warehouse holds."""
    rules = policy.load(settings)
    verdict = publish.gate(settings, rules, build_id, Transformed())
    return publish.publish(settings, rules, build_id, verdict, spare_min_age=spare_min_age)
