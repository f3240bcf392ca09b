"""A parsed project to start from: parsing costs more CPU than most of these builds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dial2deal import transform
from dial2deal.settings import Settings
from tests.dbt.deliveries import Deliveries


@pytest.fixture(scope="session")
def parsed(tmp_path_factory) -> Path:
    """Target folder of dbt after one parse."""
    settings = Settings(home=tmp_path_factory.mktemp("parsed")).ensure()
    transform.manifest(settings)
    return settings.dbt_target


@pytest.fixture(scope="session")
def new_company(tmp_path_factory, parsed):
    """Makes an empty warehouse; keyword arguments are policy files by name."""

    def make(**policy_files: str) -> Deliveries:
        home = tmp_path_factory.mktemp("company")
        shutil.copytree(parsed, home / "dbt")
        (home / "secret.key").write_text(f"{'0' * 64}\n", encoding="ascii")
        (home / "policy").mkdir()
        for name, text in policy_files.items():
            file = home / "policy" / name.replace("__", ".")
            file.write_text(text, encoding="utf-8")
        return Deliveries(home)

    return make
