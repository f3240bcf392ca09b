"""One build from landing to reports in this process, without an orchestrator.

The same steps, called in the same order, are the orchestrator's assets; tests and benchmarks use this one.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dial2deal import exports, phones, policy, publish, quality, report_queue, transform, warehouse
from dial2deal.settings import Settings


@dataclass
class BuildResult:
    """What each step returned; ``published`` is None when the gate was red."""

    build_id: str
    files: list = field(default_factory=list)
    checks: list = field(default_factory=list)
    transform: Any = None
    verdict: publish.GateVerdict | None = None
    published: publish.PublishResult | None = None
    reports: list = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """True when the gate was green; held files make a build incomplete, not failed."""
        return self.published is not None


def run_build(settings: Settings, *, full_refresh: bool = False, date_range: tuple[dt.date, dt.date] | None = None,
              build_id: str | None = None, on_progress: Callable[[str], None] = lambda step: None,
              render_reports: bool = True, **publish_options: Any) -> BuildResult:
    """Bring everything up to date with landing and policy, and render the reports that are due.

    Without ``render_reports`` the due ones stay queued. ``on_progress`` is told the name of each step before it
    starts. A build killed anywhere is completed by running the next one. Errors of the steps pass through.
    """
    settings.ensure()
    result = BuildResult(build_id or uuid.uuid4().hex)
    rules = policy.load(settings)
    on_progress("load")
    with warehouse.session(settings) as con:
        policy.sync(con, rules)
        result.files = exports.load_landing(con, settings, rules)
    on_progress("audit")
    result.checks = quality.audit(settings, rules, result.build_id)
    on_progress("transform")
    result.transform = transform.run(settings, rules, result.build_id, full_refresh=full_refresh,
                                     date_range=date_range)
    on_progress("gate")
    result.verdict = publish.gate(settings, rules, result.build_id, result.transform)
    if not result.verdict.green:
        return result
    on_progress("publish")
    result.published = publish.publish(settings, rules, result.build_id, result.verdict, **publish_options)
    if render_reports:
        on_progress("reports")
        result.reports = render_due(settings, rules, on_progress)
    return result


def render_due(settings: Settings, rules: policy.Policy, on_progress: Callable[[str], None]) -> list:
    """Render every queued report; each leaves the queue once its files are written."""
    due = report_queue.refresh(settings)
    if not due:
        return []
    from dial2deal import reports  # rendering libraries take seconds to import

    made = []
    for granularity, period in due:
        on_progress(f"report {granularity} {period}")
        made.append(reports.render(settings, rules, granularity, period, phones.lookup(settings)))
        report_queue.refresh(settings, done=[(granularity, period)])
    return made
