"""One report: from the published snapshot to its files."""

from __future__ import annotations

import datetime as dt
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dial2deal import storage
from dial2deal.audit.history import Catalogue
from dial2deal.blocks import as_json
from dial2deal.metrics import Metrics
from dial2deal.policy import Policy, findings
from dial2deal.presentation import pdf
from dial2deal.presentation.formats import Formats
from dial2deal.presentation.words import Words
from dial2deal.published import generation
from dial2deal.reports import call_list, excel, html
from dial2deal.reports import content as contents
from dial2deal.reports.call_list import PhoneLookup
from dial2deal.reports.context import Context
from dial2deal.reports.facts import Facts, Row
from dial2deal.reports.periods import Period, is_complete, parse
from dial2deal.reports.snapshot import Snapshot
from dial2deal.settings import Settings

_lock = threading.Lock()
_opened: tuple[tuple[Any, ...], Snapshot, Facts] | None = None


@dataclass(frozen=True)
class ReportResult:
    """``paths``: files written, HTML first. ``skipped_reason``: why there are none. ``notes``: what was left out."""

    period: str
    paths: list[Path] = field(default_factory=list)
    headline: list[str] = field(default_factory=list)
    skipped_reason: str | None = None
    notes: list[str] = field(default_factory=list)


def render(
    settings: Settings, policy: Policy, granularity: str, period: str, phone_lookup: PhoneLookup | None = None
) -> ReportResult:
    """Write the report of ``period`` to ``reports/<granularity>/<period>/`` from the published snapshot.

    Only complete periods with data are rendered; otherwise the result says why not. The same snapshot, policy and
    rules give the same bytes. ``phone_lookup`` (customer keys → full numbers) is used for the Excel list alone, and
    only when policy ``privacy.call_list_phone`` is ``full``. Raises PeriodError, NothingPublishedError, PolicyError.
    """
    wanted = parse(granularity, period)
    snapshot, facts = _open(settings)
    reason = _why_not(snapshot, policy, wanted)
    if reason:
        return ReportResult(wanted.key, skipped_reason=reason)
    words = Words(policy.text("reports.locale", on=wanted.end))
    content = contents.build(
        Context(wanted, snapshot, facts, policy, words, Catalogue(settings, words.locale)), findings.load(settings)
    )
    show_full = policy.text("privacy.call_list_phone", on=wanted.end) == "full"
    return _write(settings, policy, wanted, content, words, phone_lookup if show_full else None)


def _why_not(snapshot: Snapshot, policy: Policy, period: Period) -> str | None:
    info = snapshot.info
    if info["as_of_date"] is None:
        return "nothing is published with a date yet"
    if not is_complete(period, info["as_of_date"], info["as_of_at"], policy):
        return f"{period.key} is not complete: the data reaches {info['as_of_at']:%Y-%m-%d %H:%M}"
    starts = [first for first, _ in snapshot.history.values() if first is not None]
    if not starts or period.end < min(starts):
        return f"{period.key} lies before the first data ({min(starts)})" if starts else "there is no data"
    return None


def _open(settings: Settings) -> tuple[Snapshot, Facts]:
    """Snapshot and facts of the current generation, shared by the reports one process renders in a row."""
    global _opened
    with _lock:
        stamp = (settings.snapshot, generation(settings))
        if _opened is None or _opened[0] != stamp:
            snapshot = Snapshot(settings)
            days = [day for span in snapshot.history.values() for day in span if day is not None]
            first, last = (min(days), max(days)) if days else (dt.date.max, dt.date.min)
            _opened = (stamp, snapshot, Facts(Metrics(settings), first, last))
        return _opened[1], _opened[2]


def _write(
    settings: Settings, policy: Policy, period: Period, content: Row, words: Words, phone_lookup: PhoneLookup | None
) -> ReportResult:
    folder = settings.reports / period.granularity / period.key
    folder.mkdir(parents=True, exist_ok=True)
    page = html.render(content, Formats(words))
    notes = []
    paths = [storage.write_with(folder / "report.html", lambda path: path.write_text(page, encoding="utf-8"))]
    paths.append(
        storage.write_with(folder / "report.xlsx", lambda path: excel.render(content, words, path, phone_lookup))
    )
    if period.granularity == "daily":
        paths += call_list.write_teams(content, words, folder, phone_lookup, storage.write_with)
    if period.granularity not in {name.strip() for name in policy.text("reports.pdf", on=period.end).split(",")}:
        (folder / "report.pdf").unlink(missing_ok=True)
    elif (lacking := pdf.missing()) is None:
        identifier = f"dial2deal {period.granularity} {period.key}"
        paths.append(
            storage.write_with(folder / "report.pdf", lambda path: path.write_bytes(pdf.render(page, identifier)))
        )
    else:
        (folder / "report.pdf").unlink(missing_ok=True)
        notes.append(words(lacking))
    paths.append(
        storage.write_with(folder / "report.json", lambda path: path.write_text(_json(content), encoding="utf-8"))
    )
    return ReportResult(period.key, paths, content["headline"], None, notes)


def _json(content: Row) -> str:
    """All numbers of the report."""
    text = json.dumps(
        as_json.plain(content), ensure_ascii=False, indent=1, sort_keys=True, default=lambda value: value.isoformat()
    )
    return text + "\n"
