"""The page of the feeds is up to date, and every field of the requirements has a column."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

from dial2deal.feeds import generate
from dial2deal.feeds.catalogue import feeds, read
from dial2deal.feeds.profiles import vocabulary
from dial2deal.settings import PROJECT_ROOT


def generator():
    spec = importlib.util.spec_from_file_location("generate_reference", PROJECT_ROOT / "docs/generate_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_is_up_to_date():
    """It is generated: run ``make docs`` after changing a feed."""
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


def test_what_follows_from_the_feeds_is_up_to_date():
    """Run ``make generate`` after changing feeds/."""
    assert generate.stale(PROJECT_ROOT / "dbt_project") == []


def test_a_changed_feed_makes_what_follows_from_it_stale(tmp_path):
    folder, project = tmp_path / "feeds", tmp_path / "dbt_project"
    shutil.copytree(PROJECT_ROOT / "feeds", folder)
    shutil.copytree(PROJECT_ROOT / "dbt_project/models/staging", project / "models/staging")
    (project / "macros").mkdir()
    assert generate.write(project, folder) == ["macros/feeds.sql", "models/raw.yml"]
    survey = folder / "csat_surveys.yml"
    survey.write_text(survey.read_text(encoding="utf-8") + "  mood: {kind: text, headers: [mood]}\n", encoding="utf-8")
    assert generate.stale(project, folder) == ["models/staging/stg_csat_surveys.sql"]
    survey.unlink()
    assert "models/staging/stg_csat_surveys.sql" in generate.write(project, folder)
    assert generate.stale(project, folder) == []
    assert not (project / "models/staging/stg_csat_surveys.sql").exists()


def test_a_wrong_entry_of_a_feed_names_its_file(tmp_path):
    (tmp_path / "visits.yml").write_text("label: {zh: 来访, en: Visits}\nkey: [id]\nkeys: [id]\ncolumns: {}\n")
    with pytest.raises(ValueError, match=r"feeds/visits.yml: .*'keys'"):
        read(tmp_path)
