"""Command line of the benchmarks: ``python -m benchmarks [--quick] [--only load,gb18030]``."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import comparison, loading, suites
from benchmarks.measure import ROOT, machine

_RESULTS = ROOT / "benchmarks" / "results"
_SUITES: dict[str, Callable[[Path, argparse.Namespace], dict]] = {
    "load": lambda folder, o: loading.load(folder, o.load_rows, o.rounds),
    "gb18030": lambda folder, o: loading.gb18030(folder, o.load_rows, o.rounds),
    "xlsx": lambda folder, o: loading.xlsx(folder, o.xlsx_rows, o.rounds),
    "small_files": lambda folder, o: loading.small_files(folder, o.small_files, o.rounds),
    "memory": lambda folder, o: loading.memory(folder, o.memory_rows),
    "build": lambda folder, o: suites.build(folder, o.build_rows),
    "history": lambda folder, o: suites.history(folder, [float(size) for size in o.history.split(",")], o.rounds),
    "peers": lambda folder, o: comparison.peers(folder, o.build_rows, o.rounds),
    "empty": lambda folder, o: suites.empty(folder, o.rounds),
}


def main() -> None:
    """Run the chosen benchmarks, print their ratios, write them to benchmarks/results/."""
    options = _options()
    found = {"machine": machine(), "options": vars(options), "started_at": dt.datetime.now(dt.UTC).isoformat()}
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-", dir=options.folder) as folder:
            found[name] = _run(name, Path(folder), options)
        print(f"\n{name}")
        for what, ratio in found[name]["ratios"].items():
            aim = f"  (aim: at most {ratio['aim']})" if ratio["aim"] else ""
            print(f"  {what}: {ratio['ratio']}{aim}")
        _write(found, options)
    print(f"\npeak memory, MB: {json.dumps(_peaks(found))}\nwritten: {_write(found, options)}")


def _options() -> argparse.Namespace:
    quick = argparse.ArgumentParser(add_help=False)
    quick.add_argument("--quick", action="store_true", help="small sizes: shows that it runs, not how it scales")
    small = quick.parse_known_args()[0].quick
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, parents=[quick])
    parser.add_argument("--only", default=",".join(_SUITES))
    parser.add_argument("--load-rows", type=int, default=_size("LOAD_ROWS", 200_000 if small else 5_000_000))
    parser.add_argument(
        "--small-files",
        type=int,
        default=_size("SMALL_FILES", 100 if small else 1_000),
        help="files of a thousand calls each",
    )
    parser.add_argument("--xlsx-rows", type=int, default=_size("XLSX_ROWS", 20_000 if small else 500_000))
    parser.add_argument(
        "--memory-rows",
        type=int,
        default=_size("MEMORY_ROWS", 1_000_000 if small else 11_000_000),
        help="11 million calls are 2 GB",
    )
    parser.add_argument("--build-rows", type=int, default=_size("BUILD_ROWS", 200_000 if small else 5_000_000))
    parser.add_argument(
        "--history",
        default=os.environ.get("BENCH_HISTORY", "0.2,0.6" if small else "1,10,50"),
        help="million calls, comma-separated",
    )
    parser.add_argument("--rounds", type=int, default=_size("ROUNDS", 1 if small else 3))
    parser.add_argument(
        "--folder", default=os.environ.get("BENCH_FOLDER"), help="where to work; 50 million calls need about 60 GB"
    )
    parser.add_argument("--name", default="quick" if small else "full", help="file name of the results")
    return parser.parse_args()


def _size(name: str, default: int) -> int:
    return int(os.environ.get(f"BENCH_{name}", default))


def _run(name: str, folder: Path, options: argparse.Namespace) -> dict:
    if name not in _SUITES:
        raise SystemExit(f"--only {name}: choose from {', '.join(_SUITES)}")
    return _SUITES[name](folder, options)


def _peaks(found: dict) -> dict[str, float]:
    """Largest peak memory of any process of each benchmark."""

    def peaks(value: object) -> list[float]:
        if isinstance(value, dict):
            own = [value["peak_mb"]] if "peak_mb" in value else []
            return own + [peak for inner in value.values() for peak in peaks(inner)]
        if isinstance(value, list):
            return [peak for inner in value for peak in peaks(inner)]
        return []

    return {name: max(peaks(value)) for name, value in found.items() if peaks(value)}


def _write(found: dict, options: argparse.Namespace) -> Path:
    _RESULTS.mkdir(parents=True, exist_ok=True)
    path = _RESULTS / f"{options.name}.json"
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
