"""Command line of the benchmarks: ``python -m benchmarks [--quick] [--only load,build,history,empty]``."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import tempfile
from pathlib import Path

from benchmarks import suites
from benchmarks.measure import ROOT, machine

_RESULTS = ROOT / "benchmarks" / "results"


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
    parser.add_argument("--only", default="load,build,history,empty")
    parser.add_argument("--load-rows", type=int, default=_size("LOAD_ROWS", 200_000 if small else 5_000_000))
    parser.add_argument("--build-rows", type=int, default=_size("BUILD_ROWS", 200_000 if small else 5_000_000))
    parser.add_argument("--history", default=os.environ.get("BENCH_HISTORY", "0.2,0.6" if small else "1,10,50"),
                        help="million calls, comma-separated")
    parser.add_argument("--rounds", type=int, default=_size("ROUNDS", 1 if small else 3))
    parser.add_argument("--folder", default=os.environ.get("BENCH_FOLDER"),
                        help="where to work; 50 million calls need about 60 GB")
    parser.add_argument("--name", default="quick" if small else "full", help="file name of the results")
    return parser.parse_args()


def _size(name: str, default: int) -> int:
    return int(os.environ.get(f"BENCH_{name}", default))


def _run(name: str, folder: Path, options: argparse.Namespace) -> dict:
    if name == "load":
        return suites.load(folder, options.load_rows, options.rounds)
    if name == "build":
        return suites.build(folder, options.build_rows)
    if name == "history":
        return suites.history(folder, [float(size) for size in options.history.split(",")], options.rounds)
    if name == "empty":
        return suites.empty(folder, options.rounds)
    raise SystemExit(f"--only {name}: choose from load, build, history, empty")


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
