"""One run at a time works on an installation, and a run that died leaves nothing behind that stops the next one.

A lock of the kernel instead of a Dagster pool: a pool's slot of a killed run stays taken for ever.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg

from dial2deal.settings import Settings
from orchestration import alerts

# Named by every step that opens the warehouse.
LOCK = "warehouse_lock"
PROCESS_TAG = "dial2deal/process"
_POLL_SECONDS = 0.2
# NOT_STARTED too: a kill may fall between a run's creation and its first event.
_UNENDED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
# How often this process holds each file: a command holds it around its runs, and each of those once more.
_held: dict[Path, int] = {}


def resource(settings: Settings) -> dg.ResourceDefinition:
    """Held from a run's first step to its last; says in the run's log for whom it waits."""

    @dg.resource(description="One run at a time works on the warehouse; freed when its process ends, however it ends.")
    def warehouse_lock(context: dg.InitResourceContext) -> Iterator[None]:
        context.instance.add_run_tags(context.run_id, process_tag(context.run_id))
        with held(settings, f"run {context.run_id[:8]}", context.log.info, waiting=_ended_by_signals):
            fail_dead_runs(context.instance, settings)
            yield None

    return warehouse_lock


@contextmanager
def held(
    settings: Settings,
    what: str,
    on_wait: Callable[[str], None],
    waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Iterator[None]:
    """Hold the installation's lock; ``on_wait`` is told once whom it waits for, within the context ``waiting``.

    ``what``: how others name the holder while they wait.
    """
    file = path(settings)
    if _held.get(file):
        _held[file] += 1
        try:
            yield
        finally:
            _held[file] -= 1
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        with waiting():
            _wait(handle, on_wait)
        note = {"what": what, "process": os.getpid(), "since": f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"}
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(note).encode(), 0)
        _held[file] = 1
        try:
            yield
        finally:
            _held[file] = 0
    finally:
        os.close(handle)


def path(settings: Settings) -> Path:
    """The file whose kernel lock says that somebody is at work; what it says is for people only."""
    return settings.dagster_home / "run.lock"


def process_tag(run_id: str) -> dict[str, str]:
    """Run tag that names the process of a run. A retry inherits its run's tags, so it names the run as well."""
    return {PROCESS_TAG: f"{run_id} {process(os.getpid())}"}


def fail_dead_runs(instance: dg.DagsterInstance, settings: Settings) -> list[str]:
    """Mark runs as failed, with an alert, whose process is gone; returns their ids. Runs that wait are left alone."""
    dead = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNENDED)):
        owner, _, kept = run.tags.get(PROCESS_TAG, "").partition(" ")
        if owner != run.run_id or process(int(kept.partition("@")[0])) == kept:
            continue
        message = (
            "The process of this run ended before its work did: killed, out of memory, or the machine went off. "
            "The next build does what it left undone."
        )
        alerts.write(settings, run, kind="run_failed", step=None, message=message)
        instance.report_run_failed(run, message)
        dead.append(run.run_id)
    return dead


def process(pid: int) -> str:
    """``pid@start@boot``: names one process for ever, where the system tells (Linux); a zombie counts as gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"{pid}@gone" if Path("/proc/self").exists() or not _exists(pid) else f"{pid}@there"
    return f"{pid}@gone" if fields[0] == "Z" else f"{pid}@{fields[19]}@{boot}"


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _wait(handle: int, on_wait: Callable[[str], None]) -> None:
    said = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not said:
                on_wait(
                    f"Waiting for {_holder(handle)} to finish; one at a time works on this installation. "
                    "Stop waiting with Ctrl-C."
                )
                said = True
            time.sleep(_POLL_SECONDS)


def _holder(handle: int) -> str:
    try:
        note = json.loads(os.pread(handle, 1000, 0))
        return f"{note['what']} (process {note['process']}, at work since {note['since']})"
    except (ValueError, KeyError, TypeError):
        return "another run"


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Inside a run Dagster only notes SIGINT and SIGTERM and looks at them between steps; waiting must end at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: Any) -> None:
        raise dg.DagsterExecutionInterruptedError

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
