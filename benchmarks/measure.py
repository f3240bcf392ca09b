"""Run a command as a child and say what it cost: wall and CPU seconds, peak memory. Describe the machine."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class ChildFailedError(RuntimeError):
    """A measured command did not succeed; the message ends with its last lines."""


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock and CPU (the child and all it started), peak resident memory in MB."""

    wall: float
    cpu: float
    peak_mb: float
    said: dict

    def as_json(self) -> dict:
        return asdict(self)


def child(command: Sequence[str], home: Path | None = None) -> Cost:
    """Run ``command`` to its end; its last line may be a JSON object, which comes back as ``said``."""
    environment = {**os.environ, **({"DIAL2DEAL_HOME": str(home)} if home else {})}
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=environment
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    if process.returncode != 0:
        raise ChildFailedError(f"{' '.join(command)} ended with {process.returncode}:\n{output[-3000:]}")
    lines = output.strip().splitlines()
    said = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    print(f"  {wall:7.1f} s  {usage.ru_utime + usage.ru_stime:7.1f} s CPU  {' '.join(command[-3:])}", flush=True)
    return Cost(round(wall, 2), round(usage.ru_utime + usage.ru_stime, 2), round(usage.ru_maxrss / 1024, 1), said)


def task(name: str, *arguments: object, home: Path | None = None) -> Cost:
    """Cost of one function of `benchmarks.tasks` in a process of its own."""
    return child([sys.executable, "-m", "benchmarks.tasks", name, *map(str, arguments)], home)


def median(costs: Sequence[Cost]) -> dict:
    """Median of each figure over several runs, with the single runs."""
    return {
        "wall": round(statistics.median(c.wall for c in costs), 2),
        "cpu": round(statistics.median(c.cpu for c in costs), 2),
        "peak_mb": round(max(c.peak_mb for c in costs), 1),
        "runs": [c.as_json() for c in costs],
    }


def ratio(value: float, reference: float, aim: float | None = None) -> dict:
    """``value`` as a multiple of ``reference``, and the most that it should be."""
    return {"ratio": round(value / reference, 2), "aim": aim}


def machine() -> dict:
    """What the figures were measured on."""
    memory = Path("/proc/meminfo")
    cpu = Path("/proc/cpuinfo")
    models = (
        [line.split(":", 1)[1].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")]
        if cpu.exists()
        else []
    )
    return {
        "cores": os.cpu_count(),
        "cpu": models[0] if models else platform.processor(),
        "memory_gb": round(int(memory.read_text().split()[1]) / 1e6, 1) if memory.exists() else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average": os.getloadavg(),
        **{name: version(name) for name in ("duckdb", "dbt-core", "dagster", "great-expectations")},
    }
