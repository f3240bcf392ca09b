"""Definitions and instances for the orchestration tests."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from dial2deal.settings import Settings
from orchestration.definitions import build_definitions
from orchestration.instance import instance
from tests.built_home import built_home


@pytest.fixture(scope="session")
def built():
    """(settings, outcome) of a demo installation after its first build."""
    return built_home()


@pytest.fixture(scope="session")
def empty(tmp_path_factory) -> Settings:
    """An installation without any file; its dbt project is parsed."""
    return Settings(home=tmp_path_factory.mktemp("empty")).ensure()


@pytest.fixture(scope="session")
def definitions(empty) -> dg.Definitions:
    """All definitions of the empty installation."""
    return build_definitions(empty)


@pytest.fixture
def fresh(tmp_path, empty) -> Iterator[Settings]:
    """A new installation per test that need not parse the dbt project again."""
    import shutil

    settings = Settings(home=tmp_path / "home").ensure()
    shutil.copytree(empty.dbt_target, settings.dbt_target, dirs_exist_ok=True)
    return settings


@pytest.fixture
def runs(fresh) -> Iterator[dg.DagsterInstance]:
    """The persistent instance of the new installation."""
    with instance(fresh) as opened:
        yield opened
