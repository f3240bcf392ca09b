"""The quality report: one self-contained page and one workbook, the same bytes for the same bookkeeping."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2

from dial2deal import policy, storage
from dial2deal.audit import history
from dial2deal.audit.history import Catalogue, QualityFacts
from dial2deal.audit.pages import workbook
from dial2deal.audit.suites import EVERY_FILE
from dial2deal.presentation.formats import Formats
from dial2deal.presentation.words import Words
from dial2deal.privacy import visible
from dial2deal.settings import Settings

_HERE = Path(__file__).parent
REPORT = "report.html"
WORKBOOK = "exceptions.xlsx"


def write(settings: Settings, build_id: str) -> list[Path]:
    """Write quality/report.html and quality/exceptions.xlsx in the policy's language; returns the paths."""
    rules = policy.load(settings)
    locale = rules.text("reports.locale")
    settings.quality.mkdir(parents=True, exist_ok=True)
    facts = history.read(settings, build_id).in_zone(rules.text("time_zone"))
    catalogue = Catalogue(settings, locale)
    words = Words(locale)
    page, book = settings.quality / REPORT, settings.quality / WORKBOOK
    storage.write(page, render(facts, catalogue, words, rules.version).encode())
    storage.write(book, workbook.render(facts, catalogue, words))
    return [page, book]


def render(facts: QualityFacts, catalogue: Catalogue, words: Words, policy_version: str) -> str:
    """The page as HTML text without any external reference."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    formats = Formats(words)
    environment.filters |= {"number": formats.number, "share": formats.fine_share}
    return visible(
        environment.get_template("quality.html.j2").render(
            t=words,
            locale=catalogue.locale,
            facts=facts,
            catalogue=catalogue,
            policy_version=policy_version,
            verdict=verdict(facts),
            problems=problems(facts, catalogue),
            totals=totals(facts),
            trend=trend(facts),
            warnings=[{**row, **catalogue.check(row["feed"], row["check_name"])} for row in facts.warnings],
            quarantine=[{**row, **catalogue.reason(row["reason"], row["feed"])} for row in facts.quarantine],
            files=facts.files[: history.FILES_SHOWN],
            files_hidden=max(0, len(facts.files) - history.FILES_SHOWN),
            rules=rule_groups(catalogue),
            css=(_HERE / "templates" / "quality.css").read_text(encoding="utf-8"),
        )
    )


def verdict(facts: QualityFacts) -> str:
    """red: files are missing from the reports or a critical model test failed; amber: warnings; green; empty."""
    if not facts.files:
        return "empty"
    if any(file["status"] in history.OPEN_STATUSES for file in facts.files):
        return "red"
    if any(model["severity"] == "critical" for model in facts.models):
        return "red"
    return "amber" if facts.warnings or facts.models else "green"


def problems(facts: QualityFacts, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Files that are not in use: the rules they broke, first rows, who does what."""
    found = []
    for file in facts.files:
        if file["status"] not in history.OPEN_STATUSES:
            continue
        broken = [_broken(row, catalogue) for row in facts.open_checks if row["file_id"] == file["file_id"]]
        if file["status"] == "failed":
            file = file | catalogue.unreadable(file["message"])
        found.append(
            {
                **file,
                "feed_label": catalogue.feed(file["feed"]),
                "checks": broken,
                "owner": catalogue.owner(file["feed"]),
            }
        )
    return found


def _broken(row: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    spec = catalogue.spec(row["feed"], row["check_name"])
    samples = json.loads(row["details"] or "{}").get("samples", [])
    return {
        **row,
        **catalogue.check(row["feed"], row["check_name"]),
        "samples": samples,
        "on_file": spec is not None and spec.on == "file",
        "share": row["rows_failed"] / row["rows_checked"] if row["rows_checked"] else None,
    }


def totals(facts: QualityFacts) -> dict[str, Any]:
    """Numbers of the tiles; quarantined rows of files in use and of others alike."""
    used = [file for file in facts.files if file["status"] == "accepted"]
    read = sum(file["rows_read"] for file in facts.files)
    # Customers and prices reach back years; a reader who sees dates thinks of calls.
    dated = [file for file in facts.files if file["feed"] == "calls" and file["first_event_date"]] or facts.files
    quarantined = sum(file["rows_quarantined"] for file in facts.files)
    return {
        "files": len(facts.files),
        "files_used": len(used),
        "files_open": sum(file["status"] in history.OPEN_STATUSES for file in facts.files),
        "rows_read": read,
        "rows_used": sum(file["rows_accepted"] for file in used),
        "quarantined": quarantined,
        "quarantined_share": quarantined / read if read else None,
        "failed": facts.counts["critical"] + facts.counts["warning"] + facts.counts["not_evaluable"],
        "are_calls": dated is not facts.files,
        "first_date": min((f["first_event_date"] for f in dated if f["first_event_date"]), default=None),
        "last_date": max((f["last_event_date"] for f in dated if f["last_event_date"]), default=None),
    }


def trend(facts: QualityFacts, height: float = 56.0) -> list[dict[str, Any]]:
    """Stacked bars of the last audits, from the bottom: critical, not evaluable, warning; sizes in pixels."""
    top = max((row["critical"] + row["warning"] + row["not_evaluable"] for row in facts.trend), default=0)
    bars = []
    for row in facts.trend:
        y, parts = height, []
        for kind in ("critical", "not_evaluable", "warning"):
            size = round(row[kind] / top * height, 1) if top else 0.0
            if row[kind]:
                size = max(size, 2.0)
                y = round(y - size, 1)
                parts.append({"kind": kind, "y": y, "height": size})
        bars.append({**row, "parts": parts})
    return bars


def rule_groups(catalogue: Catalogue) -> list[dict[str, Any]]:
    """All rules by feed, those on every file once."""
    suites = list(catalogue.suites.values())
    shared = set.intersection(*({check.check_name for check in suite.checks} for suite in suites))
    groups = [
        {
            "name": EVERY_FILE,
            "label": None,
            "checks": [check for check in suites[0].checks if check.check_name in shared],
        }
    ]
    return groups + [
        {
            "name": suite.feed,
            "label": catalogue.feed(suite.feed),
            "checks": [check for check in suite.checks if check.check_name not in shared],
        }
        for suite in suites
    ]
