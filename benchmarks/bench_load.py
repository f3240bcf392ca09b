"""Load of a 5-million-call export compared with DuckDB's bare all-text read of the same bytes."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path

import duckdb

from dial2deal import loading, policy, warehouse
from dial2deal.settings import Settings

HEADER = (
    "呼叫ID,呼叫类型,主叫号码,400号码,开始时间,接通时间,结束时间,通话时长,振铃时长,排队时长,通话状态,"
    "坐席工号,坐席姓名,技能组,省份,城市,录音文件,备注"
)


def write_calls(path: Path, rows: int) -> None:
    """A clean 400-platform export of ``rows`` calls in UTF-8, one after the other in time."""
    con = duckdb.connect()
    body = path.with_suffix(".body")
    con.execute(f"""
        copy (select 'C' || lpad(i::varchar, 12, '0'), case when i % 4 = 0 then '呼入' else '呼出' end,
            (13800000000 + i % 900000)::varchar, '4000000' || (100 + i % 7)::varchar,
            strftime(started, '%Y-%m-%d %H:%M:%S'), strftime(started + interval 12 second, '%Y-%m-%d %H:%M:%S'),
            strftime(started + to_seconds(12 + i % 601), '%Y-%m-%d %H:%M:%S'),
            strftime(timestamp '2000-01-01' + to_seconds(i % 601), '%H:%M:%S'), (i % 31)::varchar, (i % 17)::varchar,
            case when i % 3 = 0 then '无人接听' else '已接通' end, 'A' || (i % 240)::varchar,
            '坐席' || (i % 240)::varchar, '技能组' || (i % 9)::varchar, '天津', '天津市', 'rec/' || i || '.wav',
            case when i % 5 = 0 then '客户咨询价格' end
            from (select i, timestamp '2026-01-01 08:00:00' + to_seconds(i) as started from range({rows}) r(i)))
        to '{body}' (header false, delimiter ',', quote '')""")
    with path.open("wb") as target, body.open("rb") as source:
        target.write((HEADER + "\n").encode())
        shutil.copyfileobj(source, target, 1 << 22)
    body.unlink()


def bare_read(path: Path, database: Path) -> float:
    """Seconds of a plain ``create table as select * from read_csv`` with all columns as text."""
    con = duckdb.connect(str(database))
    con.execute("set enable_progress_bar = false")
    began = time.perf_counter()
    con.execute(f"create table calls as select * from read_csv('{path}', all_varchar=true)")
    con.close()
    return time.perf_counter() - began


def full_load(path: Path, home: Path) -> tuple[float, loading.FileResult]:
    """Seconds of the product's load of the same file into an empty warehouse, and its result."""
    settings = Settings(home=home).ensure()
    target = settings.landing / "generic_400" / "calls" / path.name
    target.parent.mkdir(parents=True)
    target.hardlink_to(path)
    rules = policy.load(settings)
    with warehouse.session(settings) as con:
        policy.sync(con, rules)
    began = time.perf_counter()
    with warehouse.session(settings) as con:
        result = loading.load_landing(con, settings, rules)[0]
    return time.perf_counter() - began, result


def measure(rows: int, rounds: int, folder: Path) -> dict:
    """Best of ``rounds`` alternating runs, as seconds and as their ratio."""
    path = folder / "calls.csv"
    write_calls(path, rows)
    bare, full = [], []
    for number in range(rounds):
        bare.append(bare_read(path, folder / f"bare{number}.duckdb"))
        seconds, result = full_load(path, folder / f"home{number}")
        assert result.rows_accepted == rows, result
        full.append(seconds)
    return {
        "rows": rows,
        "megabytes": round(path.stat().st_size / 1e6),
        "bare_seconds": round(min(bare), 2),
        "load_seconds": round(min(full), 2),
        "ratio": round(min(full) / min(bare), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-load-") as folder:
        print(json.dumps(measure(options.rows, options.rounds, Path(folder))))


if __name__ == "__main__":
    main()
