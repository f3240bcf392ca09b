"""Benchmarks of builds: each returns its figures and the ratios that are aimed at."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from pathlib import Path

from benchmarks import calls
from benchmarks.calls import FIRST_DAY
from benchmarks.measure import child, median, ratio, task

_ROWS_PER_FILE = 5_000_000
# A hundred agents: the windows of 30 to 90 days that reports look back on are as full with 10 million calls as with 50.
_HISTORY_CALLS_PER_DAY = 20_000


def build(folder: Path, rows: int) -> dict:
    """A whole first build against a bare read and the same compiled SQL run by one DuckDB script."""
    home = folder / "home"
    export = calls.write(calls.landing(home, FIRST_DAY), FIRST_DAY, rows)
    steps = {"load": task("load", home), "audit": task("audit", home)}
    loaded = folder / "loaded.duckdb"
    shutil.copy2(home / "warehouse.duckdb", loaded)
    steps["transform, gate, publish"] = task("build", home, "no reports")
    reports = task("build", home)
    bare = {"read": task("bare_text", export, folder / "bare.duckdb")}
    manifest = home / "dbt" / "manifest.json"
    for name, tests in (("models", "no"), ("models and tests", "yes")):
        database = folder / f"{tests}.duckdb"
        shutil.copy2(loaded, database)
        bare[name] = task("bare_models", database, manifest, tests)
        database.unlink()
    whole = sum(cost.wall for cost in steps.values())
    cpu = sum(cost.cpu for cost in steps.values())
    return {
        "rows": rows,
        "build": {name: cost.as_json() for name, cost in steps.items()},
        "bare": {name: cost.as_json() for name, cost in bare.items()},
        "build_seconds": round(whole, 1),
        "build_cpu_seconds": round(cpu, 1),
        "reports": reports.as_json(),
        "ratios": {
            "build / (bare read + models)": ratio(whole, bare["read"].wall + bare["models"].wall, aim=1.5),
            "build / (bare read + models + tests)": ratio(whole, bare["read"].wall + bare["models and tests"].wall),
            "same in CPU seconds": ratio(cpu, bare["read"].cpu + bare["models and tests"].cpu),
            "build with its first reports / (bare read + models)": ratio(
                whole + reports.wall, bare["read"].wall + bare["models"].wall
            ),
        },
    }


def history(folder: Path, millions: list[float], rounds: int) -> dict:
    """One more day of calls on top of ever longer histories; the aim is a flat cost."""
    found: dict[str, dict] = {}
    for size in millions:
        home = folder / f"home-{size:g}m"
        # It ends on the same day whatever its length, so that the days added make the same reports due.
        first, left = FIRST_DAY - dt.timedelta(days=int(size * 1e6) // _HISTORY_CALLS_PER_DAY), int(size * 1e6)
        while left > 0:
            rows = min(left, _ROWS_PER_FILE)
            calls.write(calls.landing(home, first), first, rows, _HISTORY_CALLS_PER_DAY)
            first, left = first + dt.timedelta(days=rows // _HISTORY_CALLS_PER_DAY), left - rows
        initial = task("build", home)
        # Two builds settle the pair of snapshot files and the caches; they are not counted.
        daily = []
        for number in range(rounds + 2):
            day = first + dt.timedelta(days=number)
            calls.write(calls.landing(home, day), day, _HISTORY_CALLS_PER_DAY, _HISTORY_CALLS_PER_DAY)
            daily.append(task("build", home))
        found[f"{size:g}"] = {
            "initial": initial.as_json(),
            "daily": median(daily[2:]),
            "warehouse_gb": round((home / "warehouse.duckdb").stat().st_size / 1e9, 2),
            "snapshot_gb": round((home / "published" / "dial2deal.duckdb").stat().st_size / 1e9, 2),
        }
        shutil.rmtree(home)
    base = found[f"{millions[0]:g}"]["daily"]
    ratios = {}
    for size in millions[1:]:
        for figure in ("cpu", "wall"):
            ratios[f"daily build {figure}, {size:g} / {millions[0]:g} million calls of history"] = ratio(
                found[f"{size:g}"]["daily"][figure], base[figure], aim=1.2
            )
    return {"calls_per_day": _HISTORY_CALLS_PER_DAY, "by_million_calls": found, "ratios": ratios}


def empty(folder: Path, rounds: int) -> dict:
    """A build with nothing to do, through the command line and in a process that calls the job."""
    home = folder / "home"
    calls.write(calls.landing(home, FIRST_DAY), FIRST_DAY, 2_000, per_day=1_000)
    command = [str(Path(sys.executable).with_name("dial2deal")), "build"]
    first = child(command, home)
    runs = {
        "command line": [child(command, home) for _ in range(rounds)],
        "job": [task("build", home, home=home) for _ in range(rounds)],
    }
    return {
        "first_build": first.as_json(),
        **{name: median(costs) for name, costs in runs.items()},
        "ratios": {
            f"empty build by {name}, CPU seconds / 12": ratio(median(costs)["cpu"], 12, aim=1.0)
            for name, costs in runs.items()
        },
    }
