"""Limits that tools enforce: each is seen to refuse a planted offence."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_FUNCTION_LINES = 60
# From before the limit: the list only gets shorter.
LONG = {
    "dial2deal/audit/pages/file_books.py: render",
    "dial2deal/audit/pages/workbook.py: _summary",
    "dial2deal/mapping/content.py: describe",
    "dial2deal/mapping/run.py: _map_file",
    "orchestration/defs/ingest.py: assets",
    "orchestration/defs/publish.py: assets",
    "orchestration/defs/reports.py: _report",
    "orchestration/defs/sensors.py: sensors",
}


def ruff(path: str, source: str) -> str:
    """What ruff says of ``source`` if it stood at ``path``."""
    return subprocess.run(
        [Path(sys.executable).with_name("ruff"), "check", "--output-format", "concise", "--stdin-filename", path, "-"],
        input=source,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


@pytest.mark.parametrize(
    ("path", "source", "rule"),
    [
        ("dial2deal/metrics/planted.py", "import dagster as dg\n\nprint(dg)\n", "TID251"),
        ("dial2deal/metrics/planted.py", "from orchestration import run\n\nrun()\n", "TID251"),
        ("dial2deal/metrics/planted.py", "def f(a, b, c, d, e, f, g):\n    return a\n", "PLR0913"),
        ("dial2deal/metrics/planted.py", "from .service import Metrics\n\nMetrics()\n", "TID252"),
        ("dial2deal/metrics/planted.py", "import datetime as dt\n\nNOW = dt.datetime.now()\n", "DTZ005"),
        ("dial2deal/metrics/planted.py", "print(1)\n", "T201"),
        ("dial2deal/metrics/planted.py", "# TODO: later\n", "FIX002"),
    ],
)
def test_ruff_refuses(path, source, rule):
    assert rule in ruff(path, source)


def test_ruff_lets_orchestration_import_dagster():
    assert "TID251" not in ruff("orchestration/planted.py", "import dagster as dg\n\nX = dg.asset\n")


def long_functions(source: str) -> list[str]:
    """Functions of more than MAX_FUNCTION_LINES lines, decorators not counted."""
    return [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= MAX_FUNCTION_LINES
    ]


def test_functions_are_short():
    folders = ("dial2deal", "orchestration", "docs")
    found = [
        f"{path.relative_to(ROOT)}: {offence}"
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        for offence in long_functions(path.read_text(encoding="utf-8"))
    ]
    assert [offence for offence in found if offence.rpartition(":")[0] not in LONG] == []


def test_a_long_function_is_found():
    assert long_functions("def f():\n" + "    x = 1\n" * 60) == ["f: 61 lines"]
    assert long_functions("def f():\n" + "    x = 1\n" * 59) == []
