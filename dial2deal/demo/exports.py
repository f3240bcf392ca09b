"""Writing the whole demo: landing files, policy override and the truth about them."""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
import shutil
from pathlib import Path
from typing import Any

from dial2deal.demo.calls import Call
from dial2deal.demo.delivery import FileTruth, Landing
from dial2deal.demo.scenario import BUSINESS_LINES, DEFAULT_END_DATE, DEFAULT_SEED
from dial2deal.demo.truth import CallTruth, crm_truth, planted_truth
from dial2deal.demo.vendor_400 import (
    CallFile,
    Renderer,
    write_agents,
    write_own_numbers,
    write_unreadable,
    write_wrong_columns,
)
from dial2deal.demo.vendor_crm import CrmExports
from dial2deal.demo.vendor_statistics import StatisticsExports
from dial2deal.demo.world import World
from dial2deal.settings import Settings

MIN_DAYS, MIN_CALLS_PER_DAY = 28, 60
_DAMAGED_FILES = (1, 2)
_STRETCHED_CALLS, _STRETCH_SECONDS = 40, 300


class DemoError(ValueError):
    """The demo cannot be written as asked; the message says what to change."""


def write_exports(
    settings: Settings,
    *,
    days: int = 120,
    calls_per_day: int = 1500,
    seed: int = DEFAULT_SEED,
    end_date: dt.date | None = None,
    plain: bool = False,
) -> dict[str, Any]:
    """Write demo exports into landing and return what was planted, which demo_truth.json keeps too.

    ``days`` end with ``end_date`` (default 2026-06-30). The same arguments give the same bytes and file times.
    ``plain`` writes all calls into one clean file, for benchmarks: no overlaps, no damage.
    Raises DemoError when landing already holds other files of these sources, or the demo would be too small.
    """
    if days < MIN_DAYS or calls_per_day < MIN_CALLS_PER_DAY:
        raise DemoError(
            f"The demo needs at least {MIN_DAYS} days and {MIN_CALLS_PER_DAY} calls a day "
            f"(asked for: {days} and {calls_per_day})."
        )
    settings.ensure()
    _clear(settings)
    plan = _Plan(end_date or DEFAULT_END_DATE, days, plain)
    world = World(plan.first_day, days, calls_per_day, seed, plan.closed_days)
    landing = Landing(settings.landing)
    calls = CallTruth(world, keep_callers=not plain)
    statistics = None if plain else StatisticsExports(landing, world)
    planted = _CallExports(plan, world, landing, calls, statistics).write()
    crm = CrmExports(landing, world)
    crm.write()
    if statistics:
        statistics.write(crm.costs)
        planted["statistics"] = statistics.as_json()
    _write_business_lines(settings.home / "policy" / "business_lines.csv")
    truth = {
        "seed": seed,
        "days": days,
        "calls_per_day": calls_per_day,
        "first_date": plan.first_day.isoformat(),
        "last_date": plan.last_day.isoformat(),
        "files": [file.as_json() for file in sorted(landing.files, key=lambda f: (f.delivered_at, f.feed, f.name))],
        "calls": calls.as_json(),
        **crm_truth(world, crm),
        "planted": planted_truth(world) | planted,
    }
    text = json.dumps(truth, ensure_ascii=False, indent=1)
    (settings.home / "demo_truth.json").write_text(text + "\n", encoding="utf-8")
    return json.loads(text)


