"""The whole content of one report as plain data: what the JSON file holds and every rendering shows."""

from __future__ import annotations

from collections.abc import Sequence

from dial2deal.audit.history import Catalogue
from dial2deal.blocks.kinds import Finding, Kpi, QuotientKpi
from dial2deal.feeds.catalogue import feeds
from dial2deal.metrics.catalog import Metric
from dial2deal.policy.findings import Rule, version
from dial2deal.presentation.formats import NONE
from dial2deal.presentation.words import Words
from dial2deal.reports import findings
from dial2deal.reports.composition import FindingsSpec
from dial2deal.reports.context import Context
from dial2deal.reports.facts import Row
from dial2deal.reports.sections import block

SCHEMA = 1
_HEADLINE_CARDS = 4


def build(context: Context, rules: Sequence[Rule]) -> Row:
    """Content of the report of ``context.period``; the same snapshot and rules give the same content."""
    words, period = context.words, context.period
    specs = context.composition.blocks
    sections = {spec.id: block(context, spec) for spec in specs if not isinstance(spec, FindingsSpec)}
    cards = [_card(context, metric) for metric in context.card_metrics]
    found = findings.find(context, sections, rules)
    return {
        "schema": SCHEMA,
        "locale": words.locale,
        "granularity": period.granularity,
        "period": period.key,
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "title": words(f"title.{period.granularity}"),
        "period_text": _period_text(context),
        "workdays": context.workdays,
        "workdays_text": _workdays_text(context),
        "comparisons": [
            {
                "kind": kind,
                "period": other.key if other else None,
                "label": words(f"compare.{period.granularity}.{kind}"),
            }
            for kind, other in context.comparisons
        ],
        "headline": _headline(context, cards, sections, found),
        "cards": cards,
        "findings": found,
        "sections": sections,
        "section_order": [spec.id for spec in specs if not getattr(spec, "after", None)],
        "footer": _footer(context, rules),
    }


def _period_text(context: Context) -> str:
    words, formats, period = context.words, context.formats, context.period
    if period.granularity == "monthly":
        month_name = formats.month(period.start)
        return words("period.month", year=period.start.year, month=period.start.month, month_name=month_name)
    if period.granularity == "weekly":
        year, week, _ = period.start.isocalendar()
        return words("period.week", year=year, week=week, range=formats.range(period.start, period.end))
    return words("period.day", year=period.start.year, date=formats.date(period.start))


def _workdays_text(context: Context) -> str:
    """What kind of days the period and the compared ones are: a day or a day off, else how many workdays."""
    words, found = context.words, context.workdays
    if found["current"] is None:
        return words("head.workdays_unknown")
    is_day = context.period.granularity == "daily"

    def kind(days: int) -> str:
        return words("head.workday" if days else "head.day_off")

    others = []
    for name, _ in context.comparisons:
        which, days = words(f"head.other.{context.period.granularity}.{name}"), found[name]
        if days is not None:
            others.append(
                words("head.day_of", which=which, kind=kind(days))
                if is_day
                else words("head.workdays_of", which=which, days=days)
            )
    text = kind(found["current"]) if is_day else words("head.workdays", days=found["current"])
    return text + (words("head.others", others=words("headline.join").join(others)) if others else "")


def _card(context: Context, metric: str) -> Kpi:
    spec, row = context.metric(metric), context.total(context.period)
    value = row.get(metric)
    kpi = Kpi(
        metric,
        spec.label(context.words.locale),
        spec.shown_as,
        value,
        context.formats.number(value, spec.shown_as),
        spec.good,
        tuple(context.compare(metric, row, kind, other) for kind, other in context.comparisons),
        tuple(found.get(metric) for found in context.trend()),
        context.snapshot.holds_back(spec.feeds[0], context.period.start, context.period.end),
        "",
    )
    if not spec.is_ratio:
        return kpi
    parts = {part: row.get(f"{metric}_{short}") for part, short in _PARTS}
    return QuotientKpi(**{**vars(kpi), "note": _note(context, spec, **parts)}, **parts)


_PARTS = (("numerator", "num"), ("denominator", "den"), ("low", "low"), ("high", "high"))


