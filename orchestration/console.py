"""What the command line shows while a run goes on: a bar or a line per step instead of Dagster's log."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dial2deal.privacy import mask_text

# (step, state, detail) with state started | at | ok | failed | skipped; detail is what a step at work says.
OnStep = Callable[[str, str, str], None]
LOGGER = "steps"
_SILENCE_SECONDS = 10
_DETAIL = 50
# What steps of ours say of their progress begins with a number; Dagster says things of its own in between.
_COUNTED = re.compile("[0-9]+ ")
_STATES = {
    dg.DagsterEventType.STEP_START: "started",
    dg.DagsterEventType.STEP_SUCCESS: "ok",
    dg.DagsterEventType.STEP_FAILURE: "failed",
    dg.DagsterEventType.STEP_SKIPPED: "skipped",
}


class _StepHandler(logging.Handler):
    def __init__(self, on_step: OnStep) -> None:
        super().__init__(logging.DEBUG)
        self._on_step = on_step

    def emit(self, record: logging.LogRecord) -> None:
        told = getattr(record, "dagster_meta", {})
        event = told.get("dagster_event")
        state = _STATES.get(event.event_type) if event else None
        if state:
            self._on_step(event.step_key, state, "")
        elif event is None and _COUNTED.match(message := str(told.get("orig_message", ""))):
            self._on_step(told["step_key"], "at", message)


def step_logger(on_step: OnStep) -> dg.LoggerDefinition:
    """A Dagster logger that prints nothing and reports each step's start and end."""

    @dg.logger
    def steps(_: Any) -> logging.Logger:
        logger = logging.Logger("dial2deal.steps", logging.DEBUG)  # noqa: LOG001 - of this run alone
        logger.addHandler(_StepHandler(on_step))
        return logger

    return steps


class Reporter:
    """Shows runs and their steps: a bar on a terminal, lines with counts and times elsewhere, nothing when quiet."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._bar: Progress | None = None
        self._task: Any = None
        self._steps, self._done, self._began, self._told = 0, 0, 0.0, 0.0

    @contextmanager
    def run(self, title: str, steps: int) -> Iterator[None]:
        """Show one run of ``steps`` steps under ``title`` while the block runs."""
        if self._quiet:
            yield
            return
        self._steps, self._done = steps, 0
        if not self._console.is_terminal:
            self._console.print(f"{title} …", markup=False, soft_wrap=True)
            yield
            return
        text = TextColumn("{task.description}", markup=False)
        with Progress(
            SpinnerColumn(), text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=self._console
        ) as bar:
            self._bar, self._task = bar, bar.add_task(title, total=steps)
            try:
                yield
            finally:
                bar.update(self._task, description=title)
                self._bar = None

    def say(self, text: str) -> None:
        """One line that stays; nothing when quiet."""
        if not self._quiet:
            self._console.print(text, markup=False, soft_wrap=True)

    def on_step(self, step: str, state: str, detail: str = "") -> None:
        """Move the bar; a failed or skipped step is printed in every mode but quiet."""
        if self._bar is not None:
            if state in ("started", "at"):
                self._bar.update(self._task, description=_short(_label(step), detail))
            else:
                self._bar.advance(self._task)
        elif not self._quiet:
            self._line(step, state, detail)
        if state in ("failed", "skipped") and not self._quiet:
            self._console.print(f"  {_label(step)}: {state}", style="red" if state == "failed" else "yellow")

    def _line(self, step: str, state: str, detail: str) -> None:
        """Where no bar can move: a line at the end of each step, and now and then one of what a long step is at."""
        now = time.monotonic()
        if state == "started":
            self._began = self._told = now
            return
        if state == "at":
            if now - self._told >= _SILENCE_SECONDS:
                self._told = now
                self._console.print(
                    f"  … {_short(_label(step), detail)}, {now - self._began:.0f} s", markup=False, soft_wrap=True
                )
            return
        self._done += 1
        if state == "ok":
            self._console.print(
                f"  {self._done}/{self._steps} {_label(step)}, {time.monotonic() - self._began:.0f} s",
                markup=False,
                soft_wrap=True,
            )


def quiet() -> Reporter:
    """A reporter that shows nothing."""
    return Reporter(silent(), quiet=True)


def silent() -> Console:
    """A console that prints nothing."""
    return Console(quiet=True)


def run_config(config: Mapping[str, Any] | None) -> dict[str, Any]:
    """``config`` with Dagster's own console output replaced by `step_logger`."""
    return {**(config or {}), "loggers": {LOGGER: {}}}


def _short(step: str, detail: str) -> str:
    return f"{step}: {mask_text(detail)[:_DETAIL]}" if detail else step


def _label(step: str) -> str:
    return step.replace("__", "/").replace("_", " ")
