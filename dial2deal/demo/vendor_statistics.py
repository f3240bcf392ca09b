"""What the platforms count themselves: day sheets of agents and queues, an advertising report, opportunities, contacts.

All are made of the same calls, leads and costs as the other exports, but for one agent's last day.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter, defaultdict
from typing import Any

from dial2deal.demo.calls import Call
from dial2deal.demo.delivery import FileTruth, Landing
from dial2deal.demo.leads import Lead
from dial2deal.demo.scenario import CHANNELS, DAY, ENTERPRISE, agents
from dial2deal.demo.vendor_crm import Cost
from dial2deal.demo.world import World

DAYS = 14
# The agent whose sheet of one day counts calls that nobody made, and how many.
WRONG_AGENT, WRONG_CALLS, WRONG_SECONDS = 2, 9, 2700
_AGENTS = agents()
_AGENT_SHEET = ["日期", "工号", "姓名", "班组", "呼入量", "呼入接听量", "呼出量", "呼出接通量", "通话时长"]
_QUEUE_SHEET = ["日期", "技能组", "呼入量", "接听量", "放弃量", "通话时长"]
_ADS = ["日期", "平台", "推广计划", "展现量", "点击量", "消费", "表单数"]
_OPPORTUNITIES = [
    "商机编号",
    "商机名称",
    "创建时间",
    "商机阶段",
    "商机金额",
    "结单日期",
    "线索编号",
    "负责人工号",
    "更新时间",
]
_CONTACTS = ["名单编号", "任务名称", "手机号", "线索编号", "拨打次数", "接通次数", "最后拨打时间", "坐席工号"]
_PAID = ("百度搜索", "抖音信息流")


class StatisticsExports:
    """Counts the calls of the last days and writes the sheets; ``as_json`` says what they hold."""

    def __init__(self, landing: Landing, world: World):
        self._landing, self._world = landing, world
        self._agents: dict[tuple[int, int], Counter] = defaultdict(Counter)
        self._queues: dict[tuple[int, str], Counter] = defaultdict(Counter)
        self._dials: dict[str, Counter] = defaultdict(Counter)
        self._last_dial: dict[str, int] = {}
        self._truth: dict[str, Any] = {}

    def count(self, day: int, calls: list[Call]) -> None:
        """Add the calls of one day as they are finally delivered."""
        for call in calls:
            if call.lead is not None and call.direction == "outbound":
                self._dials[call.lead.lead_id].update(attempts=1, connected=int(call.connected))
                self._last_dial[call.lead.lead_id] = call.start
            if day < self._world.days - DAYS or call.direction == "internal":
                continue
            talk = call.talk if call.connected else 0
            if call.agent is not None:
                way = "in" if call.direction == "inbound" else "out"
                self._agents[day, call.agent].update({way: 1, f"{way}_answered": int(call.connected), "talk": talk})
            if call.direction == "inbound" and call.line:
                self._queues[day, f"{call.line.name}组"].update(
                    offered=1,
                    answered=int(call.connected),
                    talk=talk,
                    abandoned=int(call.result.startswith("abandoned") or call.result == "no_agent"),
                )

    def write(self, costs: list[Cost]) -> None:
        """All files, delivered on the morning after the last day; ``costs`` are those of the CRM."""
        self._write_sheets()
        self._write_ads([cost for cost in costs if cost.channel in _PAID and cost.month == costs[-1].month])
        self._write_opportunities()
        self._write_contacts()

    def as_json(self) -> dict[str, Any]:
        """What the marts must say of the files."""
        return self._truth

    def _write_sheets(self) -> None:
        wrong = max(day for day, agent in self._agents if agent == WRONG_AGENT)
        rows = []
        for (day, agent), n in sorted(self._agents.items()):
            more = WRONG_CALLS if (day, agent) == (wrong, WRONG_AGENT) else 0
            seconds = n["talk"] + (WRONG_SECONDS if more else 0)
            who = _AGENTS[agent]
            rows.append(
                [
                    self._date(day),
                    who.agent_id,
                    who.name,
                    who.team,
                    n["in"],
                    n["in_answered"],
                    n["out"] + more,
                    n["out_answered"] + more,
                    f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}",
                ]
            )
        self._write("generic_400", "agent_statistics", "坐席日报", _AGENT_SHEET, rows, [day for day, _ in self._agents])
        self._write(
            "generic_400",
            "queue_statistics",
            "队列日报",
            _QUEUE_SHEET,
            [
                [self._date(day), queue, n["offered"], n["answered"], n["abandoned"], n["talk"]]
                for (day, queue), n in sorted(self._queues.items())
            ],
            [day for day, _ in self._queues],
        )
        calls = Counter()
        for n in self._agents.values():
            calls.update(n)
        self._truth["agents"] = {
            "days": len({day for day, _ in self._agents}),
            "rows": len(rows),
            "calls": calls["in"] + calls["out"] + WRONG_CALLS,
            "talk_seconds": calls["talk"] + WRONG_SECONDS,
            "disagreement": {
                "date": self._date(wrong),
                "agent_id": _AGENTS[WRONG_AGENT].agent_id,
                "calls": WRONG_CALLS,
                "talk_seconds": WRONG_SECONDS,
            },
        }
        offered = sum((Counter(n) for n in self._queues.values()), Counter())
        self._truth["queues"] = {name: offered[name] for name in ("offered", "answered", "abandoned")}

    def _write_ads(self, costs: list[Cost]) -> None:
        """The month's media costs of a channel and line, day by day as its leads came."""
        rows, days, total = [], [], Counter()
        for cost in costs:
            leads = Counter(
                lead.created // DAY
                for lead in self._world.leads
                if lead.channel.name == cost.channel
                and lead.line.name == cost.line
                and self._month(lead.created) == cost.month
            )
            left = cost.amount_cents
            text = next(channel.written_as[0] for channel in CHANNELS if channel.name == cost.channel)
            for place, day in enumerate(sorted(leads), 1):
                count = leads[day]
                cents = left if place == len(leads) else cost.amount_cents * count // leads.total()
                left -= cents
                clicks, shown = count * 24 + day % 7, count * 1100 + day % 13
                rows.append(
                    [self._date(day), text, f"{cost.line}-{cost.channel}", shown, clicks, f"{cents / 100:.2f}", count]
                )
                days.append(day)
                total.update(impressions=shown, clicks=clicks, leads=count, spend_cents=cents)
        self._write("generic_crm", "ad_statistics", "广告报表", _ADS, rows, days)
        self._truth["ads"] = dict(total)

    def _write_opportunities(self) -> None:
        """Leads of the enterprise line whose need was discovered, as the CRM's opportunities."""
        chosen = [lead for lead in self._world.leads if lead.line is ENTERPRISE and lead.discovery_at is not None]
        rows = [self._opportunity(lead) for lead in chosen]
        self._write(
            "generic_crm", "opportunities", "商机", _OPPORTUNITIES, rows, [lead.discovery_at // DAY for lead in chosen]
        )
        self._truth["opportunities"] = {
            "total": len(chosen),
            "won": sum(row[3] == "赢单" for row in rows),
            "open": sum(row[3] not in ("赢单", "输单") for row in rows),
        }

    def _opportunity(self, lead: Lead) -> list[str]:
        status = max(lead.statuses, key=lambda change: change[0])
        ended = lead.deal_at if lead.deal_at is not None else status[0] if status[1] == "流失" else None
        stage = (
            "赢单"
            if lead.deal_at is not None
            else "输单"
            if ended is not None
            else "方案报价"
            if lead.proposal_at is not None
            else "需求确认"
        )
        changed = max(at for at in (lead.discovery_at, lead.proposal_at, ended) if at is not None)
        cents = lead.orders[0].amount_cents if lead.orders else lead.line.amounts[0] * 100
        return [
            f"SJ{lead.lead_id[2:]}",
            f"{lead.line.name}商机",
            self._time(lead.discovery_at),
            stage,
            f"{cents / 100:.2f}",
            self._time(ended) if ended is not None else "",
            lead.lead_id,
            _AGENTS[lead.agent].agent_id,
            self._time(changed),
        ]

    def _write_contacts(self) -> None:
        """Bought names after all their dials: one row each, however often they were dialled."""
        chosen = [lead for lead in self._world.leads if lead.channel.name == "名单采购"]
        rows = [
            [
                f"MD{lead.lead_id[2:]}",
                "名单外呼",
                lead.number if lead.reachable else "",
                lead.lead_id,
                self._dials[lead.lead_id]["attempts"],
                self._dials[lead.lead_id]["connected"],
                self._time(self._last_dial[lead.lead_id]) if lead.lead_id in self._last_dial else "",
                _AGENTS[lead.agent].agent_id,
            ]
            for lead in chosen
        ]
        self._write(
            "generic_400",
            "contact_results",
            "名单结果",
            _CONTACTS,
            rows,
            [self._last_dial[lead.lead_id] // DAY for lead in chosen if lead.lead_id in self._last_dial],
        )
        self._truth["contacts"] = {
            "total": len(rows),
            "attempts": sum(row[4] for row in rows),
            "reached": sum(row[5] > 0 for row in rows),
        }

    def _write(
        self, source: str, feed: str, title: str, header: list[str], rows: list[list[Any]], days: list[int]
    ) -> None:
        delivered = dt.datetime.combine(self._world.first_day + dt.timedelta(days=self._world.days), dt.time(7, 40))
        name = f"{title}_{delivered:%Y%m%d_%H%M%S}.csv"
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([header, *rows])
        path = self._landing.path(source, feed, name)
        path.write_bytes(text.getvalue().encode("utf-8-sig"))
        truth = FileTruth(source, feed, name, encoding="utf-8-sig", rows_read=len(rows))
        for day in days:
            truth.saw(self._world.first_day + dt.timedelta(days=day))
        self._landing.delivered(path, delivered, truth)

    def _month(self, at: int) -> dt.date:
        return (self._world.first_day + dt.timedelta(seconds=at)).replace(day=1)

    def _date(self, day: int) -> str:
        return (self._world.first_day + dt.timedelta(days=day)).isoformat()

    def _time(self, at: int) -> str:
        moment = dt.datetime.combine(self._world.first_day, dt.time()) + dt.timedelta(seconds=at)
        return f"{moment:%Y-%m-%d %H:%M:%S}"
