"""The finding rules of policy/findings.yml: reading, overriding, validating."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass

import yaml

from dial2deal import userfiles
from dial2deal.reports.periods import GRANULARITIES
from dial2deal.settings import Settings

SCOPES = (
    "total",
    "pool",
    "channel",
    "channel_month",
    "agent",
    "team",
    "own_number",
    "hour",
    "slot",
    "line_slot",
    "stage",
    "usual",
)
TESTS = ("below", "above", "drop", "rise", "below_rest", "above_rest", "lowest", "highest")
SEVERITIES = ("critical", "warning", "info")
_FILE = "findings.yml"
# libyaml reads the rules ten times faster; every report reads them.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class RuleError(ValueError):
    """A finding rule is wrong; the message names file, rule, field and what to write."""


@dataclass(frozen=True)
class Rule:
    """One finding rule; see the head of policy/findings.yml."""

    id: str
    scope: str
    granularities: tuple[str, ...]
    metric: str
    test: str
    threshold: dict
    severity: str
    title_zh: str
    title_en: str
    advice_zh: str
    advice_en: str
    requirement: str
    earning_zh: str | None = None
    earning_en: str | None = None
    losing_zh: str | None = None
    losing_en: str | None = None
    kind: str = "problem"
    limit: int = 3
    min_n: int | None = None
    certain_only: bool = False
    unless: str | None = None
    without: str | None = None
    enabled: bool = True
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    def applies(self, granularity: str, day: dt.date) -> bool:
        """Whether the rule is in force for a period of ``granularity`` that ends on ``day``."""
        return (
            self.enabled
            and granularity in self.granularities
            and (self.valid_from or dt.date.min) <= day <= (self.valid_to or dt.date.max)
        )

    def limit_value(self, policy, day: dt.date) -> float | None:
        """The threshold as a number, looked up in settings.yml when it is a setting; None: the rule is silent."""
        if self.without and policy.optional_number(self.without, on=day) is not None:
            return None
        if "setting" in self.threshold:
            return policy.optional_number(self.threshold["setting"], on=day)
        return float(self.threshold["value"])


def load(settings: Settings) -> list[Rule]:
    """Rules of the project, those of the installation replacing the ones of the same id. Raises RuleError."""
    found: dict[str, Rule] = {}
    for folder in settings.policy_dirs:
        path = folder / _FILE
        if path.exists():
            try:
                content = yaml.load(userfiles.read(path), Loader=_LOADER) or {}
            except (yaml.YAMLError, userfiles.EncodingError, RecursionError) as error:
                raise RuleError(f"{_FILE} is not valid YAML: {error}") from error
            for number, row in enumerate(content.get("rules", []), start=1):
                rule = _rule(row, number)
                found[rule.id] = rule
    return list(found.values())


def version(rules: list[Rule]) -> str:
    """Short hash of all rules: changes whenever a report could read differently because of them."""
    text = json.dumps([rule.__dict__ for rule in rules], default=str, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _rule(row: dict, number: int) -> Rule:
    where = f"{_FILE}: rule {row.get('id', f'number {number}')}"
    try:
        rule = Rule(**{**row, "granularities": tuple(row.get("granularities", ()))})
    except TypeError as error:
        raise RuleError(
            f"{where}: {str(error).removeprefix('Rule.__init__() ')}; compare it with the default rules "
            "in the project's policy folder."
        ) from error
    for field, value, allowed in (
        ("scope", rule.scope, SCOPES),
        ("test", rule.test, TESTS),
        ("severity", rule.severity, SEVERITIES),
        ("kind", rule.kind, ("problem", "opportunity")),
    ):
        if value not in allowed:
            raise RuleError(f"{where}: {field} = {value!r} is not one of {', '.join(allowed)}.")
    if not rule.granularities or set(rule.granularities) - set(GRANULARITIES):
        raise RuleError(f"{where}: granularities must be some of {', '.join(GRANULARITIES)}.")
    if not isinstance(rule.threshold, dict) or set(rule.threshold) not in ({"setting"}, {"value"}):
        raise RuleError(f"{where}: threshold must be {{setting: key}} or {{value: number}}.")
    return rule