class _Plan:
    """Which days get the special deliveries, and when files are cut."""

    def __init__(self, last_day: dt.date, days: int, plain: bool):
        self.last_day, self.days, self.plain = last_day, days, plain
        self.first_day = last_day - dt.timedelta(days=days - 1)
        # A Thursday about two weeks before the end is never read, a Wednesday in the middle is delivered twice.
        self.held_day = None if plain else self._weekday_before(days - 12, 3)
        self.stretched_day = None if plain else self._weekday_before(days * 6 // 10, 2)
        self.closed_days = frozenset() if plain else frozenset({self.held_day})

    def _weekday_before(self, day: int, weekday: int) -> int:
        while (self.first_day + dt.timedelta(days=day)).weekday() != weekday:
            day -= 1
        return day

    def ends_file(self, day: int) -> bool:
        return day == self.days - 1 or (not self.plain and self.is_sunday(day))

    def is_sunday(self, day: int) -> bool:
        return (self.first_day + dt.timedelta(days=day)).weekday() == 6

    def delivered(self, day: int, hour: int = 8, minute: int = 30) -> dt.datetime:
        """The morning after ``day``."""
        return dt.datetime.combine(self.first_day + dt.timedelta(days=day + 1), dt.time(hour, minute, 15))

    def variant(self, day: int) -> int:
        """0 for the older version of the platform, 1 after its update in the middle of the demo."""
        return int(day >= self.days // 2)


class _CallExports:
    """Cuts the stream of calls into files and does to them what vendors do."""

    def __init__(
        self, plan: _Plan, world: World, landing: Landing, truth: CallTruth, statistics: StatisticsExports | None
    ):
        self._plan, self._world, self._landing, self._truth = plan, world, landing, truth
        self._statistics = statistics
        self._renderer = Renderer(plan.first_day)
        self._rng = random.Random(plan.days)
        self._files: list[FileTruth] = []
        self._sunday: list[Call] = []
        self._sunday_variant = 0

    def write(self) -> dict[str, Any]:
        """All call files; returns what was planted in them."""
        plan, file, planted = self._plan, None, {}
        first = plan.delivered(-1, 7, 0)
        write_agents(self._landing, first)
        write_own_numbers(self._landing, first)
        for day, calls in self._world.simulate():
            if day == plan.held_day:
                planted["held"] = self._hold(day, calls)
            else:
                opened = file is None
                file = file or self._open(day)
                file.write(calls, repeat_every=0 if plan.plain else 331)
                if opened and not plan.plain and len(self._files) in _DAMAGED_FILES:
                    file.damage(next(call for call in calls if call.direction == "inbound" and call.connected))
                if day == plan.stretched_day:
                    planted["redelivery"] = self._redeliver(day, calls)
                for call in calls:
                    self._truth.count(call)
                if self._statistics:
                    self._statistics.count(day, calls)
            if file and plan.ends_file(day):
                self._finish(file, calls, day)
                file = None
        if not plan.plain:
            self._copy(self._files[1])
        return planted

    def _open(self, day: int) -> CallFile:
        plan = self._plan
        last = next(d for d in range(day, plan.days) if plan.ends_file(d))
        delivered, variant, number = plan.delivered(last), plan.variant(day), len(self._files)
        span = f"{plan.first_day + dt.timedelta(days=day)} 至 {plan.first_day + dt.timedelta(days=last)}"
        file = CallFile(
            self._landing,
            self._renderer,
            f"通话记录_{delivered:%Y%m%d_%H%M%S}.csv",
            variant,
            delivered,
            title="" if plan.plain or number % 2 else f"400电话通话明细（{span}）",
            totals=not plan.plain and number % 3 != 2,
            footer=not plan.plain and number % 4 == 1,
        )
        if self._sunday:
            file.write(self._sunday, delivered_before=self._unchanged(variant))
        return file

    def _unchanged(self, variant: int) -> int:
        """The Sunday is exported again; by then some customers have answered the survey."""
        rated = 0
        for call in self._sunday:
            if call.connected and call.direction == "inbound" and call.csat is None and self._rng.random() < 0.03:
                call.csat = 5
                rated += 1
        return len(self._sunday) - rated if variant == self._sunday_variant else 0

    def _finish(self, file: CallFile, calls: list[Call], day: int) -> None:
        plan = self._plan
        self._files.append(file.close())
        self._sunday = calls if plan.ends_file(day) and plan.is_sunday(day) and not plan.plain else []
        self._sunday_variant = plan.variant(day - 6)

    def _hold(self, day: int, calls: list[Call]) -> dict[str, Any]:
        delivered = self._plan.delivered(day, 9, 5)
        file = write_wrong_columns(
            self._landing, self._renderer, f"通话记录_{delivered:%Y%m%d_%H%M%S}.csv", delivered, calls
        )
        return {
            "path": file.as_json()["path"],
            "date": (self._plan.first_day + dt.timedelta(days=day)).isoformat(),
            "calls": len(calls),
            "connected": sum(call.connected for call in calls),
        }

    def _redeliver(self, day: int, calls: list[Call]) -> dict[str, Any]:
        """Nine days later the day comes again, and some short talks have become long ones."""
        plan = self._plan
        short = [c for c in calls if c.lead is None and c.connected and c.line and 30 <= c.talk < 60]
        chosen = short[:_STRETCHED_CALLS]
        before = sum(call.talk for call in calls if call.connected)
        for call in chosen:
            call.talk += _STRETCH_SECONDS
        delivered = plan.delivered(day + 8, 10, 12)
        name = f"通话记录_{delivered:%Y%m%d_%H%M%S}_重发.csv"
        file = CallFile(self._landing, self._renderer, name, plan.variant(day - 2), delivered)
        file.write(calls, delivered_before=len(calls) - len(chosen))
        closed = file.close()
        broken = plan.delivered(day + 8, 10, 40)
        write_unreadable(self._landing, self._renderer, f"通话记录_{broken:%Y%m%d_%H%M%S}.xlsx", broken, calls[:200])
        return {
            "path": closed.as_json()["path"],
            "date": (plan.first_day + dt.timedelta(days=day)).isoformat(),
            "changed_calls": len(chosen),
            "talk_seconds_before": before,
            "talk_seconds_after": before + _STRETCH_SECONDS * len(chosen),
            "changed_call_ids": [call.call_id for call in chosen],
        }

    def _copy(self, original: FileTruth) -> None:
        """Somebody puts a copy of a file beside it: the same content, so it must not count."""
        source = self._landing.path(original.source, original.feed, original.name)
        name = original.name.replace(".csv", "_副本.csv")
        target = self._landing.path(original.source, original.feed, name)
        shutil.copyfile(source, target)
        copy = FileTruth(
            original.source, original.feed, name, original.encoding, status="copy", copy_of=original.as_json()["path"]
        )
        self._landing.delivered(target, original.delivered_at + dt.timedelta(hours=3), copy)


def _clear(settings: Settings) -> None:
    """Landing must be empty or hold an earlier demo, which is replaced."""
    truth = settings.home / "demo_truth.json"
    folders = [settings.landing / source for source in ("generic_400", "generic_crm")]
    known = set()
    if truth.exists():
        known = {file["path"] for file in json.loads(truth.read_text(encoding="utf-8"))["files"]}
    present = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    strangers = [p for p in present if p.relative_to(settings.landing).as_posix() not in known]
    if strangers:
        raise DemoError(
            f"{settings.landing} already holds {len(strangers)} export(s) that no demo wrote, for example "
            f"{strangers[0].name}. Set DIAL2DEAL_HOME to an empty folder, so that demo and real data do not mix."
        )
    for path in present:
        path.unlink()


def _write_business_lines(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = ["business_line", "tier_profile", "sector", "label_zh", "label_en", "valid_from", "valid_to"]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(
            [line.name, line.tier_profile, line.sector, line.name, line.label_en, "", ""] for line in BUSINESS_LINES
        )
