"""Day by day: leads arrive, agents dial, customers call. Yields the calls of each day in order of time."""

from __future__ import annotations

import datetime as dt
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dial2deal.demo.calls import COLD_TALK, FRIDAY_TALK, INBOUND_TALK, Call, inbound, outbound, talk_in
from dial2deal.demo.leads import Lead, LeadLife, Order
from dial2deal.demo.people import Numbers, Weighted
from dial2deal.demo.scenario import (
    BOUNDARY_SECONDS,
    BUSINESS_LINES,
    DAY,
    DAY_FACTOR,
    INBOUND_HOURS,
    LEADS_PER_CALL,
    MOST_LEADS,
    OUTBOUND_HOURS,
    SENSITIVE_AGENT,
    SENSITIVE_NOTES,
    TEAMS,
    BusinessLine,
    day_kind,
)

_OUT_HOUR = Weighted(OUTBOUND_HOURS.items())
_IN_HOUR = Weighted(INBOUND_HOURS.items())
_ANYWHERE = ("", "")
AGENTS_OF = {line.name: tuple(n for _, of, members in TEAMS if of is line for n in members) for line in BUSINESS_LINES}


@dataclass
class Planted:
    """What was put in on purpose, beyond the probabilities of the scenario."""

    cap_violations: list[Any] = field(default_factory=list[Any])
    dnc_violations: list[Any] = field(default_factory=list[Any])
    sensitive_calls: int = 0


@dataclass
class Customer:
    customer_id: str
    number: str
    province: str
    city: str
    created: int
    segment: str


def lead_share(calls: int) -> float:
    """Leads per call: the scenario's share, less in huge demos, for the invented numbers are not endless."""
    return min(LEADS_PER_CALL, MOST_LEADS / calls)


