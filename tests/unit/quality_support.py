"""Raw tables and files as the loader leaves them, written directly: the audit is tested without the loader."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from dial2deal import warehouse
from dial2deal.audit.suites import feeds
from dial2deal.settings import Settings

LOADED_AT = dt.datetime(2026, 1, 6, 1, 0)
_VALUE_MAPS = [
    ("calls", "direction", "呼入", "inbound"),
    ("calls", "direction", "呼出", "outbound"),
    ("calls", "tech_result", "已接听", "connected"),
    ("calls", "tech_result", "未接听", "no_answer"),
    ("calls", "tech_result", "占线", "busy"),
    ("orders", "status", "已成交", "won"),
    ("orders", "status", "已退款", "refunded"),
    ("channel_costs", "cost_kind", "媒体投放", "media"),
    ("lead_events", "stage", "意向", "intent"),
    ("leads", "status", "跟进中", "following"),
]


def call(index: int, **changes: Any) -> dict[str, Any]:
    """A plausible connected inbound call: rings 10 s, talks 60-99 s. ``changes`` override raw texts."""
    start = dt.datetime(2026, 1, 5, 9, 0) + dt.timedelta(seconds=37 * index)
    talk = 60 + index % 40
    answered = start + dt.timedelta(seconds=10)
    row = {
        "call_id": f"C{index:06d}",
        "direction": "呼入",
        "customer_number": f"1380000{index % 10000:04d}",
        "own_number": "4007188668",
        "started_at": f"{start:%Y-%m-%d %H:%M:%S}",
        "answered_at": f"{answered:%Y-%m-%d %H:%M:%S}",
        "ended_at": f"{answered + dt.timedelta(seconds=talk):%Y-%m-%d %H:%M:%S}",
        "ring_seconds": "00:00:10",
        "talk_seconds": f"00:{talk // 60:02d}:{talk % 60:02d}",
        "tech_result": "已接听",
        "agent_id": f"A{index % 5:02d}",
        "_event_date": start.date(),
    }
    return row | changes


def calls(count: int, **changes: Any) -> list[dict[str, Any]]:
    """``count`` plausible calls, all with ``changes``."""
    return [call(index, **changes) for index in range(count)]


def shifted(count: int) -> list[dict[str, Any]]:
    """Calls whose ring and talk columns changed places in the export."""
    rows = calls(count)
    for row in rows:
        row["ring_seconds"], row["talk_seconds"] = row["talk_seconds"], row["ring_seconds"]
    return rows


def make_home(tmp_path: Path) -> Settings:
    """A warehouse with empty raw tables and the value maps the fixtures use."""
    settings = Settings.from_env(tmp_path / "home").ensure()
    with warehouse.session(settings) as con:
        for feed, spec in feeds().items():
            columns = ", ".join(f'"{name}" varchar' for name in spec.columns)
            con.execute(f"""create table raw."{feed}" ({columns}, _extra varchar, _source varchar, _file_id varchar,
                        _line bigint, _row_key varchar, _row_hash ubigint, _event_date date, _loaded_at timestamp)""")
        con.executemany("insert into ops.value_maps values ('demo', ?, ?, ?, ?)", _VALUE_MAPS)
    return settings


def add_file(
    settings: Settings, name: str, rows: list[dict[str, Any]], feed: str = "calls", *, quarantined: int = 0
) -> str:
    """Store ``rows`` (canonical column -> text) as a loaded file; returns its file id."""
    file_id = f"id-{name}"
    columns = [
        *feeds()[feed].columns,
        "_extra",
        "_source",
        "_file_id",
        "_line",
        "_row_key",
        "_row_hash",
        "_event_date",
        "_loaded_at",
    ]
    key = feeds()[feed].key
    lines = [
        json.dumps(
            {
                "_event_date": "1970-01-01",
                **row,
                "_source": "demo",
                "_file_id": file_id,
                "_line": line,
                "_row_key": "|".join(str(row.get(column)) for column in key),
                "_row_hash": line,
                "_loaded_at": str(LOADED_AT),
            },
            default=str,
        )
        for line, row in enumerate(rows, start=2)
    ]
    dates = [row["_event_date"] for row in rows if "_event_date" in row]
    with warehouse.session(settings) as con:
        if lines:
            scratch = settings.tmp / "rows.json"
            scratch.write_text("\n".join(lines), encoding="utf-8")
            types = ", ".join(f"'{column}': 'varchar'" for column in columns)
            con.execute(f"insert into raw.{feed} select * from read_json(?, columns = {{{types}}})", [str(scratch)])
            scratch.unlink()
        con.execute(
            "insert into ops.export_files (file_id, source, feed, path, sha256, bytes, modified_at, delivered_at, "
            "rows_read, rows_accepted, rows_quarantined, first_event_date, last_event_date, status, loaded_at) "
            "values (?, 'demo', ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, 'loaded', ?)",
            [
                file_id,
                feed,
                f"demo/{feed}/{name}",
                file_id,
                LOADED_AT,
                LOADED_AT,
                len(rows) + quarantined,
                len(rows),
                quarantined,
                min(dates, default=None),
                max(dates, default=None),
                LOADED_AT,
            ],
        )
    return file_id


def query(settings: Settings, sql: str, parameters: list | None = None) -> list[tuple]:
    """Rows of a query on the warehouse."""
    with warehouse.session(settings) as con:
        return con.execute(sql, parameters or []).fetchall()
