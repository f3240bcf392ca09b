"""Every case of every world has its right result; see world.py."""

import re
import zipfile
from pathlib import Path

import duckdb
import pytest

from tests.cases import world as worlds

# 139 9900 07xx in any spelling: what the world "guard" plants.
_PLANTED = re.compile(".{0,3}".join(("[1１一]", "[3３三]", *["[9９九]"] * 3, *["[0０零]"] * 3, "[7７七]")))


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
    [
        pytest.param(case.world, check, id=f"{case.world}-{case.name}-{check['name']}")
        for world in worlds.worlds()
        for case in worlds.cases(world)
        for check in case.checks
    ],
)
def test_case(built, world, check):
    assert worlds.ask(built(world), check["sql"], check.get("db", "snapshot")) == check["expect"]


def test_no_number_leaves_the_warehouse(built):
    """Everything under the guarded home but landing and warehouse, as a thief would read it."""
    home, found = built("guard").home, []
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.relative_to(home).parts[0] not in ("landing", "warehouse.duckdb", "tmp"):
            found += [f"{path.relative_to(home)}: {text}" for text in _texts(path) if _PLANTED.search(text)]
            found += [str(path)] if _PLANTED.search(path.name) else []
    assert found == []


def _texts(path: Path) -> list[str]:
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as con:
            tables = con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            return [
                str(row)
                for schema, table in tables
                for row in con.execute(f'select * from {schema}."{table}"').fetchall()
            ]
    if path.suffix == ".parquet":
        return [str(row) for row in duckdb.sql(f"from read_parquet('{path}')").fetchall()]
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return [book.read(name).decode("utf-8", "replace") for name in book.namelist()]
    return [path.read_bytes().decode("utf-8", "replace")]