class World:
    """The demo world between ``first_day`` and ``first_day + days``; ``closed_days`` see no call of a lead."""

    def __init__(
        self, first_day: dt.date, days: int, calls_per_day: int, seed: int, closed_days: frozenset[int] = frozenset()
    ):
        self.first_day, self.days, self.calls_per_day = first_day, days, calls_per_day
        self.end = days * DAY
        self.rng = random.Random(seed)
        self.numbers = Numbers(self.rng)
        self.planted = Planted()
        self._due: dict[int, list[Call]] = {}
        self.life = LeadLife(self.rng, self.end, closed_days, self._schedule, AGENTS_OF)
        self.closed_days = closed_days
        self.old_customers = [self._old_customer() for _ in range(max(20, int(calls_per_day * 0.3)))]
        self.walk_in_orders: list[Order] = []
        self._kinds = [day_kind(first_day + dt.timedelta(days=n)) for n in range(days)]
        self._scale = days / sum(DAY_FACTOR[kind] for kind in self._kinds)
        self._cold: deque = deque(maxlen=4000)
        self._callers: deque = deque(maxlen=3000)
        self._do_not_call: deque = deque(maxlen=400)
        self._last_id = 0

    @property
    def leads(self) -> list[Lead]:
        return self.life.leads

    def simulate(self) -> Iterator[tuple[int, list[Call]]]:
        """(day number, its calls sorted by start and numbered), one day after the other."""
        share = lead_share(self.days * self.calls_per_day)
        for day in range(self.days):
            target = self.calls_per_day * DAY_FACTOR[self._kinds[day]] * self._scale
            target = int(target * (0.94 + 0.12 * self.rng.random()))
            self._new_leads(day, max(1, round(target * share)))
            calls = self._due.pop(day, [])
            dialled = sum(call.direction == "outbound" for call in calls)
            received = len(calls) - dialled
            calls.extend(self._cold_dials(day, max(0, int(target * 0.72) - dialled)))
            calls.extend(self._hotline(day, max(0, int(target * 0.275) - received)))
            calls.extend(self._internal(day, max(1, int(target * 0.005))))
            calls.extend(self._boundaries(day))
            if day not in self.closed_days:
                calls.extend(self._offences(day))
                self._walk_ins(day, target)
            calls.sort(key=_order_of_start)
            self._number(day, calls)
            yield day, calls

    def _schedule(self, call: Call) -> None:
        self._due.setdefault(call.start // DAY, []).append(call)

    def _number(self, day: int, calls: list[Call]) -> None:
        date = (self.first_day + dt.timedelta(days=day)).strftime("%Y%m%d")
        for n, call in enumerate(calls, 1):
            call.call_id = f"TH{date}{n:06d}"
            if call.agent == SENSITIVE_AGENT and call.connected and self.rng.random() < 0.15:
                call.notes = self.rng.choice(SENSITIVE_NOTES)
                self.planted.sensitive_calls += day not in self.closed_days

    def _time(self, day: int, hours: Weighted) -> int:
        return day * DAY + hours.draw(self.rng) * 3600 + int(self.rng.random() * 3600)

    def _line_and_agent(self) -> tuple[BusinessLine, int]:
        line = BUSINESS_LINES[0] if self.rng.random() < 0.42 else BUSINESS_LINES[1]
        agents = AGENTS_OF[line.name]
        return line, agents[int(self.rng.random() * len(agents))]

    def _new_leads(self, day: int, count: int) -> None:
        date = (self.first_day + dt.timedelta(days=day)).strftime("%Y%m%d")
        for n, created in enumerate(sorted(self._time(day, _IN_HOUR) for _ in range(count)), 1):
            number, province, city = self.numbers.new("lead")
            self.life.create(f"XS{date}{n:05d}", number, (province, city), created)

    def _cold_dials(self, day: int, count: int) -> Iterator[Call]:
        rng = self.rng
        for _ in range(count):
            if self._cold and rng.random() < 0.4:
                number, place = self._cold[int(rng.random() * len(self._cold))]
            else:
                number, *where = self.numbers.new("cold")
                place = tuple(where)
            line, agent = self._line_and_agent()
            call = outbound(
                rng, number=number, start=self._time(day, _OUT_HOUR), line=line, agent=agent, place=place, connect=0.34
            )
            if call.connected:
                call.talk = talk_in(rng, COLD_TALK.draw(rng), line)
                call.business_result = self._disposition(call)
            else:
                self._cold.append((number, place))
            yield call

    def _disposition(self, call: Call) -> str:
        draw = self.rng.random()
        if call.talk > call.line.high_above:
            return "有意向"
        return "无意向" if draw < 0.4 else "无需求" if draw < 0.6 else "再联系" if draw < 0.8 else ""

    def _hotline(self, day: int, count: int) -> Iterator[Call]:
        rng = self.rng
        friday = (self.first_day + dt.timedelta(days=day)).weekday() == 4
        for _ in range(count):
            start = self._time(day, _IN_HOUR)
            number, place = self._caller()
            line, agent = self._line_and_agent()
            call = inbound(rng, number=number, start=start, line=line, agent=agent, place=place)
            if call.connected:
                hot = friday and 14 <= start % DAY // 3600 < 17
                call.talk = talk_in(rng, (FRIDAY_TALK if hot else INBOUND_TALK).draw(rng), line)
            yield call

    def _caller(self) -> tuple[str, tuple[str, str]]:
        rng = self.rng
        kind = rng.random()
        if kind < 0.15:
            customer = self.old_customers[int(rng.random() * len(self.old_customers))]
            return customer.number, (customer.province, customer.city)
        if kind < 0.40 and self._callers:
            return self._callers[int(rng.random() * len(self._callers))]
        if kind < 0.407:
            return ("未知", "匿名", "")[int(rng.random() * 3)], _ANYWHERE
        number, province, city = self.numbers.new("landline" if kind > 0.96 else "caller")
        if kind < 0.417:
            return f"{number[:3]}****{number[-4:]}", (province, city)
        self._callers.append((number, (province, city)))
        return number, (province, city)

    def _internal(self, day: int, count: int) -> Iterator[Call]:
        rng = self.rng
        for _ in range(count):
            agent = int(rng.random() * 24)
            yield Call(
                "internal",
                f"{8001 + int(rng.random() * 24)}",
                self._time(day, _OUT_HOUR),
                "connected",
                None,
                "",
                ring=2 + int(rng.random() * 5),
                talk=5 + int(rng.random() * 1200),
                agent=agent,
                hangup="agent",
            )

    def _boundaries(self, day: int) -> Iterator[Call]:
        """Connected calls of both lines and directions that last exactly as long as a tier's edge."""
        count = len(BOUNDARY_SECONDS)
        for index in (2 * day % count, (2 * day + 1) % count):
            for line in BUSINESS_LINES:
                for make, purpose, hours in ((outbound, "cold", _OUT_HOUR), (inbound, "caller", _IN_HOUR)):
                    number, *place = self.numbers.new(purpose)
                    extra = {"connect": 1.0} if make is outbound else {}
                    yield make(
                        self.rng,
                        number=number,
                        start=self._time(day, hours),
                        line=line,
                        agent=AGENTS_OF[line.name][0],
                        place=tuple(place),
                        talk=BOUNDARY_SECONDS[index],
                        **extra,
                    )

    def _offences(self, day: int) -> Iterator[Call]:
        """Five dials to one number on one day, and a dial to somebody who has asked to be left alone."""
        rng = self.rng
        if day % 6 == 3:
            number, *place = self.numbers.new("cold")
            line, agent = self._line_and_agent()
            for n in range(5):
                call = outbound(
                    rng,
                    number=number,
                    start=day * DAY + (9 + 2 * n) * 3600 + 61 * n,
                    line=line,
                    agent=agent,
                    place=tuple(place),
                    connect=0.0,
                )
                if n == 1:
                    call.result, call.ring, call.talk = "platform_blocked", 0, 0
                yield call
            self.planted.cap_violations.append({"day": day, "number": number, "calls": 5})
        if day % 4 == 1:
            number, *place = self.numbers.new("cold")
            line, agent = self._line_and_agent()
            call = outbound(
                rng,
                number=number,
                start=self._time(day, _OUT_HOUR),
                line=line,
                agent=agent,
                place=tuple(place),
                connect=1.0,
                talk=18,
            )
            call.business_result, call.notes = "要求不再联系", "客户要求请勿再拨打"
            self._do_not_call.append((number, tuple(place), line, day))
            yield call
        if day % 8 == 7 and self._do_not_call and self._do_not_call[0][3] < day:
            number, place, line, asked = self._do_not_call.popleft()
            yield outbound(
                rng,
                number=number,
                start=self._time(day, _OUT_HOUR),
                line=line,
                agent=AGENTS_OF[line.name][1],
                place=place,
                connect=0.0,
            )
            self.planted.dnc_violations.append({"asked_day": asked, "day": day, "number": number})

    def _walk_ins(self, day: int, target: float) -> None:
        """Orders of old customers: no lead stands behind them; half of them name a channel."""
        rng = self.rng
        for _ in range(int(target * 0.0015 + rng.random())):
            customer = self.old_customers[int(rng.random() * len(self.old_customers))]
            line = BUSINESS_LINES[int(rng.random() * 2)]
            order = Order(
                self._time(day, _OUT_HOUR),
                rng.choice(line.amounts) * 100,
                line,
                "已完成",
                None,
                None,
                customer.customer_id,
                customer.number,
                names_lead=False,
            )
            if rng.random() < 0.5:
                order.channel_text = "百度推广" if rng.random() < 0.5 else "线下展会"
            if rng.random() < 0.15:
                order.status = "已退款"
            self.walk_in_orders.append(order)

    def _old_customer(self) -> Customer:
        number, province, city = self.numbers.new("customer")
        created = -int(self.rng.random() * 700 * DAY) - DAY
        return Customer(
            self.life.customer_id(), number, province, city, created, self.rng.choice(("高价值", "普通", "沉睡"))
        )


def _order_of_start(call: Call) -> tuple[int, str, str]:
    return call.start, call.direction, call.number
