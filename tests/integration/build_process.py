"""One build in a process of its own that says which step it is at, so that a test can kill it there.

Run as ``python -m tests.integration.build_process HOME``.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

STEPS = ("load", "audit", "transform", "gate", "publish", "reports")
_TIMEOUT = 300


@dataclass(frozen=True)
class Kill:
    """Where a build was killed: ``after`` seconds into ``step``; None when it ended before that."""

    step: str
    after: float
    killed: bool


def build(home: Path) -> dict[str, float]:
    """Run a build to its end and return the seconds each step took; AssertionError with its output on failure."""
    process = _start(home)
    seconds: dict[str, float] = {}
    step, since = "start", time.monotonic()
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("STEP "):
            seconds[step] = time.monotonic() - since
            step, since = line.split()[1], time.monotonic()
    seconds[step] = time.monotonic() - since
    assert process.wait(timeout=_TIMEOUT) == 0, "".join(lines)
    return seconds


def kill_in(home: Path, step: str, seconds: float, chance: random.Random) -> Kill:
    """Start a build, wait until it reaches ``step``, and SIGKILL it within the next ``seconds``."""
    process = _start(home)
    after = chance.uniform(0, seconds)
    reached = any(line.startswith(f"STEP {step}") for line in process.stdout)
    if reached:
        time.sleep(after)
    killed = process.poll() is None
    if killed:
        os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.wait(timeout=_TIMEOUT)
    return Kill(step, round(after, 3), killed)


def _start(home: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.build_process", str(home)], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, cwd=Path(__file__).resolve().parents[2], start_new_session=True)


def _main(home: str) -> int:
    from dial2deal import pipeline
    from dial2deal.settings import Settings

    result = pipeline.run_build(Settings(home=Path(home)), spare_min_age=0.0,
                                on_progress=lambda step: _say(f"STEP {step}"))
    if not result.ok:
        _say("\n".join(("RED", *result.verdict.reasons)))
    return 0 if result.ok else 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
