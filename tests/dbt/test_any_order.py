"""Whatever the order and grouping of deliveries, the tables are those of one build over everything."""

from __future__ import annotations

import csv
import datetime as dt
import os
import random
from pathlib import Path

import duckdb
import pytest

from dial2deal.settings import Settings
from orchestration import run
from tests.dbt import random_company

# Short, so that leads expire within the company's few weeks.
SHORT_LOOKBACK = "settings:\n  - {key: attribution.lookback_days, value: 8, unit: days, description: Short for tests}\n"
_BUILT = ("staging", "quality", "core", "marts")
_MAY_DIFFER = ("loaded_at",)  # when a row was read


def company(home: Path) -> Settings:
    settings = Settings(home=home).ensure()
    (home / "secret.key").write_text(f"{'0' * 64}\n", encoding="ascii")
    (home / "policy").mkdir(exist_ok=True)
    (home / "policy" / "settings.yml").write_text(SHORT_LOOKBACK, encoding="utf-8")
    return settings


def build(settings: Settings, files: list[random_company.File]) -> None:
    """Lay the files into landing as of their time of delivery, then what `dial2deal build` does."""
    for file in files:
        at = dt.datetime.fromisoformat(file.at)
        path = settings.landing / file.source / file.feed / f"{at:%Y%m%d}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(dict.fromkeys(name for row in file.rows for name in row)))
            writer.writeheader()
            writer.writerows(file.rows)
        os.utime(path, (at.timestamp(), at.timestamp()))
    assert run.build(settings, reports=False).build.problems == []


def tables(settings: Settings) -> dict[str, list[tuple]]:
    """All rows of every built table, sorted."""
    found = {}
    with duckdb.connect(str(settings.warehouse), read_only=True) as con:
        for schema, table in con.execute(
            "select schema_name, table_name from duckdb_tables() where list_contains(?, schema_name) order by all",
            [list(_BUILT)],
        ).fetchall():
            columns = [
                f'"{name}"'
                for (name,) in con.execute(
                    "select column_name from duckdb_columns() where schema_name = ? and table_name = ? "
                    "and not list_contains(?, column_name) order by column_name",
                    [schema, table, list(_MAY_DIFFER)],
                ).fetchall()
            ]
            found[f"{schema}.{table}"] = con.execute(
                f'select {", ".join(columns)} from {schema}."{table}" order by all'
            ).fetchall()
    return found


def differences(one: dict, other: dict) -> list[str]:
    assert one.keys() == other.keys()
    found = []
    for name in one:
        here = [row for row in one[name] if row not in other[name]]
        there = [row for row in other[name] if row not in one[name]]
        if one[name] != other[name]:
            found.append(f"{name}: {len(one[name])} and {len(other[name])} rows; {here[:2]} became {there[:2]}")
    return found


@pytest.mark.parametrize("seed", [3, pytest.param(8, marks=pytest.mark.slow)])
def test_increments_in_any_order_equal_one_full_build(tmp_path, seed):
    files = random_company.files(seed)
    whole, pieces = company(tmp_path / "whole"), company(tmp_path / "pieces")
    build(whole, files)
    expected = tables(whole)
    assert all(expected[f"marts.fct_{name}"] for name in ("calls", "leads", "orders", "lead_events", "costs"))
    with duckdb.connect(str(whole.snapshot), read_only=True) as con:
        statuses = dict(con.execute("select status, count(*) from ops.export_files group by all").fetchall())
    assert statuses == {"accepted": len(files) - 1, "held": 1}

    shuffled = files[:]
    random.Random(seed).shuffle(shuffled)
    for part in (shuffled[:6], shuffled[6:12], shuffled[12:]):
        build(pieces, part)
    assert differences(expected, tables(pieces)) == []
