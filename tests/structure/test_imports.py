"""The contracts of [tool.importlinter] hold on the real import graph, and each is broken by a planted import."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def lint(root: Path) -> str:
    """What import-linter says of the tree: empty where every contract holds."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr


def _all_but_code(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if "." in name and not name.endswith(".py")]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the code that a test may damage."""
    root = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", root)
    for package in ("dial2deal", "orchestration"):
        shutil.copytree(ROOT / package, root / package, ignore=_all_but_code)
    return root


def test_rooms_look_down_and_nowhere_else():
    assert lint(ROOT) == ""


@pytest.mark.parametrize(
    ("file", "planted", "contract"),
    [
        ("dial2deal/feeds/terms.py", "from orchestration import run", "Orchestration stands above"),
        ("dial2deal/policy/files.py", "import dagster", "dial2deal is no part of Dagster"),
        ("dial2deal/landing/deliveries.py", "from dial2deal.loading import load", "look down, never up or around"),
        ("dial2deal/metrics/catalog.py", "from dial2deal import transform", "look down, never up or around"),
        ("dial2deal/readers/rows.py", "import duckdb", "Readers know no database"),
        ("dial2deal/loading/outcome.py", "from dial2deal.loading import insert", "No circle within a room"),
    ],
)
def test_a_planted_import_is_found(tree, file, planted, contract):
    path = tree / file
    whole = path.read_text(encoding="utf-8")
    path.write_text(f"{whole}\n\ndef planted():\n    {planted}\n", encoding="utf-8")
    try:
        told = lint(tree)
    finally:
        path.write_text(whole, encoding="utf-8")
    assert contract in told.partition("Broken contracts")[2]


def test_a_room_nobody_placed_is_found(tree):
    (tree / "dial2deal/attic").mkdir()
    (tree / "dial2deal/attic/__init__.py").touch()
    told = lint(tree)
    shutil.rmtree(tree / "dial2deal/attic")
    assert "attic" in told


# The one module that stands on Dagster's insides, and why: docs/adr/0028.
_PRIVATE_DAGSTER = {"orchestration/event_log.py"}


def private_dagster(source: str) -> bool:
    """Whether a module imports what Dagster keeps to itself."""
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [node.module or "" for node in imports if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names]
    return any(name.startswith("dagster._") for name in names)


@pytest.mark.parametrize(
    ("source", "refused"),
    [
        ("import dagster as dg\n", False),
        ("import dagster._core.storage\n", True),
        ("def f():\n    from dagster._core.events import DagsterEvent\n", True),
    ],
)
def test_an_import_of_dagsters_insides_is_seen(source, refused):
    assert private_dagster(source) == refused


def test_one_module_imports_dagsters_insides_and_they_are_there():
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("dial2deal", "orchestration", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if private_dagster(path.read_text(encoding="utf-8"))
    }
    assert found == _PRIVATE_DAGSTER
    from orchestration.event_log import PooledSqliteEventLogStorage as Ours

    (parent,) = Ours.__bases__
    own = {"_engine", "_kept_engine"}
    overridden = {name for name in vars(Ours) if callable(getattr(Ours, name)) and not name.startswith("__")} - own
    assert {
        name for name in (*overridden, "_initdb", "conn_string_for_shard", "store_event") if name not in dir(parent)
    } == set()
