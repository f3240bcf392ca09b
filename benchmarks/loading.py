"""Benchmarks of loading: clean text, another encoding, workbooks, many small files, memory."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks import calls
from benchmarks.calls import FIRST_DAY
from benchmarks.measure import Cost, median, ratio, task

_SMALL_ROWS = 1_000
_PIECE = 8 << 20


def load(folder: Path, rows: int, rounds: int) -> dict:
    """Loading one export with provenance, quarantine and manifest against DuckDB's bare read of the same bytes."""
    export = calls.write(folder / "calls.csv", FIRST_DAY, rows)
    runs = _alternate(
        rounds,
        {
            "bare_text": lambda: _bare("bare_text", export, folder / "bare.duckdb"),
            "bare_typed": lambda: _bare("bare_typed", export, folder / "bare.duckdb"),
            "load": lambda: _loaded(folder, [export]),
        },
    )
    best = _best(runs["load"])
    return {
        "rows": rows,
        "megabytes": round(export.stat().st_size / 1e6),
        **_medians(runs),
        "ratios": {
            "load / bare text read": ratio(best, _best(runs["bare_text"]), aim=1.5),
            "load / bare typed read": ratio(best, _best(runs["bare_typed"])),
        },
    }


def gb18030(folder: Path, rows: int, rounds: int) -> dict:
    """Loading a GB18030 export against DuckDB's bare read of the same text in UTF-8."""
    export = calls.write(folder / "calls.csv", FIRST_DAY, rows)
    encoded = _encoded(export, folder / "gb18030.csv")
    runs = _alternate(
        rounds,
        {
            "bare_text": lambda: _bare("bare_text", export, folder / "bare.duckdb"),
            "load": lambda: _loaded(folder, [encoded]),
        },
    )
    return {
        "rows": rows,
        "megabytes": round(encoded.stat().st_size / 1e6),
        **_medians(runs),
        "ratios": {
            "load of GB18030 / bare read of the same as UTF-8": ratio(
                _best(runs["load"]), _best(runs["bare_text"]), aim=1.8
            )
        },
    }


def xlsx(folder: Path, rows: int, rounds: int) -> dict:
    """Loading a workbook against python-calamine going over its rows. The ratio is that of the times."""
    export = calls.write(folder / "calls.csv", FIRST_DAY, rows)
    workbook = folder / "calls.xlsx"
    task("workbook", export, workbook)
    runs = _alternate(
        rounds, {"calamine": lambda: task("calamine", workbook), "load": lambda: _loaded(folder, [workbook])}
    )
    return {
        "rows": rows,
        "megabytes": round(workbook.stat().st_size / 1e6),
        **_medians(runs),
        "ratios": {
            "load of xlsx / python-calamine alone": ratio(
                _best(runs["load"]), _best(runs["calamine"]), aim=round(1 / 0.6, 2)
            )
        },
    }


def small_files(folder: Path, files: int, rounds: int) -> dict:
    """Loading many files of a thousand calls against the same calls in one file."""
    export = calls.write(folder / "calls.csv", FIRST_DAY, files * _SMALL_ROWS)
    parts = _split(export, folder / "parts")
    runs = _alternate(rounds, {"one": lambda: _loaded(folder, [export]), "many": lambda: _loaded(folder, parts)})
    return {
        "files": files,
        "rows_per_file": _SMALL_ROWS,
        **_medians(runs),
        "ratios": {f"{files} files / the same rows in one": ratio(_best(runs["many"]), _best(runs["one"]), aim=3)},
    }


def memory(folder: Path, rows: int) -> dict:
    """Peak memory of loading an export and one of a tenth of its size, in UTF-8 and in GB18030."""
    small = calls.write(folder / "small.csv", FIRST_DAY, rows // 10)
    large = calls.write(folder / "large.csv", FIRST_DAY, rows)
    costs = {}
    for name, export in (("small", small), ("large", large)):
        costs[name] = _loaded(folder, [export])
        encoded = _encoded(export, folder / "gb18030.csv")
        costs[f"{name} gb18030"] = _loaded(folder, [encoded])
    limit = 2_000  # MB, whatever the size of the file
    return {
        "rows": rows,
        "megabytes": round(large.stat().st_size / 1e6),
        **{name: cost.as_json() for name, cost in costs.items()},
        "ratios": {
            f"peak memory of {name}, MB / {limit}": ratio(cost.peak_mb, limit, aim=1.0) for name, cost in costs.items()
        },
    }


def _loaded(folder: Path, exports: list[Path]) -> Cost:
    """Cost of loading ``exports`` into a warehouse that has its tables and nothing else."""
    empty, home = folder / "empty", folder / "home"
    if not empty.exists():
        (empty / "landing").mkdir(parents=True)
        task("load", empty)
    shutil.copytree(empty, home)
    target = calls.landing(home, FIRST_DAY).parent
    target.mkdir(parents=True)
    for export in exports:
        (target / export.name).hardlink_to(export)
    cost = task("load", home)
    shutil.rmtree(home)
    return cost


def _bare(name: str, export: Path, database: Path) -> Cost:
    cost = task(name, export, database)
    database.unlink()
    return cost


def _alternate(rounds: int, contenders: dict[str, Callable[[], Cost]]) -> dict[str, list[Cost]]:
    """One after the other, round by round, so that a busy machine is busy for all of them."""
    runs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            runs[name].append(contender())
    return runs


def _medians(runs: dict[str, list[Cost]]) -> dict:
    return {name: median(costs) for name, costs in runs.items()}


def _best(costs: list[Cost]) -> float:
    return min(cost.said["seconds"] for cost in costs)


def _encoded(export: Path, target: Path) -> Path:
    with export.open(encoding="utf-8", newline="") as source, target.open("w", encoding="gb18030", newline="") as sink:
        while piece := source.read(_PIECE):
            sink.write(piece)
    return target


def _split(export: Path, folder: Path) -> list[Path]:
    folder.mkdir()
    parts: list[Path] = []
    with export.open("rb") as source:
        header = source.readline()
        while lines := [line for _, line in zip(range(_SMALL_ROWS), source, strict=False)]:
            parts.append(folder / f"part{len(parts):05d}.csv")
            parts[-1].write_bytes(header + b"".join(lines))
    return parts
