"""The product beside what users would pick instead: the same files, the same five outputs, control sums compared."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import duckdb

from benchmarks import calls, sales
from benchmarks.calls import FIRST_DAY
from benchmarks.measure import Cost, child, median, ratio, task
from benchmarks.peers.postgres_script import programs

_CALLS_PER_DAY = 20_000
# Contender: its script's arguments after landing and folder, the library that it needs.
_PEERS = {
    "duckdb, tables": ("duckdb_script", [], "duckdb"),
    "duckdb, views": ("duckdb_script", ["views"], "duckdb"),
    "polars": ("polars_script", [], "polars"),
    "pandas": ("pandas_script", [], "pandas"),
    "chdb": ("chdb_script", [], "chdb"),
    "postgresql": ("postgres_script", [], None),
}
_AIMS = {"postgresql": 2.0, "duckdb, tables": 2.4}
# What the product's own tables say under the peers' definitions; its funnel chains stages and differs by definition.
_OWN_SUMS = """
    select count(*), sum(talk_seconds) filter (where is_connected), count(lead_key), sum(attempt_number)
    from marts.fct_calls
"""


class DisagreementError(RuntimeError):
    """Contenders got different outputs from the same files: their costs cannot be compared."""


def peers(folder: Path, rows: int, rounds: int) -> dict:
    """First build without reports against each peer that is installed, all in turn in every round."""
    delivered = folder / "delivered"
    calls.write(calls.landing(delivered, FIRST_DAY), FIRST_DAY, rows, _CALLS_PER_DAY)
    sales.write(delivered / "landing", FIRST_DAY, rows, _CALLS_PER_DAY)
    there = {name: peer for name, peer in _PEERS.items() if _is_installed(*peer)}
    for name in sorted(_PEERS.keys() - there.keys()):
        print(f"  {name}: not installed (pip install 'dial2deal[bench]', or a PostgreSQL server)")
    costs: dict[str, list[Cost]] = {name: [] for name in ("dial2deal", *there)}
    for number in range(rounds):
        home = folder / f"home-{number}"
        shutil.copytree(delivered, home)
        costs["dial2deal"].append(task("build", home, "no reports"))
        own = _own_sums(home)
        shutil.rmtree(home)
        for name, (script, more, _) in there.items():
            place = folder / "peer"
            place.mkdir()
            command = [
                sys.executable,
                "-m",
                f"benchmarks.peers.{script}",
                str(delivered / "landing"),
                str(place),
                *more,
            ]
            costs[name].append(child(command))
            shutil.rmtree(place)
        _compare(own, {name: costs[name][-1].said for name in there})
    medians = {name: median(runs) for name, runs in costs.items()}
    ratios = {}
    for name in there:
        for figure in ("cpu", "wall"):
            aim = _AIMS.get(name) if figure == "cpu" else None
            ratios[f"first build / {name}, {figure}"] = ratio(medians["dial2deal"][figure], medians[name][figure], aim)
    return {"rows": rows, "calls_per_day": _CALLS_PER_DAY, "contenders": medians, "ratios": ratios}


def _is_installed(script: str, _: list[str], library: str | None) -> bool:
    return programs() is not None if library is None else importlib.util.find_spec(library) is not None


def _own_sums(home: Path) -> list[int]:
    with duckdb.connect(str(home / "published" / "dial2deal.duckdb"), read_only=True) as con:
        return [int(value) for value in con.execute(_OWN_SUMS).fetchone()]


def _compare(own: list[int], sums: dict[str, dict[str, list[int]]]) -> None:
    """Raises DisagreementError unless all contenders say the same."""
    for name, found in sums.items():
        if found != next(iter(sums.values())):
            raise DisagreementError(f"{name} says {found}, {next(iter(sums))} {next(iter(sums.values()))}")
        if found["fct_calls"] != own:
            raise DisagreementError(f"{name} says of calls {found['fct_calls']}, dial2deal {own}")
