"""Every case of every world has its right result; see world.py."""

import pytest

from tests.cases import world as worlds


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """World name → its installation, built once."""
    known = {}

    def get(world: str):
        if world not in known:
            known[world] = worlds.build(world, tmp_path_factory.mktemp(world))
        return known[world]

    return get


@pytest.mark.parametrize(
    ("world", "check"),
    [pytest.param(case.world, check, id=f"{case.world}-{case.name}-{check['name']}")
     for world in worlds.worlds() for case in worlds.cases(world) for check in case.checks])
def test_case(built, world, check):
    assert worlds.ask(built(world), check["sql"], check.get("db", "snapshot")) == check["expect"]
