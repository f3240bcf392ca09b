"""The page of the feeds is up to date, and every field of the requirements has a column."""

from __future__ import annotations

import importlib.util
import re

from dial2deal.feeds.catalogue import feeds
from dial2deal.feeds.profiles import vocabulary
from dial2deal.settings import PROJECT_ROOT


def generator():
    spec = importlib.util.spec_from_file_location("generate_reference", PROJECT_ROOT / "docs/generate_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_is_up_to_date():
    """It is generated: run ``make docs`` after changing feeds.yml or headers.yml."""
    page = (PROJECT_ROOT / "docs/reference/feeds.md").read_text(encoding="utf-8")
    assert page == generator().feeds_page()


def test_every_field_of_the_requirements_has_a_column():
    """R026–R060; R057 asks that fields can be chosen, which profiles do."""
    places = generator().places_of_requirements()
    fields = {f"R{number:03}" for number in range(26, 61)} - {"R057"}
    assert sorted(fields - places.keys()) == []


def test_only_id_time_number_direction_and_duration_of_a_call_are_required():
    required = {column.name for column in feeds()["calls"].columns.values() if column.required}
    assert required == {"call_id", "started_at", "customer_number", "direction", "talk_seconds"}


def test_every_column_has_header_names_and_legs_have_those_of_calls():
    for feed in feeds().values():
        assert set(vocabulary()["feeds"][feed.name]) == set(feed.columns), feed.name
        assert all(headers for headers in vocabulary()["feeds"][feed.name].values())
    assert set(feeds()["calls"].columns) < set(feeds()["call_legs"].columns)


def test_models_add_up_what_feeds_add_up():
    """dbt cannot read feeds.yml: its macro says the same."""
    macro = (PROJECT_ROOT / "dbt_project/macros/feeds.sql").read_text(encoding="utf-8")
    told = re.search(r"macro feeds_that_add_up\(\) -%}\s*{{ return\(\[(.*?)\]\) }}", macro)[1]
    assert re.findall(r"'([a-z_]+)'", told) == [name for name, feed in feeds().items() if feed.adds_up]