def _note(
    context: Context,
    spec: Metric,
    numerator: float | None,
    denominator: float | None,
    low: float | None,
    high: float | None,
) -> str:
    """What a quotient is made of, with its interval."""
    words, formats = context.words, context.formats
    if not denominator:
        return ""
    if spec.shown_as == "share":
        interval = formats.interval(low, high)
        return words("card.share_note", num=f"{numerator:,}", n=f"{denominator:,}", interval=interval)
    if spec.shown_as == "money":
        unit = words(f"unit.{spec.denominator}")
        return words("card.quotient_note", num=formats.number(numerator, "money"), n=f"{denominator:,}", unit=unit)
    return ""


def _headline(context: Context, cards: list[Kpi], sections: dict[str, Row | None], found: list[Finding]) -> list[str]:
    """Three sentences: the main numbers, who is waiting, and the first finding."""
    words = context.words
    parts = [
        words(
            "headline.number",
            label=card.label,
            value=card.text,
            change=words("headline.change", change=card.comparisons[0].text)
            if card.comparisons[0].text != NONE
            else "",
        )
        for card in [card for card in cards if card.value is not None][:_HEADLINE_CARDS]
    ]
    sentences = [words("headline.join").join(parts) + words("headline.stop")] if parts else []
    pool = sections.get("high_intent")
    if pool and pool.facts["total"]:
        key = "headline.pool" if pool.facts["new"] < pool.facts["total"] else "headline.pool_all_new"
        sentences.append(
            words(
                key,
                days=pool.facts["pool_days"],
                new=f"{pool.facts['new']:,}",
                total=f"{pool.facts['total']:,}",
                pending=f"{pool.facts['pending']:,}",
            )
        )
    if found:
        sentences.append(found[0].title + words("headline.stop"))
    else:
        sentences.append(words("headline.nothing"))
    return sentences


def _footer(context: Context, rules: Sequence[Rule]) -> Row:
    words, formats, period, info = context.words, context.formats, context.period, context.snapshot.info
    held = context.snapshot.incomplete_files(period.start, period.end)
    catalogue = context.catalogue
    for file in held:
        dates = [text for text in (file["first_date"], file["last_date"]) if text]
        file["dates_text"] = " – ".join(dict.fromkeys(dates)) or words("footer.dates_unknown")
        file["status_text"] = words(f"footer.status.{file['status']}")
        file |= catalogue.why_not_used(file["feed"], file["status"], file["rule"], file["message"])
    dated = any(file["first_date"] for file in held)
    verdict = "incomplete" if dated else "uncertain" if held else "complete"
    warnings = context.snapshot.query("warnings", {"start": period.start, "end": period.end})
    begins = context.begins()
    return {
        "as_of_date": info["as_of_date"].isoformat(),
        "as_of": formats.moment(info["as_of_at"]),
        "policy_version": info["policy_version"],
        "rules_version": version(list(rules)),
        "code_version": info["code_version"],
        "verdict": verdict,
        "verdict_text": words(f"footer.{verdict}"),
        "held_files": held,
        "warnings": warnings,
        "warning_texts": _warning_texts(words, catalogue, warnings),
        "version": " · ".join((info["policy_version"] or NONE, version(list(rules)), info["code_version"] or NONE)),
        "method": words("footer.method", min_n=context.min_n),
        "missing_feeds": [words.of(vars(feeds()[feed]), feed) for feed, first in begins.items() if first is None],
        "history": {feed: first.isoformat() if first else None for feed, first in begins.items()},
    }


def _warning_texts(words: Words, catalogue: Catalogue, warnings: list[Row]) -> list[str]:
    """One line per rule on files; checks of the tables are only counted, their names say nothing to readers."""
    on_files = [row for row in warnings if row["files"]]
    texts = [
        words(
            "footer.not_evaluable" if row["outcome"] == "not_evaluable" else "footer.warning",
            subject=catalogue.feed(row["subject"]),
            check=catalogue.check(row["subject"], row["check_name"])["title"],
            files=row["files"],
            rows=f"{row['rows_failed']:,}",
        )
        for row in on_files
    ]
    on_tables = len(warnings) - len(on_files)
    return texts + ([words("footer.warning_models", tests=on_tables)] if on_tables else [])
