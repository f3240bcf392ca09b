"""When jobs run by themselves: local time of the policy's time zone."""

from __future__ import annotations

from typing import Any

import dagster as dg

from orchestration.defs.jobs import BUILD_AND_DAILY, REPORT_CHECKS, report_job


def schedules(jobs: list[Any], time_zone: str, status: dg.DefaultScheduleStatus) -> list[Any]:
    """Daily 06:00, weekly Monday 07:00, monthly on the 1st 07:30, each for the period just completed."""
    by_name = {job.name: job for job in jobs}
    return [
        dg.build_schedule_from_partitioned_job(
            by_name[BUILD_AND_DAILY],
            name="daily_0600",
            hour_of_day=6,
            default_status=status,
            description="Builds, then renders yesterday's report.",
        ),
        dg.build_schedule_from_partitioned_job(
            by_name[report_job("weekly")],
            name="weekly_monday_0700",
            hour_of_day=7,
            minute_of_hour=0,
            default_status=status,
            description="Renders the report of the week that ended on Sunday.",
        ),
        dg.build_schedule_from_partitioned_job(
            by_name[report_job("monthly")],
            name="monthly_first_0730",
            hour_of_day=7,
            minute_of_hour=30,
            default_status=status,
            description="Renders the report of the month that just ended.",
        ),
        dg.ScheduleDefinition(
            name="report_checks_0900",
            job=by_name[REPORT_CHECKS],
            cron_schedule="0 9 * * *",
            execution_timezone=time_zone,
            default_status=status,
            description="Warns when the latest complete day, week or month has no report.",
        ),
    ]
