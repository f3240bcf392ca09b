"""Landing to verdict with the real loader: what is accepted, what is held, and that a kill loses nothing."""

from __future__ import annotations

import csv
import datetime as dt
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from dial2deal import audit, loading, policy, warehouse
from dial2deal.settings import PROJECT_ROOT, Settings

HEADER = [
    "通话ID",
    "呼叫类型",
    "主叫号码",
    "被叫号码",
    "开始时间",
    "接通时间",
    "结束时间",
    "振铃时长",
    "通话时长",
    "通话状态",
    "坐席",
]
RING, TALK = HEADER.index("振铃时长"), HEADER.index("通话时长")


@pytest.fixture
def home(tmp_path):
    return Settings.from_env(tmp_path / "home").ensure()


def call(index: int, day: dt.date) -> list[str]:
    start = dt.datetime.combine(day, dt.time(9)) + dt.timedelta(seconds=41 * index)
    answered, talk = start + dt.timedelta(seconds=8), 45 + index % 200
    return [
        f"T{day:%m%d}{index:05d}",
        "呼入",
        f"1390000{index:04d}",
        "4007188668",
        f"{start}",
        f"{answered}",
        f"{answered + dt.timedelta(seconds=talk)}",
        "00:00:08",
        f"00:{talk // 60:02d}:{talk % 60:02d}",
        "已接听",
        f"坐席{index % 6:02d}",
    ]


def deliver(home: Settings, name: str, rows: list[list[str]], header: list[str] = HEADER) -> None:
    folder = home.landing / "generic_400" / "calls"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", encoding="gb18030", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerows([header, *rows])


def swapped(rows: list[list[str]]) -> list[list[str]]:
    """The vendor's header stayed, ring and talk columns changed places."""
    for row in rows:
        row[RING], row[TALK] = row[TALK], row[RING]
    return rows


def load(home: Settings) -> None:
    rules = policy.load(home)
    with warehouse.session(home) as con:
        policy.sync(con, rules)
        loading.load_landing(con, home, rules)
        con.execute("delete from ops.dirty_dates")


def query(home: Settings, sql: str) -> list[tuple]:
    with warehouse.session(home) as con:
        return con.execute(sql).fetchall()


def statuses(home: Settings) -> dict[str, str]:
    return dict(query(home, "select regexp_extract(path, '[^/]+$'), status from ops.export_files"))


def day(number: int) -> dt.date:
    return dt.date(2026, 1, number)


def test_bad_file_is_held_and_the_others_are_accepted(home):
    deliver(home, "通话记录_20260105.csv", [call(i, day(5)) for i in range(400)])
    deliver(home, "通话记录_20260106.csv", swapped([call(i, day(6)) for i in range(25)]))
    deliver(home, "通话记录_20260107.csv", [call(i, day(7)) for i in range(300)])
    load(home)
    outcomes = audit.judge(home, policy.load(home), "b1")
    assert statuses(home) == {
        "通话记录_20260105.csv": "accepted",
        "通话记录_20260106.csv": "held",
        "通话记录_20260107.csv": "accepted",
    }
    assert query(home, "select feed, event_date from ops.dirty_dates order by 2") == [
        ("calls", day(5)),
        ("calls", day(7)),
    ]
    failed = {o.check_name: o for o in outcomes if o.outcome == "failed" and o.severity == "critical"}
    assert set(failed) == {"ring_before_answer"}
    assert failed["ring_before_answer"].rows_failed == 25
    lines = [
        row[0]
        for row in query(home, "select line from ops.check_failures where check_name = 'ring_before_answer' order by 1")
    ]
    assert lines == list(range(2, 27)), "lines as a text editor counts them"

    assert audit.judge(home, policy.load(home), "b2") == []
    page, book = audit.write_quality_report(home, "b2")
    assert "通话记录_20260106.csv" in page.read_text(encoding="utf-8")
    assert len(list(openpyxl.load_workbook(book)["不符的行"].iter_rows(min_row=2))) == 25

    # A corrected delivery is audited on its own; the held one stays held.
    deliver(home, "通话记录_20260106_更正.csv", [call(i, day(6)) for i in range(25)])
    load(home)
    audit.judge(home, policy.load(home), "b3")
    assert statuses(home)["通话记录_20260106_更正.csv"] == "accepted"


def test_every_quarantine_reason_of_the_loader_is_explained(home):
    rows = [call(i, day(5)) for i in range(60)]
    rows[3][4] = "昨天下午"
    rows[7][2] = "1.39001E+10"
    rows[9][1] = ""
    rows[11] = [*rows[11], "多余", "单元格"]
    deliver(home, "通话记录_20260105.csv", rows)
    load(home)
    reasons = query(home, "select distinct reason, column_name from ops.quarantine")
    catalogue = quality_catalogue(home)
    codes = {catalogue.reason(reason, "calls")["code"] for reason, _ in reasons}
    assert codes == {"unreadable_value", "lossy_number", "empty_required", "ragged_line"}


def quality_catalogue(home):
    from dial2deal.audit.history import Catalogue

    return Catalogue(home, "zh")


_KILLED_AUDIT = """
import os, signal, sys
from dial2deal import policy, warehouse
from dial2deal import audit
from dial2deal.settings import Settings

settings, real, files = Settings.from_env(sys.argv[1]), warehouse.mark_dirty, []

def die_inside_the_third_transaction(con, feed, dates, reason):
    real(con, feed, dates, reason)
    files.append(reason)
    if len(files) == 3:
        os.kill(os.getpid(), signal.SIGKILL)

warehouse.mark_dirty = die_inside_the_third_transaction
audit.judge(settings, policy.load(settings), "killed")
"""


def test_killed_audit_leaves_whole_files_and_the_next_one_finishes(home):
    for number in range(5, 10):
        deliver(home, f"通话记录_202601{number:02d}.csv", [call(i, day(number)) for i in range(30)])
    load(home)
    died = subprocess.run([sys.executable, "-c", _KILLED_AUDIT, str(home.home)], check=False, cwd=PROJECT_ROOT)
    assert died.returncode == -9
    assert sorted(statuses(home).values()) == ["accepted", "accepted", "loaded", "loaded", "loaded"]
    judged = query(home, "select count(distinct file_id) from ops.check_results")
    assert judged == [(2,)], "neither a result without verdict nor a verdict without results"
    audit.judge(home, policy.load(home), "next")
    assert set(statuses(home).values()) == {"accepted"}
    assert query(home, "select event_date, count(*) from ops.dirty_dates group by 1 order by 1") == [
        (day(number), 1) for number in range(5, 10)
    ]
    assert query(
        home, "select count(*) from (select 1 from ops.check_results group by file_id, check_name having count(*) > 1)"
    ) == [(0,)]
    assert not list(Path(home.tmp).glob("candidate*"))
