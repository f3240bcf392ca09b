"""Every rule of the policy has a reader: a setting that changes nothing misleads who sets it."""

from __future__ import annotations

import re
from functools import cache
from typing import get_args

import pytest
import yaml

from dial2deal import policy
from dial2deal.policy import findings
from dial2deal.policy.models import TABLES, FunnelEvidence, Setting
from dial2deal.settings import PROJECT_ROOT, Settings

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
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(paths) if path.name != "models.py")


@pytest.fixture(scope="module")
def project():
    return Settings(home=PROJECT_ROOT / "no-home")


def unread_settings(keys, named) -> list[str]:
    """Keys that neither a source nor a finding rule (``named``) holds."""
    unread = []
    for key in keys:
        word = next((prefix for family, prefix in FAMILIES.items() if key.startswith(family)), None)
        pattern = re.escape(word) if word else rf"""["']{re.escape(key)}["']"""
        if key not in named and not re.search(pattern, sources()):
            unread.append(key)
    return unread


def unread_columns(model, words) -> list[str]:
    """Columns of a policy table that ``words`` do not hold, but for those that are prose."""
    return [column for column in model.columns() if column not in model.prose() and column not in words]


@cache
def words() -> frozenset[str]:
    return frozenset(re.findall(r"\w+", sources()))


def test_every_setting_is_read(project):
    named = {key for rule in findings.load(project) for key in (rule.setting, rule.without) if key}
    keys = {row.key for row in policy.load(project).rows(Setting)}
    assert unread_settings(keys, named) == []
    assert named <= keys
    assert unread_settings({"pool.days", "pool.nobody_reads_this"}, named) == ["pool.nobody_reads_this"]


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_a_policy_table_is_read(table):
    assert unread_columns(TABLES[table], words()) == []


def test_a_column_without_a_reader_is_found():
    class Planted(Setting):
        nobody_reads_this: str | None = None

    assert unread_columns(Planted, words()) == ["nobody_reads_this"]


def test_every_field_of_a_finding_is_read():
    text = "\n".join(
        (PROJECT_ROOT / "dial2deal" / name).read_text(encoding="utf-8")
        for name in ("reports/findings.py", "policy/findings.py")
    )
    # Texts are read by what they are, the language is added at run time; validity by the mixin.
    bare = {name.removesuffix("_zh").removesuffix("_en") for name in findings.Rule.model_fields}
    bare -= {"valid_from", "valid_to"}
    assert [name for name in bare if not re.search(rf"\b(?:rule|self)\.{name}|[\"']{name}", text)] == []


def test_every_kind_of_evidence_is_looked_for():
    kinds = get_args(FunnelEvidence.model_fields["evidence_kind"].annotation)
    assert len(kinds) == 7
    assert all(f"'{kind}'" in sources() for kind in kinds)


def test_funnels_and_tiers_say_no_more_than_is_read():
    for name, known in (
        ("funnel.yml", {"preset": {"preset", "stages"}}),
        ("tiers.yml", {"profile": {"profile", "tiers", "valid_from", "valid_to"}}),
    ):
        content = yaml.safe_load((PROJECT_ROOT / "policy" / name).read_text(encoding="utf-8"))
        for kind, keys in known.items():
            assert all(set(row) <= keys for row in content[f"{kind}s"]), name
