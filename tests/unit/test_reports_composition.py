"""What a composition shows can be asked for: its metrics exist, and their feeds say when their data begin."""

from __future__ import annotations

import pytest
import yaml

from dial2deal.feeds.catalogue import feeds
from dial2deal.reports.composition import composition
from dial2deal.settings import PROJECT_ROOT


@pytest.fixture(scope="module")
def needed() -> dict[str, list[str]]:
    """Feeds by metric, from the entries."""
    found = {}
    for path in (PROJECT_ROOT / "dbt_project" / "models" / "semantic").rglob("*.yml"):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")).get("metrics", []):
            found[entry["name"]] = entry["config"]["meta"]["feeds"]
    return found


@pytest.mark.parametrize("granularity", ["daily", "weekly", "monthly"])
def test_each_metric_shown_has_feeds_that_say_when_their_data_begin(needed, granularity):
    names = set(composition(granularity).metrics)
    assert names
    assert names - needed.keys() == set()
    without = {feed for name in names for feed in needed[name] if not ((fact := feeds()[feed].fact) and fact.date)}
    assert without == set()
