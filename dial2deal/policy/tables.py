"""The policy's tables: columns, DuckDB types and the columns by which a user's rows replace the defaults."""

from __future__ import annotations

from dataclasses import dataclass

_VALIDITY = {"valid_from": "date", "valid_to": "date"}


@dataclass(frozen=True)
class Table:
    """``columns``: name -> SQL type. ``override_by``: a user's rows replace all default rows of the same values.

    ``unique_by``: with the validity dates, identifies a row; overlapping validity of one key is an error.
    """

    columns: dict[str, str]
    override_by: tuple[str, ...]
    unique_by: tuple[str, ...]
    required: tuple[str, ...] = ()


TABLES: dict[str, Table] = {
    "settings": Table(
        {
            "key": "varchar",
            "scope": "varchar",
            "value_text": "varchar",
            "value_number": "double",
            "unit": "varchar",
            **_VALIDITY,
            "description": "varchar",
            "requirement": "varchar",
        },
        ("key", "scope"),
        ("key", "scope"),
        ("key", "value_text"),
    ),
    "tier_rules": Table(
        {
            "profile": "varchar",
            "tier": "varchar",
            "tier_family": "varchar",
            "stars": "integer",
            "intent_level": "varchar",
            "lower_seconds": "integer",
            "lower_inclusive": "boolean",
            "upper_seconds": "integer",
            "upper_inclusive": "boolean",
            "label_zh": "varchar",
            "label_en": "varchar",
            "persona_zh": "varchar",
            "action_zh": "varchar",
            "action_en": "varchar",
            **_VALIDITY,
        },
        ("profile",),
        ("profile", "tier"),
        ("profile", "tier", "lower_seconds"),
    ),
    "business_lines": Table(
        {
            "business_line": "varchar",
            "tier_profile": "varchar",
            "sector": "varchar",
            "label_zh": "varchar",
            "label_en": "varchar",
            **_VALIDITY,
        },
        ("business_line",),
        ("business_line",),
        ("business_line", "tier_profile"),
    ),
    "funnel_stages": Table(
        {
            "preset": "varchar",
            "stage": "varchar",
            "ordinal": "integer",
            "is_optional": "boolean",
            "label_zh": "varchar",
            "label_en": "varchar",
        },
        ("preset",),
        ("preset", "stage"),
        ("preset", "stage", "ordinal"),
    ),
    "funnel_evidence": Table(
        {"preset": "varchar", "stage": "varchar", "evidence_kind": "varchar", "evidence_value": "varchar", **_VALIDITY},
        ("preset",),
        ("preset", "stage", "evidence_kind", "evidence_value"),
        ("preset", "stage", "evidence_kind"),
    ),
    "channels": Table(
        {
            "channel": "varchar",
            "label_zh": "varchar",
            "label_en": "varchar",
            "channel_group": "varchar",
            "is_paid": "boolean",
        },
        ("channel",),
        ("channel",),
        ("channel",),
    ),
    "channel_aliases": Table({"alias": "varchar", "channel": "varchar"}, ("alias",), ("alias",), ("alias", "channel")),
    "cost_kinds": Table(
        {"cost_kind": "varchar", "is_operational": "boolean", "label_zh": "varchar", "label_en": "varchar"},
        ("cost_kind",),
        ("cost_kind",),
        ("cost_kind", "is_operational"),
    ),
    "duration_bands": Table(
        {
            "band": "varchar",
            "ordinal": "integer",
            "lower_seconds": "integer",
            "upper_seconds": "integer",
            "label_zh": "varchar",
            "label_en": "varchar",
        },
        (),
        ("band",),
        ("band", "ordinal", "lower_seconds"),
    ),
    "tech_results": Table(
        {
            "tech_result": "varchar",
            "is_connected": "boolean",
            "is_dial": "boolean",
            "is_platform_block": "boolean",
            "is_number_invalid": "boolean",
            "is_abandoned": "boolean",
            "label_zh": "varchar",
            "label_en": "varchar",
        },
        ("tech_result",),
        ("tech_result",),
        ("tech_result", "is_connected"),
    ),
    "business_results": Table(
        {"business_result": "varchar", "label_zh": "varchar", "label_en": "varchar"},
        ("business_result",),
        ("business_result",),
        ("business_result",),
    ),
    "exchange_rates": Table(
        {"currency": "varchar", "cny_per_unit": "double", **_VALIDITY, "source": "varchar"},
        ("currency",),
        ("currency",),
        ("currency", "cny_per_unit"),
    ),
    "value_maps": Table(
        {"feed": "varchar", "column_name": "varchar", "raw_value": "varchar", "canonical_value": "varchar"},
        ("feed", "column_name", "raw_value"),
        ("feed", "column_name", "raw_value"),
        ("feed", "column_name", "raw_value", "canonical_value"),
    ),
    "internal_numbers": Table({"number": "varchar", "note": "varchar"}, ("number",), ("number",), ("number",)),
    "holidays": Table(
        {"calendar_date": "date", "is_workday": "boolean", "name_zh": "varchar"},
        ("calendar_date",),
        ("calendar_date",),
        ("calendar_date", "is_workday"),
    ),
}
