"""Problems and suggestions: every rule looks at the observations of its scope and shows its evidence."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import NormalDist
from typing import Any

from dial2deal.blocks.kinds import Evidence, Finding
from dial2deal.insight.intervals import newcombe
from dial2deal.policy.findings import SEVERITIES, Rule
from dial2deal.presentation.formats import Formats
from dial2deal.reports.context import Context
from dial2deal.reports.facts import Row
from dial2deal.reports.observations import SHARE, Observation, observe


def find(context: Context, sections: dict[str, Row | None], rules: Iterable[Rule]) -> list[Finding]:
    """Findings in reading order: problems before opportunities, severest and most certain first."""
    found: list[Finding] = []
    fired: set[tuple[str, str]] = set()
    for rule in rules:
        if not rule.applies(context.period.granularity, context.period.end):
            continue
        observations = [o for o in observe(context, sections, rule) if o.value is not None]
        limit = rule.limit_value(context.policy, context.period.end)
        if limit is None:
            continue
        minimum = rule.min_n if rule.min_n is not None else context.min_n
        named = (o for o in observations if o.is_named)
        hits = [hit for o in named if (hit := _test(context, rule, o, observations, limit, minimum))]
        hits = [hit for hit in hits if hit.certain or not rule.certain_only]
        hits = [hit for hit in hits if (rule.unless, hit.key) not in fired]
        hits.sort(key=lambda hit: (not hit.certain, -hit.gap, hit.key))
        found += hits[: rule.limit]
        fired |= {(rule.id, hit.key) for hit in hits}
    found.sort(key=lambda hit: (hit.kind == "opportunity", not hit.certain, SEVERITIES.index(hit.severity)))
    return found


def _test(
    context: Context, rule: Rule, o: Observation, everyone: list[Observation], limit: float, minimum: int
) -> Finding | None:
    """The finding when ``rule`` holds for ``o``, else None."""
    base = interval = None
    if rule.test in ("below", "above"):
        gap = limit - o.value if rule.test == "below" else o.value - limit
        certain = o.n >= minimum
        if o.kind == SHARE:
            interval = (o.low, o.high)
            certain = certain and o.n > 0 and (o.high < limit if rule.test == "below" else o.low > limit)
    elif rule.test in ("lowest", "highest"):
        ranked = [other for other in everyone if other.n >= minimum]
        best = (min if rule.test == "lowest" else max)(ranked, key=lambda other: other.value, default=None)
        if best is not o:
            return None
        gap = limit - o.value if rule.test == "lowest" else o.value - limit
        certain, interval = True, (o.low, o.high) if o.kind == SHARE else None
    else:
        compared = _against(context, rule, o, everyone, minimum)
        if compared is None:
            return None
        base, low, high = compared
        falling = rule.test in ("drop", "below_rest")
        gap = (base - o.value if falling else o.value - base) - limit
        certain = o.n >= minimum and (high < 0 if falling else low > 0)
        interval = (o.low, o.high)
    if gap <= 0:
        return None
    return _finding(context, rule, o, limit, gap, bool(certain), base, interval)


def _against(
    context: Context, rule: Rule, o: Observation, everyone: list[Observation], minimum: int
) -> tuple[float, float, float] | None:
    """Share compared with and the interval of the difference; None where there is nothing to compare with."""
    if rule.test in ("drop", "rise"):
        num, den, z = o.base_num, o.base_den, context.z
    else:
        peers = [other for other in everyone if other.peers == o.peers]
        num = sum(other.num for other in peers) - o.num
        den = sum(other.n for other in peers) - o.n
        # Looking at m groups at once: each at confidence 1 - alpha/m, so that all together keep alpha. [Dunn 1961]
        groups = max(1, sum(other.n >= minimum for other in everyone))
        alpha = 2 * (1 - NormalDist().cdf(context.z))
        z = NormalDist().inv_cdf(1 - alpha / 2 / groups)
    if not den or den < minimum or o.n < minimum:
        return None
    low, high = newcombe(o.num, o.n, num, den, z)
    return num / den, low, high


def _finding(
    context: Context,
    rule: Rule,
    o: Observation,
    limit: float,
    gap: float,
    certain: bool,
    base: float | None,
    interval: tuple[Any, ...] | None,
) -> Finding:
    words, formats = context.words, context.formats
    low, high = interval or (None, None)
    texts = {
        "label": o.label,
        "value": formats.number(o.value, o.kind),
        "threshold": formats.number(limit, o.kind),
        "interval": formats.interval(low, high),
        "num": f"{o.num:,}" if o.num is not None else "",
        "n": f"{o.n:,}",
        "base": formats.number(base, o.kind),
        "detail": o.detail,
        "change": words("format.points_plain", points=f"{abs(o.value - base) * 100:.1f}") if base is not None else "",
    }
    if o.capacity:
        texts |= {name: f"{number:,}" for name, number in o.capacity.items()}
    roi = context.channel_roi.get(o.key) if rule.earning_zh or rule.losing_zh else None
    texts["roi"] = formats.number(roi, "ratio")
    return Finding(
        rule=rule.id,
        kind=rule.kind,
        severity=rule.severity,
        certain=certain,
        key=o.key,
        gap=gap,
        title=getattr(rule, f"title_{words.locale}").format(**texts),
        advice=_advice(rule, words.locale, roi).format(**texts),
        evidence=Evidence(
            metric=rule.metric,
            scope=rule.scope,
            label=o.label,
            value=o.value,
            value_text=texts["value"],
            numerator=o.num,
            n=o.n,
            low=low,
            high=high,
            interval_text=texts["interval"],
            threshold=limit,
            threshold_text=_threshold(formats, rule, limit, o.kind),
            threshold_source=rule.setting or "findings.yml",
            test=rule.test,
            base=base,
            base_text=texts["base"] if base is not None else None,
            requirement=rule.requirement,
        ),
    )


def _advice(rule: Rule, locale: str, roi: float | None) -> str:
    """The rule's advice, or the one for a channel that earns or loses money in spite of the finding."""
    weighed = None if roi is None else getattr(rule, f"{'losing' if roi < 0 else 'earning'}_{locale}")
    return weighed or getattr(rule, f"advice_{locale}")


def _threshold(formats: Formats, rule: Rule, limit: float, kind: str) -> str:
    """The threshold as said in the evidence: a limit, a least gap, or nothing where the rule only ranks."""
    if rule.test in ("lowest", "highest") or limit == 0:
        return ""
    words = formats.words
    if rule.test in ("below", "above"):
        return words("findings.threshold", threshold=formats.number(limit, kind))
    return words("findings.gap", threshold=words("format.points_plain", points=f"{limit * 100:g}"))
