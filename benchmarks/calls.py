"""Exports of any size in seconds: call records made by arithmetic inside DuckDB and written as CSV."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import duckdb

HEADER = (
    "呼叫ID,呼叫类型,主叫号码,400号码,开始时间,接通时间,结束时间,通话时长,振铃时长,排队时长,通话状态,"
    "坐席工号,坐席姓名,技能组,省份,城市,录音文件,备注"
)
FIRST_DAY = dt.date(2026, 1, 5)
CALLS_PER_DAY = 200_000

# Calls from 9:00 to 20:00; every third unanswered; talk up to ten minutes; each customer calls now and then.
_ROWS = """
    select call, day, day + interval 9 hour + to_seconds(n * 39600 // {per_day}) as started,
        call % 3 <> 0 as answered, (call * 7919) % 601 as talk, (call * 31) % 28 + 2 as ring
    from (select i as call, date '{first}' + (i // {per_day})::integer as day, i % {per_day} as n
          from range({rows}) t(i))
"""
_CSV = """
    select strftime(day, 'C%Y%m%d') || lpad((call % {per_day})::varchar, 7, '0'),
        case when call % 4 = 0 then '呼入' else '呼出' end,
        (13800000000 + (call * 48271) % 3000017)::varchar, '4000000' || (100 + call % 7)::varchar,
        strftime(started, '%Y-%m-%d %H:%M:%S'),
        case when answered then strftime(started + to_seconds(ring), '%Y-%m-%d %H:%M:%S') end,
        strftime(started + to_seconds(ring + case when answered then talk else 0 end), '%Y-%m-%d %H:%M:%S'),
        strftime(timestamp '2000-01-01' + to_seconds(case when answered then talk else 0 end), '%H:%M:%S'),
        ring::varchar, '0', case when answered then '已接通' else '无人接听' end,
        'A' || (call % 240)::varchar, '坐席' || (call % 240)::varchar, '技能组' || (call % 9)::varchar,
        '天津', '天津市', 'rec/' || call || '.wav', case when call % 5 = 0 then '客户咨询价格' end
    from calls order by call
"""


def write(path: Path, first_day: dt.date, rows: int, per_day: int = CALLS_PER_DAY) -> Path:
    """A clean 400-platform export of ``rows`` calls from ``first_day`` on, ``per_day`` a day; same bytes every time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = path.with_suffix(".body")
    # In a process of its own: a child starts with its parent's peak memory (11 million rows: 6 GB).
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
        elsewhere.submit(_write_rows, body, first_day, rows, per_day).result()
    with path.open("wb") as target, body.open("rb") as source:
        target.write((HEADER + "\n").encode())
        shutil.copyfileobj(source, target, 1 << 22)
    body.unlink()
    closed = dt.datetime.combine(first_day + dt.timedelta(days=(rows - 1) // per_day + 1), dt.time(1), dt.UTC)
    os.utime(path, (closed.timestamp(), closed.timestamp()))
    return path


def _write_rows(path: Path, first_day: dt.date, rows: int, per_day: int) -> None:
    with duckdb.connect() as con:
        con.execute("set enable_progress_bar = false")
        con.execute("create view calls as " + _ROWS.format(per_day=per_day, first=first_day, rows=rows))
        con.execute(f"copy ({_CSV.format(per_day=per_day)}) to '{path}' (header false, delimiter ',', quote '\"')")


def landing(home: Path, first_day: dt.date) -> Path:
    """Where a delivery that begins with ``first_day`` lies in a home's landing folder."""
    return home / "landing" / "generic_400" / "calls" / f"calls_{first_day:%Y%m%d}.csv"
