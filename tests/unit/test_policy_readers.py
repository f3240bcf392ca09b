"""Every rule of the policy has a reader: a setting that changes nothing misleads who sets it."""

from __future__ import annotations

import re
from functools import cache

import pytest
import yaml

from dial2deal import policy
from dial2deal.policy.tables import TABLES
from dial2deal.reports import rules
from dial2deal.settings import PROJECT_ROOT, Settings

# What people read beside the numbers; published with the policy tables, computed with by nobody.
TEXTS = {
    "unit",
    "description",
    "requirement",
    "note",
    "source",
    "persona_zh",
    "label_zh",
    "label_en",
    "action_zh",
    "action_en",
    "name_zh",
    "sector",
}
# Written together at run time: the prefix is what the sources hold.
FAMILIES = {"followup.sla_hours.high": "followup.sla_hours.", "reports.first_load.": "reports.first_load."}
_SOURCES = (
    "dial2deal/**/*.py",
    "dial2deal/**/*.sql",
    "orchestration/**/*.py",
    "dbt_project/macros/**/*.sql",
    "dbt_project/models/**/*.sql",
    "dbt_project/models/**/*.yml",
)


@cache
def sources() -> str:
    paths = {path for pattern in _SOURCES for path in PROJECT_ROOT.glob(pattern) if "demo" not in path.parts}
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(paths) if path.name != "tables.py")


@pytest.fixture(scope="module")
def project():
    return Settings(home=PROJECT_ROOT / "no-home")


def test_every_setting_is_read(project):
    named = {key for rule in rules.load(project) for key in (rule.threshold.get("setting"), rule.without) if key}
    unread = []
    for key in {row["key"] for row in policy.load(project).rows("settings")}:
        word = next((prefix for family, prefix in FAMILIES.items() if key.startswith(family)), None)
        pattern = re.escape(word) if word else rf"""["']{re.escape(key)}["']"""
        if key not in named and not re.search(pattern, sources()):
            unread.append(key)
    assert unread == []


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_a_policy_table_is_read(table):
    assert [
        column for column in TABLES[table].columns if column not in TEXTS and not re.search(rf"\b{column}\b", sources())
    ] == []


def test_every_field_of_a_finding_is_read():
    text = "\n".join(
        (PROJECT_ROOT / "dial2deal" / "reports" / name).read_text(encoding="utf-8")
        for name in ("findings.py", "rules.py")
    )
    # Texts are read by what they are, the language is added at run time.
    bare = {name.removesuffix("_zh").removesuffix("_en") for name in rules.Rule.__dataclass_fields__}
    assert [name for name in bare if not re.search(rf"\b(?:rule|self)\.{name}|[\"']{name}", text)] == []


def test_every_stage_of_a_funnel_has_known_evidence(project):
    kinds = {"call", "connected_call", "high_intent_call", "stage_event", "order", "repeat_order", "referral"}
    loaded = policy.load(project)
    assert {row["evidence_kind"] for row in loaded.rows("funnel_evidence")} <= kinds
    assert all(f"'{kind}'" in sources() for kind in kinds)


def test_funnels_and_tiers_say_no_more_than_is_read():
    for name, known in (
        ("funnel.yml", {"preset": {"preset", "stages"}}),
        ("tiers.yml", {"profile": {"profile", "tiers", "valid_from", "valid_to"}}),
    ):
        content = yaml.safe_load((PROJECT_ROOT / "policy" / name).read_text(encoding="utf-8"))
        for kind, keys in known.items():
            assert all(set(row) <= keys for row in content[f"{kind}s"]), name
