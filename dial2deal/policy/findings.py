"""The finding rules of policy/findings.yml: what reports call a problem or an opportunity, and from which value on."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from dial2deal.policy.load import Policy, layers
from dial2deal.policy.rows import Expects, Text, Validity
from dial2deal.settings import Settings

Granularity = Literal["daily", "weekly", "monthly"]
Scope = Literal[
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
]
Test = Literal["below", "above", "drop", "rise", "below_rest", "above_rest", "lowest", "highest"]
Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


class _Threshold(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SettingThreshold(_Threshold):
    """The threshold is the value of a setting; ``none`` there silences the rule."""

    setting: str


class ValueThreshold(_Threshold):
    """The threshold is a number of the rule's own."""

    value: int | float


class Rule(Validity):
    """One finding rule; see the head of policy/findings.yml."""

    override_by = unique_by = ("id",)
    id: Text
    scope: Scope
    granularities: Annotated[
        tuple[Granularity, ...], Field(min_length=1), Expects(f"some of {', '.join(get_args(Granularity))}")
    ]
    metric: Text
    test: Test
    threshold: Annotated[SettingThreshold | ValueThreshold, Expects("{setting: key} or {value: number}")]
    severity: Severity
    title_zh: Text
    title_en: Text
    advice_zh: Text
    advice_en: Text
    requirement: Text
    earning_zh: Text | None = None
    earning_en: Text | None = None
    losing_zh: Text | None = None
    losing_en: Text | None = None
    kind: Literal["problem", "opportunity"] = "problem"
    limit: int = 3
    min_n: int | None = None
    certain_only: bool = False
    unless: Text | None = None
    without: Text | None = None
    enabled: bool = True

    @property
    def setting(self) -> str | None:
        """The setting that holds the threshold, None when the rule holds it itself."""
        return self.threshold.setting if isinstance(self.threshold, SettingThreshold) else None

    def applies(self, granularity: str, day: dt.date) -> bool:
        """Whether the rule is in force for a period of ``granularity`` that ends on ``day``."""
        return self.enabled and granularity in self.granularities and self.is_valid(day)

    def limit_value(self, policy: Policy, day: dt.date) -> float | None:
        """The threshold as a number, looked up in settings.yml when it is a setting; None: the rule is silent."""
        if self.without and policy.optional_number(self.without, on=day) is not None:
            return None
        if isinstance(self.threshold, SettingThreshold):
            return policy.optional_number(self.threshold.setting, on=day)
        return float(self.threshold.value)


def load(settings: Settings) -> list[Rule]:
    """Rules of the project, those of the installation replacing the ones of the same id. Raises PolicyError."""
    found: dict[str, Rule] = {}
    for layer in layers(settings, "findings", Rule):
        found |= {rule.id: rule for rule in layer}
    return list(found.values())


def version(rules: list[Rule]) -> str:
    """Short hash of all rules: changes whenever a report could read differently because of them."""
    text = json.dumps([rule.model_dump() for rule in rules], default=str, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
