"""Command line of the fuzz run: ``python -m fuzz [--files 100000] [--seed 1] [--processes 2]``.

Every file is made from its number and the seed alone, so a finding comes back with the same arguments.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from fuzz import minimise, seeds, worker

_HANG_SECONDS = 600
_POLL_SECONDS = 2


@dataclass
class _Process:
    """A worker and the numbers it has still to do."""

    folder: Path
    first: int
    end: int
    child: subprocess.Popen
    seen: tuple[str, float]


def main() -> None:
    """Run, report, and leave what was found below ``--findings``; exit code 1 when anything was."""
    options = _options()
    shutil.rmtree(options.findings, ignore_errors=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=options.folder) as folder:
        work = Path(folder)
        found = seeds.collect()
        (work / "seeds.pickle").write_bytes(pickle.dumps(found))
        print(f"{len(found)} files to start from, {options.files} to make of them, seed {options.seed}", flush=True)
        share = -(-options.files // options.processes)
        processes = [
            _start(work / str(n), options.seed, n * share, min(options.files, (n + 1) * share))
            for n in range(options.processes)
        ]
        lost = _watch(processes, options.seed)
        statuses = _collect(processes, options.findings)
    for numbers, why in lost:
        _replay(found, options, numbers, why)
    minimise.all_below(options.findings)
    wrong = sorted(options.findings.rglob("*.why.txt"))
    print(
        f"{sum(statuses.values())} files in {time.monotonic() - began:.0f} s: {json.dumps(statuses)}; "
        f"{len(wrong)} findings" + (f" in {options.findings}" if wrong else "")
    )
    raise SystemExit(1 if wrong else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=int(os.environ.get("FUZZ_FILES", 100_000)))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("FUZZ_SEED", 1)))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--folder",
        default="/dev/shm" if os.path.isdir("/dev/shm") else None,
        help="where to work; in memory where there is such a place",
    )
    parser.add_argument("--findings", type=Path, default=Path("build") / "fuzz")
    return parser.parse_args()


def _start(folder: Path, seed: int, first: int, end: int) -> _Process:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "fuzz.worker", str(folder), *map(str, (seed, first, end - first))]
    with (folder / "log").open("ab") as log:
        child = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    return _Process(folder, first, end, child, ("", time.monotonic()))


def _watch(processes: list[_Process], seed: int) -> list[tuple[range, str]]:
    """Wait for all; a round in which a worker died or stood still is lost, and the worker goes on behind it."""
    lost: list[tuple[range, str]] = []
    told = time.monotonic()
    while any(p.child.poll() is None or p.child.returncode for p in processes):
        time.sleep(_POLL_SECONDS)
        for n, process in enumerate(processes):
            heartbeat = process.folder / "heartbeat"
            beat = heartbeat.read_text() if heartbeat.exists() else ""
            if beat != process.seen[0]:
                process.seen = (beat, time.monotonic())
            stuck = process.child.poll() is None and time.monotonic() - process.seen[1] > _HANG_SECONDS
            if stuck:
                process.child.kill()
                process.child.wait()
            if process.child.poll():
                numbers = range(*json.loads(beat)) if beat else range(process.first, process.first + worker.ROUND)
                why = "hangs" if stuck else f"ends the process with {process.child.returncode}"
                print(
                    f"files {numbers.start} to {numbers.stop}: one of them {why}\n"
                    + (process.folder / "log").read_text(errors="replace")[-2000:],
                    flush=True,
                )
                lost.append((numbers, why))
                processes[n] = _start(process.folder, seed, numbers.stop, process.end)
        if time.monotonic() - told > 60:
            told = time.monotonic()
            print(
                "  ".join(
                    (p.folder / "progress.json").read_text() for p in processes if (p.folder / "progress.json").exists()
                ),
                flush=True,
            )
    return lost


def _collect(processes: list[_Process], findings: Path) -> dict[str, int]:
    statuses: dict[str, int] = {}
    for process in processes:
        for line in (process.folder / "done.jsonl").read_text().splitlines():
            for status, count in json.loads(line).items():
                statuses[status] = statuses.get(status, 0) + count
        if (process.folder / "findings").exists():
            shutil.copytree(process.folder / "findings", findings, dirs_exist_ok=True)
    return statuses


def _replay(found: list[seeds.Seed], options: argparse.Namespace, numbers: range, why: str) -> None:
    """Find the file of a lost round by loading each alone in a process of its own."""
    for path, content in worker.files_of(found, options.seed, numbers).items():
        outcome = minimise.outcome(path, content)
        if outcome:
            worker.save(options.findings, path, content, [f"{why}: {outcome}"])


if __name__ == "__main__":
    main()
