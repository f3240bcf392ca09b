"""The coverage table of quirks and vendors is whole, and every test it names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "reference" / "quirks.md"


def rows() -> list[list[str]]:
    """Cells of the tables' rows."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| ")]


def names(text: str) -> set[str]:
    return set(re.findall(r"`(test_\w+)`", text))


def existing_tests() -> set[str]:
    return {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


def test_every_quirk_has_a_row_with_tests_of_its_own_number():
    by_quirk = {cells[0]: names(cells[-1]) for cells in rows() if re.fullmatch(r"Q\d\d", cells[0])}
    assert list(by_quirk) == [f"Q{number:02d}" for number in range(1, 43)]
    for quirk, tests in by_quirk.items():
        assert any(test.startswith(f"test_{quirk.lower()}_") for test in tests), quirk


def test_every_test_of_a_quirk_is_in_the_table():
    numbered = {test for test in existing_tests() if re.match(r"test_q\d\d_", test)}
    assert numbered - names(TABLE.read_text(encoding="utf-8")) == set()


def test_every_source_with_profiles_has_a_row_with_tests():
    by_source = {cells[1].strip("`"): names(cells[-1]) for cells in rows() if len(cells) == 3}
    sources = {path.name for path in (ROOT / "profiles").iterdir() if path.is_dir()}
    assert sources - by_source.keys() == set()
    assert all(by_source[source] for source in sources)


def test_every_test_named_exists():
    assert names(TABLE.read_text(encoding="utf-8")) - existing_tests() == set()
