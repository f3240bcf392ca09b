"""The page of the sources is up to date, and every profile says what it reads."""

from __future__ import annotations

from dial2deal.feeds.profiles import Profiles
from dial2deal.settings import PROJECT_ROOT
from tests.unit.test_feeds_reference import generator


def test_page_is_up_to_date():
    """It is generated: run ``make docs`` after changing a profile's description."""
    page = (PROJECT_ROOT / "docs/reference/vendors.md").read_text(encoding="utf-8")
    assert page == generator().vendors_page()


def test_every_profile_is_valid_and_says_what_it_reads():
    profiles = Profiles((PROJECT_ROOT / "profiles",))
    assert [name for name in profiles.names() if len(profiles.get(*name).file.description) < 12] == []


def test_every_source_has_its_rules_written_down():
    """Zone, unit, rule of several rows and what was verified: vendors_pbx.md or vendors_cloud.md."""
    told = "".join(
        (PROJECT_ROOT / f"docs/reference/vendors_{part}.md").read_text(encoding="utf-8") for part in ("pbx", "cloud")
    )
    own = {"generic", "generic_400", "generic_crm", "anonymous_bank", "olist", "call_list"}
    sources = {source for source, _ in Profiles((PROJECT_ROOT / "profiles",)).names()}
    assert sorted(source for source in sources - own if f"`{source}`" not in told) == []
