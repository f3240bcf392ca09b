"""One more day's file of every feed, for an installation whose demo ends on 2026-06-30."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from dial2deal import warehouse
from dial2deal.feeds.catalogue import feeds
from dial2deal.settings import Settings

DAY = dt.date(2026, 7, 1)
FEEDS = tuple(feeds())
_FIXTURES = Path(__file__).parent / "fixtures" / "feeds"
_FIXTURE_DAY = dt.date(2026, 3, 2)
# The feeds of the main job, as the demo's two systems would write them; the others are the fixtures, moved in time.
_MAIN = {
    "generic_400": {
        "calls": "call_id,direction,customer_number,started_at,ended_at,talk_seconds,is_connected,agent_id\n"
        "ND1,inbound,13900000001,{day} 10:00:00,{day} 10:01:15,{talk},yes,8001\n"
        "ND2,outbound,13900000002,{day} 11:00:00,{day} 11:00:20,0,no,8001\n",
        "agents": "agent_id,agent_name,team\n8001,测试坐席{talk},企业一组\n",
        "own_numbers": "own_number,business_line\n4007000003,企业服务\n",
    },
    "generic_crm": {
        "leads": "lead_id,created_at,customer_number,channel,status,owner_agent_id\n"
        "ND-L1,{day} 09:00:00,13900000001,百度搜索,跟进中,8001\n",
        "lead_events": "lead_id,stage,occurred_at\nND-L1,意向,{day} 12:00:00\n",
        "customers": "customer_id,created_at,customer_number\nND-K1,{day} 13:00:00,13900000001\n",
        "orders": "order_id,ordered_at,customer_number,lead_id,amount_cny,status\n"
        "ND-O1,{day} 13:00:00,13900000001,ND-L1,980.50,已付款\n",
        "channel_costs": "cost_date,channel,cost_kind,amount_cny\n2026-07,百度搜索,媒体投放,1200.00\n",
    },
}


def deliver(settings: Settings, feed: str, *, talk_seconds: int = 65) -> str:
    """Lay the day's file of ``feed`` into landing; its path there. ``talk_seconds`` makes a later delivery another."""
    source, text = _content(feed)
    path = Path(source) / feed / f"next_day_{talk_seconds}.csv"
    (settings.landing / path).parent.mkdir(parents=True, exist_ok=True)
    (settings.landing / path).write_text(
        text.format(day=DAY, talk=talk_seconds) if feed in _main() else text, encoding="utf-8"
    )
    return path.as_posix()


def unused(settings: Settings, paths: list[str]) -> list[tuple]:
    """Of these files of landing, those that are not in use, with what the manifest says."""
    with warehouse.session(settings) as con:
        rows = con.execute(
            "select path, status, message from ops.export_files where path in (select unnest(?))", [paths]
        ).fetchall()
    return [row for row in rows if row[1] != "accepted"] + [(path,) for path in set(paths) - {row[0] for row in rows}]


def _main() -> set[str]:
    return {feed for group in _MAIN.values() for feed in group}


def _content(feed: str) -> tuple[str, str]:
    for source, group in _MAIN.items():
        if feed in group:
            return source, group[feed]
    # A source delivers calls or their legs, so the legs come from a system of their own.
    source = "generic" if feed == "call_legs" else "generic_400"
    text = (_FIXTURES / f"{feed}.csv").read_text(encoding="utf-8-sig")
    return source, re.sub(r"\b(2026)([-/])(\d{1,2})\2(\d{1,2})\b", _moved, text)


def _moved(found: re.Match) -> str:
    day = dt.date(int(found[1]), int(found[3]), int(found[4])) + (DAY - _FIXTURE_DAY)
    return day.strftime(f"%Y{found[2]}%m{found[2]}%d")
