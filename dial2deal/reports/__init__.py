"""Daily, weekly and monthly reports over the published snapshot: content, findings, HTML, Excel, PDF, JSON.

Importing this package is cheap; `render` loads MetricFlow, V8 and the document libraries when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dial2deal.reports.periods import GRANULARITIES, Period, PeriodError, expected_latest, is_complete, periods_touched

if TYPE_CHECKING:
    from dial2deal.reports.rendering import ReportResult

__all__ = ["GRANULARITIES", "Period", "PeriodError", "expected_latest", "is_complete", "periods_touched", "render"]


def render(settings, policy, granularity: str, period: str, phone_lookup=None) -> ReportResult:
    """Write one report; see `dial2deal.reports.rendering.render`."""
    from dial2deal.reports import rendering

    return rendering.render(settings, policy, granularity, period, phone_lookup)
