"""Jobs: the build, the reports of each granularity, and the build with the day's report."""

from __future__ import annotations

import dagster as dg

from dial2deal.settings import Settings
from orchestration import partitions
from orchestration.defs import hooks, reports

BUILD = "build"
BUILD_AND_DAILY = "build_and_daily_report"


def report_job(granularity: str) -> str:
    """Name of the job that renders reports of one granularity."""
    return f"{granularity}_report"


def jobs(settings: Settings) -> list[dg.UnresolvedAssetJobDefinition]:
    """All jobs; each writes an alert record when a step fails."""
    alert = {hooks.on_failure(settings)}
    report_keys = [reports.key(granularity) for granularity in partitions.GRANULARITIES]
    everything = dg.AssetSelection.all(include_sources=False) - dg.AssetSelection.assets(*report_keys)
    daily = dg.AssetSelection.assets(reports.key("daily"))
    return [
        dg.define_asset_job(
            BUILD, everything, hooks=alert,
            description="Load, audit, transform, gate, publish: brings everything but reports up to date."),
        dg.define_asset_job(
            BUILD_AND_DAILY, everything | daily, hooks=alert,
            description="The build and then the report of one day; what the daily schedule runs."),
        *(dg.define_asset_job(
            report_job(granularity), dg.AssetSelection.assets(reports.key(granularity)), hooks=alert,
            description=f"Renders {granularity} reports from the published snapshot; a range is one run.")
          for granularity in partitions.GRANULARITIES),
    ]
