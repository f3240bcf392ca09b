"""docs/dev/how_to_add_a_metric.md is followed to the letter on a copy of the project."""

from __future__ import annotations

import importlib.util
import re
import shutil

import pytest

from dial2deal import transform
from dial2deal.metrics import Metrics, catalog
from dial2deal.published import SEMANTIC_MANIFEST
from dial2deal.settings import PROJECT_ROOT, Settings
from tests.dbt import marts_world as mw
from tests.structure import lints

PAGE = PROJECT_ROOT / "docs" / "dev" / "how_to_add_a_metric.md"


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """Each block of YAML is added at the end of the file that is named before it."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("dbt_project", "dial2deal/parsing"):
        source, target = PROJECT_ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)
    steps = re.findall(r"`(dbt_project/\S+\.yml)`[^`]*?```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(steps) == 2
    for name, block in steps:
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + "\n" + block, encoding="utf-8")
    built = mw.shared()
    settings = Settings(home=tmp_path_factory.mktemp("home"), project_root=folder).ensure()
    # What dbt knows of the unchanged files need not be read again.
    shutil.copyfile(built.settings.dbt_target / "partial_parse.msgpack", settings.dbt_target / "partial_parse.msgpack")
    return built, settings, transform.manifest(settings)


def test_the_entry_is_complete(followed):
    _, settings, _ = followed
    assert lints.metrics_documented(settings.project_root) == []


def test_the_metric_answers_and_stands_in_the_reference(followed):
    built, settings, manifest = followed
    spec = importlib.util.spec_from_file_location("generate_reference", PROJECT_ROOT / "docs" / "generate_reference.py")
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    page = reference.metrics_page(manifest, catalog.load(settings.dbt_target / SEMANTIC_MANIFEST))
    assert "| `unanswered_rate` | 无人接听占比 | Unanswered share |" in page
    settings.published.mkdir(exist_ok=True)
    settings.snapshot.symlink_to(built.settings.snapshot)
    shutil.copyfile(settings.dbt_target / SEMANTIC_MANIFEST, settings.published / SEMANTIC_MANIFEST)
    (row,) = Metrics(settings).query(["unanswered_rate"])
    dials = [call for call in built.world.calls if call["is_dial"]]
    assert row["unanswered_rate_den"] == len(dials)
    assert 0 < row["unanswered_rate_num"] == sum(call["tech_result"] == "no_answer" for call in dials)
