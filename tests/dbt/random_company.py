"""Random deliveries of one small company, made to hurt: ids that change date, customer, lead, channel and status."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

FIRST = dt.datetime(2026, 3, 2, 9, 0)
DAYS = 24
CHANNELS = ("百度", "抖音", "转介绍", "Unheard-of", "")


@dataclass(frozen=True)
class File:
    source: str
    feed: str
    rows: tuple[dict[str, str], ...]
    at: str


def files(seed: int) -> list[File]:
    """Every delivery of the company, in the order in which it was made."""
    return _Company(seed).files()


class _Company:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.phones = [f"1380000{n:04d}" for n in range(9)]
        self.calls = [self._call(n) for n in range(70)]
        self.leads = [self._lead(n) for n in range(14)]
        self.orders = [self._order(n) for n in range(16)]
        self.customers = [
            {"customer_id": f"K{n}", "created_at": self._moment(), "customer_number": self._phone()} for n in range(5)
        ]

    def files(self) -> list[File]:
        hotline, crm = "generic_400", "generic_crm"
        return [
            self._file(hotline, "own_numbers", self._own_numbers(), 1),
            self._file(hotline, "agents", self._agents(), 1),
            self._file(hotline, "calls", self._part(self.calls), 6),
            self._file(crm, "leads", self._part(self.leads), 7),
            self._file(crm, "orders", self._part(self.orders), 8),
            self._file(crm, "lead_events", self._events(), 9),
            self._file(crm, "customers", self._part(self.customers), 10),
            self._file(crm, "channel_costs", self._costs(), 10),
            self._file(hotline, "calls", [self._ended_first(call) for call in self._part(self.calls)], 11),
            self._file(hotline, "calls", [self._changed(c, self._call) for c in self._part(self.calls)], 12),
            self._file("generic", "leads", self._part([self._lead(n) for n in range(14)])[:5], 13),
            self._file(crm, "leads", [self._changed(lead, self._lead) for lead in self._part(self.leads)], 14),
            self._file(crm, "orders", [self._changed(order, self._order) for order in self._part(self.orders)], 15),
            self._file(crm, "lead_events", self._events(), 16),
            self._file(crm, "customers", [{**c, "customer_number": self._phone()} for c in self.customers[:3]], 17),
            self._file(hotline, "agents", self._agents(), 18),
            self._file(hotline, "own_numbers", self._own_numbers(), 19),
            self._file(crm, "channel_costs", self._costs(), 20),
            self._file(hotline, "calls", [self._changed(c, self._call) for c in self._part(self.calls)], 21),
        ]

    def _file(self, source: str, feed: str, rows: list[dict[str, str]], day: int) -> File:
        return File(source, feed, tuple(rows), f"2026-04-{day:02d} 06:00:00")

    def _part(self, rows: list[dict[str, str]]) -> list[dict[str, str]]:
        return [row for row in rows if self.random.random() < 0.7]

    def _ended_first(self, call: dict[str, str]) -> dict[str, str]:
        """A call that ends before it begins: a file of such is held."""
        return {**call, "ended_at": "2026-02-01 09:00:00"}

    def _changed(self, row: dict[str, str], make) -> dict[str, str]:
        """The same id: as it was, with some other values, or with all values new."""
        number, fate = int("".join(c for c in next(iter(row.values())) if c.isdigit())), self.random.random()
        if fate < 0.4:
            return row
        fresh = make(number)
        return fresh if fate > 0.7 else {**row, **{k: fresh[k] for k in self.random.sample(sorted(fresh), 3)}}

    def _moment(self) -> str:
        minutes = self.random.randrange(DAYS * 24 * 60 // 30) * 30
        return (FIRST + dt.timedelta(minutes=minutes)).isoformat(sep=" ")

    def _phone(self) -> str:
        return self.random.choice([*self.phones, "", "138****0001"])

    def _call(self, n: int) -> dict[str, str]:
        talk = self.random.choice([0, 0, 12, 45, 60, 299, 301, 650, 20000])
        return {
            "call_id": f"C{n:03d}",
            "direction": self.random.choice(["呼入", "呼出", "呼出", "内部"]),
            "customer_number": self._phone(),
            "customer_id": self.random.choice(["", "", "X1", "X2"]),
            "own_number": self.random.choice(["4007000001", "4007000002", ""]),
            "started_at": self._moment(),
            "talk_seconds": str(talk),
            "is_connected": "是" if talk else "否",
            "agent_id": self.random.choice(["8001", "8002", "8003", ""]),
            "department": "部门一",
            "channel": self.random.choice(CHANNELS),
            "lead_id": self.random.choice(["", "", "", f"L{n % 17}"]),
            "source_updated_at": self.random.choice(["", "", "2026-03-30 00:00:00", "2026-04-09 00:00:00"]),
        }

    def _lead(self, n: int) -> dict[str, str]:
        return {
            "lead_id": f"L{n}",
            "created_at": self._moment(),
            "customer_number": self._phone(),
            "customer_id": self.random.choice(["", f"K{n % 6}"]),
            "channel": self.random.choice(CHANNELS),
            "status": self.random.choice(["跟进中", "无效", "输单", ""]),
            "business_line": self.random.choice(["课程培训", "企业服务", ""]),
            "owner_agent_id": self.random.choice(["8001", "8009", ""]),
            "referrer_customer_id": self.random.choice(["", "", "K1", "K2"]),
            "need_confirmed": self.random.choice(["是", "否", ""]),
            "last_followed_up_at": self._moment(),
            "source_updated_at": "",
        }

    def _order(self, n: int) -> dict[str, str]:
        return {
            "order_id": f"O{n}",
            "ordered_at": self._moment(),
            "amount_cny": str(self.random.randrange(1, 9) * 99.5),
            "customer_number": self._phone(),
            "customer_id": self.random.choice(["", f"K{n % 6}"]),
            "lead_id": self.random.choice(["", "", f"L{n % 17}"]),
            "agent_id": self.random.choice(["8001", "8002"]),
            "status": self.random.choice(["已付款", "已付款", "待付款", "已退款", ""]),
            "channel": self.random.choice(CHANNELS),
            "source_updated_at": "",
        }

    def _events(self) -> list[dict[str, str]]:
        return [
            {
                "lead_id": f"L{self.random.randrange(17)}",
                "occurred_at": self._moment(),
                "stage": self.random.choice(["意向", "需求确认", "需求挖掘", "报价", "输单", "无效"]),
            }
            for _ in range(20)
        ]

    def _agents(self) -> list[dict[str, str]]:
        return [
            {
                "agent_id": agent,
                "agent_name": self.random.choice(["测试甲", "测试乙"]),
                "team": self.random.choice(["一组", "二组", ""]),
            }
            for agent in ("8001", "8002", "8009")
        ]

    def _own_numbers(self) -> list[dict[str, str]]:
        return [
            {
                "own_number": "400-700-0001",
                "business_line": self.random.choice(["课程培训", "企业服务"]),
                "valid_from": self.random.choice(["", "2026-03-10"]),
            }
        ]

    def _costs(self) -> list[dict[str, str]]:
        return [
            {
                "cost_date": f"2026-{month}-01",
                "channel": channel,
                "cost_kind": "media",
                "amount_cny": str(self.random.randrange(100, 900)),
            }
            for month in ("03", "04")
            for channel in CHANNELS
        ]
