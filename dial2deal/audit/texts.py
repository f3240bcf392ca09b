"""Sentences of the audit in both languages. Chinese is what the people who fix things read."""

from __future__ import annotations

from collections.abc import Iterable

from dial2deal.audit.suites import CheckSpec
from dial2deal.audit.verdicts import CheckOutcome

_MESSAGES = {
    "zh": {
        "rows_failed": "{title}：{failed:,} / {checked:,} 行不符",
        "file_failed": "{title}：不符（实际值 {value}）",
        "tolerated": "{title}：{failed:,} / {checked:,} 行不符，在容差之内",
        "not_evaluable": "{title}：规则无法执行（{error}）",
        "lines": "，行 {lines}",
        "held": "审核未通过，已暂扣。",
        "loaded": "审核未完成，数据未采用，也未判为坏数据：",
        "loaded_fix": "请{who}修复规则后重新构建。",
        "warned": "已采用，有提示：",
        "rule": "〔{name}〕{message}。{who}：{fix}",
        "separator": " ",
        "list": "、",
        "released": "已人工放行：{reason}",
    },
    "en": {
        "rows_failed": "{title}: {failed:,} of {checked:,} rows fail",
        "file_failed": "{title}: fails (value {value})",
        "tolerated": "{title}: {failed:,} of {checked:,} rows fail, within tolerance",
        "not_evaluable": "{title}: the rule could not be evaluated ({error})",
        "lines": ", lines {lines}",
        "held": "Held by the audit.",
        "loaded": "Not audited completely; neither used nor judged bad:",
        "loaded_fix": "To be repaired by: {who}; then build again.",
        "warned": "Accepted with warnings:",
        "rule": "[{name}] {message}. {who}: {fix}",
        "separator": " ",
        "list": ", ",
        "released": "Released by hand: {reason}",
    },
}


def say(locale: str, key: str, **values: object) -> str:
    """One sentence of the catalogue."""
    return _MESSAGES[locale][key].format(**values)


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
    wanted = {
        "held": lambda o: o.severity == "critical" and o.outcome == "failed",
        "loaded": lambda o: o.severity == "critical" and o.outcome == "not_evaluable",
        "accepted": lambda o: o.outcome != "passed",
    }[status]
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
