"""Ticks of sensors and schedules, evaluated for real."""

from __future__ import annotations

import datetime as dt
import json
import os
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from dial2deal.publish import report_queue
from orchestration import alerts, landing, partitions
from orchestration.definitions import build_definitions

SHANGHAI = ZoneInfo("Asia/Shanghai")


def schedule_tick(definitions: dg.Definitions, name: str, when: dt.datetime) -> dg.RunRequest:
    schedule = definitions.get_schedule_def(name)
    context = dg.build_schedule_context(
        scheduled_execution_time=when.replace(tzinfo=SHANGHAI), repository_def=definitions.get_repository_def()
    )
    (request,) = schedule.evaluate_tick(context).run_requests
    return request


@pytest.mark.parametrize(
    ("name", "when", "partition"),
    [
        ("daily_0600", dt.datetime(2026, 1, 6, 6, 0), "2026-01-05"),
        ("daily_0600", dt.datetime(2026, 3, 1, 6, 0), "2026-02-28"),
        ("weekly_monday_0700", dt.datetime(2026, 1, 12, 7, 0), "2026-01-05"),
        ("weekly_monday_0700", dt.datetime(2027, 1, 4, 7, 0), "2026-12-28"),
        ("monthly_first_0730", dt.datetime(2026, 3, 1, 7, 30), "2026-02"),
    ],
)
def test_schedule_asks_for_the_period_just_completed(definitions, name, when, partition):
    assert schedule_tick(definitions, name, when).partition_key == partition


@pytest.mark.parametrize(
    ("granularity", "key", "period"),
    [
        ("daily", "2026-01-05", "2026-01-05"),
        ("weekly", "2026-01-05", "2026-W02"),
        ("weekly", "2020-12-28", "2020-W53"),
        ("weekly", "2024-12-30", "2025-W01"),
        ("monthly", "2026-01", "2026-01"),
    ],
)
def test_partition_keys_name_periods_and_back(granularity, key, period):
    assert partitions.period(granularity, key) == period
    assert partitions.key(granularity, period) == key
    assert partitions.definitions("Asia/Shanghai")[granularity].has_partition_key(key)


@pytest.mark.parametrize("first", [dt.date(2026, 3, 2), dt.date(2026, 3, 1), dt.date(2025, 12, 31)])
def test_partitions_start_with_the_data(first):
    known = partitions.definitions("Asia/Shanghai", first)
    day, week, month = first.isoformat(), partitions.key("weekly", f"{first:%G-W%V}"), f"{first:%Y-%m}"
    assert [known[kind].get_first_partition_key() for kind in ("daily", "weekly", "monthly")] == [day, week, month]
    due = [("daily", day), ("daily", "2025-06-01"), ("weekly", f"{first:%G-W%V}"), ("monthly", f"{first:%Y-%m}")]
    over, others = partitions.passed(due, "Asia/Shanghai", first)
    assert (len(over), others) == (3, [("daily", "2025-06-01")])


def test_a_week_is_accepted_under_both_its_names():
    assert partitions.named("weekly", "2026-01-05") == partitions.named("weekly", "2026-W02") == "2026-W02"
    assert partitions.named("daily", "2026-01-05") == "2026-01-05"


def test_due_periods_become_contiguous_ranges():
    due = [
        ("monthly", "2025-12"),
        ("daily", "2026-01-01"),
        ("weekly", "2025-W52"),
        ("daily", "2025-12-31"),
        ("daily", "2026-01-03"),
        ("weekly", "2026-W01"),
        ("monthly", "2026-01"),
        ("monthly", "2026-03"),
    ]
    assert [(r.granularity, r.first, r.last) for r in partitions.ranges(due)] == [
        ("daily", "2025-12-31", "2026-01-01"),
        ("daily", "2026-01-03", "2026-01-03"),
        ("weekly", "2025-12-22", "2025-12-29"),
        ("monthly", "2025-12", "2026-01"),
        ("monthly", "2026-03", "2026-03"),
    ]


def test_landing_sensor_waits_for_a_stable_size_and_asks_once(fresh):
    sensor = build_definitions(fresh).get_sensor_def("landing_files")
    folder = fresh.landing / "generic_400" / "calls"
    folder.mkdir(parents=True)
    file = folder / "a.csv"
    cursor: str | None = None

    def tick() -> list[dg.RunRequest]:
        nonlocal cursor
        with dg.DagsterInstance.ephemeral() as opened:
            result = sensor.evaluate_tick(dg.build_sensor_context(instance=opened, cursor=cursor))
        cursor = result.cursor
        return list(result.run_requests)

    assert tick() == []
    file.write_bytes(b"half")
    assert tick() == [], "seen once: it may still be growing"
    file.write_bytes(b"half and more")
    assert tick() == [], "it grew"
    (folder / "b.csv").write_bytes(b"another")
    (folder / "c.csv.part").write_bytes(b"upload in progress")
    first = tick()
    assert (len(first), sensor.job_name) == (1, "build")
    second = tick()
    assert len(second) == 1, "b.csv is stable now"
    assert first[0].run_key != second[0].run_key
    assert tick() == []
    assert set(json.loads(cursor)["handled"]) == {"generic_400/calls/a.csv", "generic_400/calls/b.csv"}
    os.utime(file, ns=(1, 1))
    assert tick() == []
    assert len(tick()) == 1, "a file delivered again under its name"
    file.unlink()
    assert tick() == []
    assert set(json.loads(cursor)["handled"]) == {"generic_400/calls/b.csv"}


