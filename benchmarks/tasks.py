"""What is measured, each in a process of its own: ``python -m benchmarks.tasks NAME ARGUMENTS``."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
import time
from pathlib import Path

import duckdb
import xlsxwriter
from python_calamine import CalamineWorkbook

from dial2deal.settings import Settings

# Columns of a call export (`calls.HEADER`) that are no text in a workbook.
_KINDS = {4: "moment", 5: "moment", 6: "moment", 7: "duration", 8: "number", 9: "number"}
_FORMATS = {"moment": "yyyy-mm-dd hh:mm:ss", "duration": "[h]:mm:ss"}


def bare_text(export: str, database: str) -> dict:
    """A bare read of the export into a table, all columns text."""
    return _bare(export, database, "all_varchar = true")


def bare_typed(export: str, database: str) -> dict:
    """A bare read of the export into a table, DuckDB choosing the types."""
    return _bare(export, database, "")


def workbook(export: str, target: str) -> dict:
    """Write a CSV export as a workbook with real dates, durations and numbers, as vendors do."""
    with Path(export).open(encoding="utf-8", newline="") as source:
        rows = csv.reader(source)
        book = xlsxwriter.Workbook(target, {"constant_memory": True})
        sheet = book.add_worksheet()
        formats = {kind: book.add_format({"num_format": form}) for kind, form in _FORMATS.items()}
        sheet.write_row(0, 0, next(rows))
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                kind = _KINDS.get(column, "text")
                if cell and kind == "moment":
                    sheet.write_datetime(number, column, dt.datetime.fromisoformat(cell), formats[kind])
                elif cell and kind == "duration":
                    hours, minutes, seconds = map(int, cell.split(":"))
                    sheet.write_number(number, column, (hours * 3600 + minutes * 60 + seconds) / 86_400, formats[kind])
                elif cell and kind == "number":
                    sheet.write_number(number, column, int(cell))
                elif cell:
                    sheet.write_string(number, column, cell)
        book.close()
    return {}


def calamine(path: str) -> dict:
    """What python-calamine alone needs to go over the rows of a workbook."""
    began = time.perf_counter()
    with CalamineWorkbook.from_path(path) as book:
        rows = sum(1 for _ in book.get_sheet_by_name(book.sheet_names[0]).iter_rows())
    return {"seconds": time.perf_counter() - began, "rows": rows}


def load(home: str) -> dict:
    """The product's load of what is new in landing."""
    from dial2deal import loading, policy, warehouse

    settings = Settings(home=Path(home))
    rules = policy.load(settings)
    with warehouse.session(settings) as con:
        policy.sync(con, rules)
        began = time.perf_counter()
        results = loading.load_landing(con, settings, rules)
    return {"seconds": time.perf_counter() - began, "rows": sum(result.rows_accepted for result in results)}


def audit(home: str) -> dict:
    """The product's audit of what was loaded."""
    from dial2deal import audit, policy

    settings = Settings(home=Path(home))
    began = time.perf_counter()
    outcomes = audit.judge(settings, policy.load(settings), "bench")
    return {"seconds": time.perf_counter() - began, "checks": len(outcomes)}


def build(home: str, reports: str = "with reports") -> dict:
    """The job that ``dial2deal build`` runs; daily builds lie a day apart, so the spare snapshot has rested."""
    from dial2deal.publish import snapshot
    from orchestration import console, run

    snapshot.SPARE_MIN_AGE_SECONDS = 0.0
    steps: list[tuple[str, float]] = []

    class Times(console.Reporter):
        def on_step(self, step: str, state: str, detail: str = "") -> None:
            if state == "started":
                steps.append((step.split("__", maxsplit=1)[0], time.perf_counter()))

    began = time.perf_counter()
    outcome = run.build(
        Settings(home=Path(home)), reports=reports != "no reports", reporter=Times(console.silent(), quiet=True)
    )
    if not outcome.ok:
        raise SystemExit("; ".join(outcome.build.problems))
    ends = [*(at for _, at in steps[1:]), time.perf_counter()]
    seconds: dict[str, float] = {}
    for (step, at), end in zip(steps, ends, strict=True):
        seconds[step] = round(seconds.get(step, 0) + end - at, 2)
    return {
        "seconds": time.perf_counter() - began,
        "steps": seconds,
        "published": outcome.build.published,
        "snapshot_from": outcome.build.snapshot_from,
        "reports": len(outcome.made),
    }


def bare_models(database: str, manifest: str, tests: str) -> dict:
    """Compiled SQL of every model, and with ``tests`` = yes of every test, run one after the other by DuckDB."""
    from benchmarks.bare import run

    return run(Path(database), Path(manifest), with_tests=tests == "yes")


def _bare(export: str, database: str, options: str) -> dict:
    con = duckdb.connect(database)
    con.execute("set enable_progress_bar = false")
    began = time.perf_counter()
    con.execute(f"create table calls as from read_csv('{export}', {options})".replace(", )", ")"))
    con.close()
    return {"seconds": time.perf_counter() - began}


if __name__ == "__main__":
    print(
        json.dumps(
            {
                "bare_text": bare_text,
                "bare_typed": bare_typed,
                "load": load,
                "workbook": workbook,
                "calamine": calamine,
                "audit": audit,
                "build": build,
                "bare_models": bare_models,
            }[sys.argv[1]](*sys.argv[2:])
        )
    )
