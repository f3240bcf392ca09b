"""Thirty days of a small company through the job; after each day the tables are those of a full refresh."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dial2deal import audit, warehouse
from dial2deal.settings import PROJECT_ROOT, Settings
from dial2deal.transform import dates, dbt
from orchestration import run
from tests.helpers import differences, dump

DAYS, FIRST, SEED = 30, dt.date(2026, 3, 2), 20260302
_RESTARTED_ON = 11
# Whose twin dbt builds, so that the statements it runs on the other days are known to be the whole of it.
_BY_DBT = (0, _RESTARTED_ON, DAYS - 1)
_BUILT = ("staging", "quality", "core", "marts")
_SOURCES = {
    "calls": "generic_400",
    "agents": "generic_400",
    "leads": "generic_crm",
    "orders": "generic_crm",
    "lead_events": "generic_crm",
    "customers": "generic_crm",
    "channel_costs": "generic_crm",
}
_KINDS = ("new", "new", "new", "late", "late", "corrected", "corrected", "held", "released", "renamed", "damaged")


class Company:
    """What happens in ``landing/`` day by day; the same seed plays the same month."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings, self.chance = settings, random.Random(seed)
        self.files: dict[str, list[Path]] = {feed: [] for feed in _SOURCES}
        self.held: list[Path] = []
        self.played: Counter[str] = Counter()

    def play(self, number: int) -> list[str]:
        """News of one day; returns what they were. Every seventh day brings nothing."""
        if number % 7 == 6:
            self.played["nothing"] += 1
            return []
        feeds = list(_SOURCES) if number == 0 else self.chance.sample(list(_SOURCES), self.chance.randint(1, 3))
        said = []
        for feed in feeds:
            kind = "new" if number == 0 else self.chance.choice(_KINDS)
            if done := self._happens(kind, feed, number):
                self.played[kind] += 1
                said.append(f"{feed} {done}")
        return said

    def _happens(self, kind: str, feed: str, number: int) -> str | None:
        today, chance = FIRST + dt.timedelta(days=number), self.chance
        if kind in ("corrected", "renamed") and not self.files[feed]:
            kind = "new"
        if kind == "new":
            return self._write(feed, f"{today:%Y%m%d}.csv", [self._row(feed, today) for _ in range(6)])
        if kind == "late":
            earlier = today - dt.timedelta(days=chance.randint(1, number + 3))
            return self._write(feed, f"late_{today:%Y%m%d}.csv", [self._row(feed, earlier) for _ in range(3)])
        if kind == "corrected":
            file = chance.choice(self.files[feed])
            rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))[chance.randint(0, 1) :]
            return self._write(
                feed,
                file.name,
                [
                    {**row, **self._row(feed, today), **({} if chance.random() < 0.3 else _identity(feed, row))}
                    if chance.random() < 0.6
                    else row
                    for row in rows
                ],
            )
        if kind == "held":
            day = f"{today:%Y-%m-%d}"
            row = {**self._row("calls", today), "started_at": f"{day} 10:00:00", "ended_at": f"{day} 09:00:00"}
            self.held.append(self._path("calls", f"held_{today:%Y%m%d}.csv"))
            return self._write("calls", self.held[-1].name, [row])
        if kind == "released":
            return self._release() if self.held else None
        if kind == "renamed":
            file = chance.choice(self.files[feed])
            target = file.with_name(f"again_{number}_{file.name}")
            self.files[feed][self.files[feed].index(file)] = file.rename(target)
            return f"{file.name} is {target.name}"
        path = self._path(feed, f"damaged_{today:%Y%m%d}.xlsx")
        path.write_bytes(b"PK\x03\x04" + chance.randbytes(200))
        return path.name

    def _release(self) -> str:
        file = self.held.pop()
        audit.release(self.settings, str(file.relative_to(self.settings.landing)), "looked at")
        return f"{file.name} released"

    def _write(self, feed: str, name: str, rows: list[dict[str, str]]) -> str:
        path = self._path(feed, name)
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        path.write_text(text.getvalue(), encoding="utf-8")
        if path not in self.files[feed] and path not in self.held:
            self.files[feed].append(path)
        return name

    def _path(self, feed: str, name: str) -> Path:
        path = self.settings.landing / _SOURCES[feed] / feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _row(self, feed: str, day: dt.date) -> dict[str, str]:
        chance = self.chance
        at = f"{day} {chance.randint(9, 18):02d}:{chance.randint(0, 59):02d}:00"
        phone, lead = f"1390000{chance.randint(0, 11):04d}", f"L{chance.randint(0, 40)}"
        channel, agent = chance.choice(("百度", "抖音", "转介绍")), chance.choice(("8001", "8002", ""))
        talk = chance.choice((0, 0, 20, 65, 400))
        return {
            "calls": {
                "call_id": f"C{chance.randint(0, 90)}",
                "direction": chance.choice(("inbound", "outbound")),
                "customer_number": phone,
                "started_at": at,
                "ended_at": "",
                "talk_seconds": str(talk),
                "is_connected": "yes" if talk else "no",
                "agent_id": agent,
                "lead_id": chance.choice(("", lead)),
            },
            "agents": {
                "agent_id": chance.choice(("8001", "8002")),
                "agent_name": chance.choice(("测试甲", "测试乙")),
                "team": chance.choice(("一组", "二组", "")),
            },
            "leads": {
                "lead_id": lead,
                "created_at": at,
                "customer_number": phone,
                "channel": channel,
                "status": chance.choice(("跟进中", "无效", "")),
                "owner_agent_id": agent,
            },
            "orders": {
                "order_id": f"O{chance.randint(0, 20)}",
                "ordered_at": at,
                "customer_number": phone,
                "lead_id": chance.choice(("", lead)),
                "amount_cny": str(chance.randint(1, 9) * 99.5),
                "status": chance.choice(("已付款", "已付款", "已退款")),
                "channel": channel,
            },
            "lead_events": {"lead_id": lead, "stage": chance.choice(("意向", "报价", "无效")), "occurred_at": at},
            "customers": {"customer_id": f"K{chance.randint(0, 5)}", "created_at": at, "customer_number": phone},
            "channel_costs": {
                "cost_date": str(day),
                "channel": channel,
                "cost_kind": "media",
                "amount_cny": str(chance.randint(100, 900)),
            },
        }[feed]


