"""Sentences of the audit in both languages. Chinese is what the people who fix things read."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dial2deal.audit.suites import CheckSpec
from dial2deal.audit.verdicts import CheckOutcome
from dial2deal.presentation.words import Words


def say(locale: str, key: str, **values: object) -> str:
    """One sentence of the catalogue (words/audit.yml)."""
    return Words(locale)(f"audit.{key}", **values)


def title(check: CheckSpec, locale: str) -> str:
    """What the check demands."""
    return check.title_en if locale == "en" else check.title_zh


def fix(check: CheckSpec, locale: str) -> str:
    """What to do when it fails."""
    return check.fix_en if locale == "en" else check.fix_zh


def who(check: CheckSpec, locale: str) -> str:
    """Who does it."""
    return check.who_fixes.en if locale == "en" else check.who_fixes.zh


def outcome_message(outcome: CheckOutcome, locale: str, error: str | None = None) -> str | None:
    """What one check found in one file; None when there is nothing to say."""
    heading = title(outcome.spec, locale)
    if outcome.outcome == "not_evaluable":
        return say(locale, "not_evaluable", title=heading, error=error)
    if not outcome.rows_failed:
        return None
    if outcome.outcome == "passed":
        return say(locale, "tolerated", title=heading, failed=outcome.rows_failed, checked=outcome.rows_checked)
    if outcome.spec.on == "file":
        value = outcome.samples[0]["value"] if outcome.samples else "?"
        return say(locale, "file_failed", title=heading, value=value)
    text = say(locale, "rows_failed", title=heading, failed=outcome.rows_failed, checked=outcome.rows_checked)
    lines = [str(sample["line"]) for sample in outcome.samples]
    return text + (say(locale, "lines", lines=say(locale, "list").join(lines)) if lines else "")


def file_message(status: str, outcomes: Iterable[CheckOutcome], locale: str) -> str | None:
    """What ops.export_files says about the file: the rules it broke, on which rows, who does what about it."""
    breaks: dict[str, Callable[[CheckOutcome], bool]] = {
        "held": lambda o: o.severity == "critical" and o.outcome == "failed",
        "loaded": lambda o: o.severity == "critical" and o.outcome == "not_evaluable",
        "accepted": lambda o: o.outcome != "passed",
    }
    wanted = breaks[status]
    broken = [outcome for outcome in outcomes if wanted(outcome)]
    if not broken:
        return None
    opening = say(locale, {"held": "held", "loaded": "loaded", "accepted": "warned"}[status])
    return say(locale, "separator").join([opening, *[_rule(outcome, locale) for outcome in broken]])


def _rule(outcome: CheckOutcome, locale: str) -> str:
    return say(
        locale,
        "rule",
        name=outcome.check_name,
        message=outcome.message,
        who=who(outcome.spec, locale),
        fix=fix(outcome.spec, locale),
    )
