"""Jobs: the build, the reports of each granularity, the build with the day's report, and a look at what is there."""

from __future__ import annotations

from typing import Any

import dagster as dg

from dial2deal.feeds.catalogue import feeds
from dial2deal.settings import Settings
from orchestration import partitions
from orchestration.defs import hooks, ingest, reports

BUILD = "build"
BUILD_AND_DAILY = "build_and_daily_report"
REPORT_CHECKS = "report_checks"


def report_job(granularity: str) -> str:
    """Name of the job that renders reports of one granularity."""
    return f"{granularity}_report"


def jobs(settings: Settings) -> list[Any]:
    """All jobs (what ``dg.define_asset_job`` returns has no public type); a failed step writes an alert record."""
    alert = {hooks.on_failure(settings)}
    report_keys = [reports.key(granularity) for granularity in partitions.GRANULARITIES]
    # Neither feeds nor checks are planned: the steps tell of those that have news, and the others keep what they show.
    beside = [*report_keys, *(ingest.raw_key(feed) for feed in feeds())]
    everything = (dg.AssetSelection.all() - dg.AssetSelection.assets(*beside)).without_checks()
    # The checks look at all periods, so they run by themselves and not with the one that a run renders.
    report = {
        granularity: dg.AssetSelection.assets(reports.key(granularity)).without_checks()
        for granularity in partitions.GRANULARITIES
    }
    return [
        dg.define_asset_job(
            BUILD,
            everything,
            hooks=alert,
            description="Load, audit, transform, gate, publish: brings everything but reports up to date.",
        ),
        dg.define_asset_job(
            BUILD_AND_DAILY,
            everything | report["daily"],
            hooks=alert,
            description="The build and then the report of one day; what the daily schedule runs.",
        ),
        *(
            dg.define_asset_job(
                report_job(granularity),
                report[granularity],
                hooks=alert,
                description=f"Renders {granularity} reports from the published snapshot; a range is one run.",
            )
            for granularity in partitions.GRANULARITIES
        ),
        dg.define_asset_job(
            REPORT_CHECKS,
            dg.AssetSelection.checks_for_assets(*report_keys),
            hooks=alert,
            description="Is the report of the latest complete day, week and month there?",
        ),
    ]