def _identity(feed: str, row: dict[str, str]) -> dict[str, str]:
    names = {
        "calls": "call_id",
        "agents": "agent_id",
        "leads": "lead_id",
        "orders": "order_id",
        "lead_events": "lead_id",
        "customers": "customer_id",
        "channel_costs": "cost_date",
    }
    return {names[feed]: row[names[feed]]}


class Twin:
    """The tables that one build of all that was ever loaded gives, in a copy of the warehouse."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._models: list[tuple[str, str]] = []

    def by_dbt(self, original: Settings) -> dict[str, str]:
        """As ``dbt run --full-refresh`` makes them."""
        self._copy(original)
        found = dbt.invoke(self.settings, ["run", "--full-refresh"])
        assert [result.message for result in found.results if str(result.status) != "success"] == []
        # In the order they were built.
        self._models = [
            (f'{result.node.schema}."{result.node.alias}"', result.node.compiled_code)
            for result in found.results
            if result.node.config.materialized != "view"
        ]
        return dump(self.settings.warehouse, _BUILT)

    def by_hand(self, original: Settings) -> dict[str, str]:
        """The same statements without dbt, a fifth of the time: every table emptied and filled anew."""
        self._copy(original)
        with warehouse.session(self.settings) as con, warehouse.transaction(con):
            for relation, query in self._models:
                con.execute(f"delete from {relation}")
                con.execute(f"insert into {relation} by name {query}")
        return dump(self.settings.warehouse, _BUILT)

    def _copy(self, original: Settings) -> None:
        shutil.copyfile(original.warehouse, self.settings.warehouse)
        with warehouse.session(self.settings) as con:
            dates.plan(con, full=True, date_range=None)


@pytest.mark.timeout(1800)
def test_after_each_of_thirty_days_the_tables_are_those_of_a_full_refresh(tmp_path):
    settings, twin = Settings(home=tmp_path / "home").ensure(), Twin(Settings(home=tmp_path / "twin").ensure())
    company = Company(settings, SEED)
    for number in range(DAYS):
        news = company.play(number)
        if number == _RESTARTED_ON:
            done = subprocess.run(
                [sys.executable, "-m", "dial2deal.cli", "build", "--no-reports"],
                cwd=PROJECT_ROOT,
                env={**os.environ, "DIAL2DEAL_HOME": str(settings.home)},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
        else:
            outcome = run.build(settings, reports=False)
            assert outcome.build.problems == [], (number, news)
        if number in _BY_DBT:
            expected = twin.by_dbt(settings)
            assert differences(twin.by_hand(settings), expected) == [], number
        elif news:
            expected = twin.by_hand(settings)
        assert differences(dump(settings.warehouse, _BUILT), expected) == [], (number, news)
    assert all(company.played[kind] for kind in (*_KINDS, "nothing")), company.played
    published = dump(settings.snapshot, ["marts"])
    assert run.build(settings, full_refresh=True, reports=False).build.published
    assert differences(dump(settings.snapshot, ["marts"]), published) == []
    with warehouse.session(settings) as con:
        rows = dict(con.execute("select status, count(*) from ops.export_files group by all").fetchall())
        loaded = {feed: con.execute(f"select count(*) from staging.stg_{feed}").fetchone()[0] for feed in _SOURCES}
    assert {"accepted", "failed"} <= rows.keys(), rows
    assert all(loaded.values()), loaded
