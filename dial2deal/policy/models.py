"""The policy's tables, one model each: its columns, what may stand in them, and what makes a row one of its kind."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dial2deal.policy.rows import Day, Flag, Label, Remark, Row, Text, Validity

Seconds = Annotated[int, Field(ge=0)]


class Setting(Validity):
    """A threshold or switch. ``scope`` is a business line, empty everywhere."""

    override_by = unique_by = ("key", "scope")
    key: Text
    scope: Text = ""
    value_text: Text
    value_number: float | None = None
    unit: Label = None
    description: Remark = None
    requirement: Remark = None


class TierRule(Validity):
    """An intent tier of a profile: connected calls from its lower to its upper limit of talk time."""

    override_by, unique_by = ("profile",), ("profile", "tier")
    profile: Text
    tier: Text
    tier_family: Text | None = None
    stars: int | None = None
    intent_level: Text | None = None
    lower_seconds: Seconds
    lower_inclusive: Flag | None = None
    upper_seconds: Seconds | None = None
    upper_inclusive: Flag | None = None
    label_zh: Label = None
    label_en: Label = None
    persona_zh: Label = None
    action_zh: Label = None
    action_en: Label = None


class BusinessLine(Validity):
    """A business line and the tier profile that its calls are judged by."""

    override_by = unique_by = ("business_line",)
    refers_to: ClassVar = {"tier_profile": ("tier_rules", "profile")}
    business_line: Text
    tier_profile: Text
    sector: Label = None
    label_zh: Label = None
    label_en: Label = None


class FunnelStage(Row):
    """A stage of a funnel preset, in its place."""

    override_by, unique_by = ("preset",), ("preset", "stage")
    preset: Text
    stage: Text
    ordinal: int
    is_optional: Flag | None = None
    label_zh: Label = None
    label_en: Label = None


class FunnelEvidence(Validity):
    """What shows that a lead reached a stage; any of a stage's evidence does."""

    override_by, unique_by = ("preset",), ("preset", "stage", "evidence_kind", "evidence_value")
    preset: Text
    stage: Text
    evidence_kind: Literal[
        "call", "connected_call", "high_intent_call", "stage_event", "order", "repeat_order", "referral"
    ]
    evidence_value: Text | None = None


class Channel(Row):
    """A channel that leads come from and costs are booked on."""

    override_by = unique_by = ("channel",)
    channel: Text
    label_zh: Label = None
    label_en: Label = None
    channel_group: Text | None = None
    is_paid: Flag | None = None


class ChannelAlias(Row):
    """Another name under which exports deliver a channel."""

    override_by = unique_by = ("alias",)
    refers_to: ClassVar = {"channel": ("channels", "channel")}
    alias: Text
    channel: Text


class CostKind(Row):
    """A kind of cost, and whether it is one of operation."""

    override_by = unique_by = ("cost_kind",)
    cost_kind: Text
    is_operational: Flag
    label_zh: Label = None
    label_en: Label = None


class DurationBand(Row):
    """A band of the distribution of talk time; an installation's bands replace all of the project's."""

    override_by, unique_by = (), ("band",)
    band: Text
    ordinal: int
    lower_seconds: Seconds
    upper_seconds: Seconds | None = None
    label_zh: Label = None
    label_en: Label = None


class TechResult(Row):
    """How a call ended technically, and what follows from it."""

    override_by = unique_by = ("tech_result",)
    tech_result: Text
    is_connected: Flag
    is_dial: Flag | None = None
    is_platform_block: Flag | None = None
    is_number_invalid: Flag | None = None
    is_abandoned: Flag | None = None
    label_zh: Label = None
    label_en: Label = None


class BusinessResult(Row):
    """What a call came to, as agents note it."""

    override_by = unique_by = ("business_result",)
    business_result: Text
    label_zh: Label = None
    label_en: Label = None


class ExchangeRate(Validity):
    """Yuan per unit of a currency."""

    override_by = unique_by = ("currency",)
    currency: Text
    cny_per_unit: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    source: Remark = None


class ValueMap(Row):
    """A value as exports write it and the canonical one it means; feed ``*`` is every feed with the column."""

    override_by = unique_by = ("feed", "column_name", "raw_value")
    feed: Text
    column_name: Text
    raw_value: Text
    canonical_value: Text


class InternalNumber(Row):
    """A number of the house's own: calls between two of them are internal."""

    override_by = unique_by = ("number",)
    number: Text
    note: Label = None


class Holiday(Row):
    """A day that is worked on or not against the calendar; an installation's own before the statutory ones."""

    override_by = unique_by = ("calendar_date",)
    calendar_date: Day
    is_workday: Flag
    name_zh: Label = None


TABLES: dict[str, type[Row]] = {
    "settings": Setting,
    "tier_rules": TierRule,
    "business_lines": BusinessLine,
    "funnel_stages": FunnelStage,
    "funnel_evidence": FunnelEvidence,
    "channels": Channel,
    "channel_aliases": ChannelAlias,
    "cost_kinds": CostKind,
    "duration_bands": DurationBand,
    "tech_results": TechResult,
    "business_results": BusinessResult,
    "exchange_rates": ExchangeRate,
    "value_maps": ValueMap,
    "internal_numbers": InternalNumber,
    "holidays": Holiday,
}
