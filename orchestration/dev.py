"""The UI and the daemon of an installation as one program: it ends both when it ends or when one of them does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from dial2deal.settings import PROJECT_ROOT, Settings
from orchestration.instance import environment, write_config

_END_SECONDS = 15
_PORTS_TRIED = 20


class PortTakenError(RuntimeError):
    """No free port at or near the wanted one."""


def free_port(host: str, wanted: int) -> int:
    """``wanted`` (a TCP port), or the next one that is free; PortTakenError when there is none near."""
    for port in range(wanted, wanted + _PORTS_TRIED):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((host, port))
            except OSError:
                continue
            return port
    raise PortTakenError(f"ports {wanted} to {wanted + _PORTS_TRIED - 1} of {host} are taken; name one with --port")


def serve(settings: Settings, host: str, port: int, *, read_only: bool = False) -> int:
    """Run web server and daemon until one of them ends or SIGINT or SIGTERM comes; returns the exit code.

    ``read_only``: no daemon, and a page that can start and stop nothing.
    """
    write_config(settings)
    programs = Path(sys.executable).parent  # Dagster's processes look for further programs beside this interpreter
    path = os.pathsep.join([str(programs), os.environ.get("PATH", "")])
    levels = ["--code-server-log-level", "warning"]
    commands = [
        [
            sys.executable,
            "-m",
            "orchestration.webserver",
            "-h",
            host,
            "-p",
            str(port),
            "--dagster-log-level",
            "warning",
            *levels,
        ],
        [str(programs / "dagster-daemon"), "run", "--log-level", "warning", *levels],
    ]
    if read_only:
        commands = [[*commands[0], "--read-only"]]
    started = [
        subprocess.Popen(
            [*command, "-w", "workspace.yaml"],
            cwd=PROJECT_ROOT,
            start_new_session=True,
            env={**os.environ, **environment(settings), "PATH": path},
        )
        for command in commands
    ]
    asked: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: asked.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        while not asked and all(process.poll() is None for process in started):
            time.sleep(0.2)
    finally:
        _end(started)
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0 if asked else 1


def _end(processes: list[subprocess.Popen[Any]]) -> None:
    """SIGTERM to each with its children (the code server and runs among them), SIGKILL to what is left."""
    for number, seconds in ((signal.SIGTERM, _END_SECONDS), (signal.SIGKILL, 1)):
        deadline = time.monotonic() + seconds
        for process in processes:
            _signal(process, number)
        while any(_alive(process) for process in processes) and time.monotonic() < deadline:
            time.sleep(0.1)


def _alive(process: subprocess.Popen[Any]) -> bool:
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _signal(process: subprocess.Popen[Any], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