def test_files_that_a_build_has_looked_at_start_no_other(fresh):
    """Whoever built; but a file that was left waiting, or came again, does."""
    folder = fresh.landing / "generic_400" / "calls"
    folder.mkdir(parents=True)
    for name in ("built", "growing", "again"):
        (folder / f"{name}.csv").write_bytes(b"x")
    landing.note_built(fresh, landing.listing(fresh.landing), ["generic_400/calls/growing.csv"])
    os.utime(folder / "again.csv", ns=(1, 1))
    first = landing.look(fresh.landing, None, 0, landing.built(fresh))
    second = landing.look(fresh.landing, first.cursor, 0, landing.built(fresh))
    assert second.ready == ("generic_400/calls/again.csv", "generic_400/calls/growing.csv")
    assert landing.look(fresh.landing, second.cursor, 0, {}).ready == ()


def test_many_files_are_one_batch(fresh):
    for number in range(30):
        path = fresh.landing / "generic_crm" / "leads" / f"{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    first = landing.look(fresh.landing, None)
    second = landing.look(fresh.landing, first.cursor)
    assert (len(first.ready), len(second.ready)) == (0, 30)


def _run_status_tick(definitions, sensor_name: str, opened, run_id: str):
    sensor = definitions.get_sensor_def(sensor_name)
    run = opened.get_run_by_id(run_id)
    event = next(
        entry.dagster_event
        for entry in opened.all_logs(run_id)
        if entry.is_dagster_event
        and entry.dagster_event.is_job_event
        and entry.dagster_event.event_type_value in ("PIPELINE_SUCCESS", "PIPELINE_FAILURE")
    )
    context = dg.build_run_status_sensor_context(
        sensor_name=sensor_name,
        dagster_instance=opened,
        dagster_run=run,
        dagster_event=event,
        repository_def=definitions.get_repository_def(),
    )
    if sensor_name == "failed_runs":
        context = context.for_run_failure()
    result = sensor(context)
    return list(result) if hasattr(result, "__next__") else result


def test_due_reports_are_requested_per_range(fresh, runs):
    definitions = build_definitions(fresh)
    queue = report_queue.path(fresh)
    queue.write_text(
        json.dumps([["daily", "2026-01-05"], ["daily", "2026-01-06"], ["daily", "2999-01-01"], ["weekly", "2026-W02"]]),
        encoding="utf-8",
    )
    done = dg.materialize([_nothing()], instance=runs)
    requests = _run_status_tick(definitions, "due_reports", runs, done.run_id)
    assert [(r.job_name, r.partition_key) for r in requests] == [
        ("daily_report", None),
        ("weekly_report", "2026-01-05"),
    ]
    assert requests[0].tags["dagster/asset_partition_range_start"] == "2026-01-05"
    assert requests[0].tags["dagster/asset_partition_range_end"] == "2026-01-06"
    assert len({request.run_key for request in requests}) == 2
    queue.write_text("[]", encoding="utf-8")
    (skipped,) = _run_status_tick(definitions, "due_reports", runs, done.run_id)
    assert isinstance(skipped, dg.SkipReason)


def test_missing_materialization_of_a_green_run_is_alerted(fresh, runs):
    definitions = build_definitions(fresh)

    @dg.multi_asset(specs=[dg.AssetSpec("there", skippable=True), dg.AssetSpec("missing", skippable=True)])
    def two():
        yield dg.MaterializeResult("there")

    done = dg.materialize([two], instance=runs)
    assert _run_status_tick(definitions, "everything_materialized", runs, done.run_id) is None
    (alert,) = alerts.read(fresh, done.run_id)
    assert (alert["kind"], alert["message"]) == ("not_materialized", "Planned but not materialised: missing")
    complete = dg.materialize([_nothing()], instance=runs)
    assert isinstance(_run_status_tick(definitions, "everything_materialized", runs, complete.run_id), dg.SkipReason)
    assert alerts.read(fresh, complete.run_id) == []


def test_crashed_run_is_alerted_once(fresh, runs):
    definitions = build_definitions(fresh)

    @dg.asset
    def broken() -> None:
        raise RuntimeError("no hook here")

    failed = dg.materialize([broken], instance=runs, raise_on_error=False)
    assert _run_status_tick(definitions, "failed_runs", runs, failed.run_id) is None
    assert [alert["kind"] for alert in alerts.read(fresh, failed.run_id)] == ["run_failed"]
    assert isinstance(_run_status_tick(definitions, "failed_runs", runs, failed.run_id), dg.SkipReason)


def _nothing() -> dg.AssetsDefinition:
    @dg.asset
    def nothing() -> None:
        return None

    return nothing
