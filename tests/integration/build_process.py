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

STEPS = ("load_landing", "audit", "dbt_models", "gate", "published__snapshot", "reports")
_TIMEOUT = 300


@dataclass(frozen=True)
class Kill:
    """Where a build was killed: ``after`` seconds into ``step``; None when it ended before that."""

    step: str
    after: float
    killed: bool


def build(home: Path) -> dict[str, float]:
    """Run a build to its end and return the seconds each step took; AssertionError with its output on failure."""
    process = start(home)
    seconds: dict[str, float] = dict.fromkeys(STEPS, 0.0)
    step, since = "start", time.monotonic()
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("STEP "):
            seconds[step] = time.monotonic() - since
            name = line.split()[1]
            step, since = next((known for known in STEPS if name.startswith(known)), name), time.monotonic()
    seconds[step] = time.monotonic() - since
    assert process.wait(timeout=_TIMEOUT) == 0, "".join(lines)
    return seconds


def kill_in(home: Path, step: str, seconds: float, chance: random.Random) -> Kill:
    """Start a build, wait until it reaches ``step``, and SIGKILL it within the next ``seconds``."""
    process = start(home)
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


def start(home: Path) -> subprocess.Popen:
    """A build that has just begun; it prints a line ``STEP <name>`` at the start of each step."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.build_process", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
        start_new_session=True,
    )


def _main(home: str) -> int:
    from dial2deal.publish import snapshot
    from dial2deal.settings import Settings
    from orchestration import console, run

    class Steps(console.Reporter):
        def say(self, text: str) -> None:
            _say(text)

        def on_step(self, step: str, state: str, detail: str = "") -> None:
            if state == "started":
                _say(f"STEP {step}")

    snapshot.SPARE_MIN_AGE_SECONDS = 0.0
    outcome = run.build(Settings(home=Path(home)), reporter=Steps(console.silent(), quiet=True))
    if not outcome.ok:
        _say("\n".join(("RED", *(problem for ran in (outcome.build, *outcome.reports) for problem in ran.problems))))
    return 0 if outcome.ok else 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
