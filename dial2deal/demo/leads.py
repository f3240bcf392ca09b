"""The life of a lead: dials, talks, stages, orders. Simulated at its creation, up to the end of the demo."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dial2deal.demo.calls import Call, high_tier, inbound, outbound, talk_in
from dial2deal.demo.people import Weighted
from dial2deal.demo.scenario import (
    BUSINESS_LINES,
    CHANNELS,
    DAY,
    PROPOSAL_AFTER_NEED,
    TIER_EFFECT,
    BusinessLine,
    Channel,
)

_CHANNEL = Weighted((channel, channel.share) for channel in CHANNELS)
_DIALS = Weighted([(1, 15), (2, 20), (3, 25), (4, 22), (5, 18)])
# Everything a lead does, repurchases included, ends this long after its creation.
LIFE_DAYS = 84


@dataclass(slots=True)
class Order:
    ordered_at: int
    amount_cents: int
    line: BusinessLine
    status: str
    agent: int | None
    lead: Any = None
    customer_id: str = ""
    number: str = ""
    names_lead: bool = True  # the export carries the lead id
    channel_text: str = ""  # what the export says of the channel
    pays_later: bool = False  # first exported as not yet paid
    refunded_at: int | None = None  # sold, and taken back later
    order_id: str = ""


@dataclass(slots=True)
class Lead:
    """``statuses`` and ``events`` are (time, value); the ``*_at`` are the first times of what really happened.

    A dial that the platform blocked never left the house: it is no dial.
    """

    lead_id: str
    number: str
    province: str
    city: str
    channel: Channel
    line: BusinessLine
    agent: int
    created: int
    reachable: bool = True
    referrer: Any = None
    customer_id: str = ""
    statuses: list[Any] = field(default_factory=list[Any])
    events: list[Any] = field(default_factory=list[Any])
    orders: list[Any] = field(default_factory=list[Any])
    tier: str | None = None
    dial_at: int | None = None
    connect_at: int | None = None
    intent_at: int | None = None
    discovery_at: int | None = None
    confirm_at: int | None = None
    proposal_at: int | None = None
    deal_at: int | None = None
    repurchase_at: int | None = None
    is_first_contact_deal: bool = False
    last_connect_at: int | None = None


class LeadLife:
    """Creates leads and lets them live. ``emit`` receives their calls, in no order; ``closed_days`` have none."""

    def __init__(
        self,
        rng: random.Random,
        end: int,
        closed_days: frozenset[int],
        emit: Callable[[Call], None],
        agents_of: dict[str, range],
    ):
        self._rng, self._end, self._closed, self._emit = rng, end, closed_days, emit
        self._agents_of = agents_of
        self._won: list[Lead] = []
        self._customers = 0
        self.leads: list[Lead] = []

    def customer_id(self) -> str:
        """The next customer number of the CRM."""
        self._customers += 1
        return f"KH{self._customers:06d}"

    def create(self, lead_id: str, number: str, place: tuple[str, str], created: int) -> Lead:
        """A lead with all that follows from it."""
        rng = self._rng
        line = BUSINESS_LINES[0] if rng.random() < 0.45 else BUSINESS_LINES[1]
        agent = rng.choice(self._agents_of[line.name])
        lead = Lead(lead_id, number, *place, _CHANNEL.draw(rng), line, agent, created)
        lead.statuses.append((created, "新线索"))
        if lead.channel.name == "转介绍" and rng.random() < 0.6:
            self._refer(lead)
        fate = rng.random()
        if fate < 0.03:
            lead.reachable = False
            self._become(lead, created + DAY, "无效")
        elif fate > 0.08:
            self._live(lead)
        self.leads.append(lead)
        return lead

    def _refer(self, lead: Lead) -> None:
        for _ in range(8 if self._won else 0):
            other = self._won[int(self._rng.random() * len(self._won))]
            if other.deal_at < lead.created < other.created + LIFE_DAYS * DAY:
                lead.referrer = other
                other.repurchase_at = min(other.repurchase_at or lead.created, lead.created)
                return

    def _live(self, lead: Lead) -> None:
        at = self._dial_until_answered(lead)
        if at is None:
            return
        rng = self._rng
        if rng.random() < 0.008:
            # Bought in the first talk; the CRM knows no stage before.
            self._win(lead, at + 900)
            lead.is_first_contact_deal = lead.deal_at is not None
            return
        if rng.random() < 0.25:
            self._call_back(lead, at, "C")
        if rng.random() >= lead.channel.intent:
            if rng.random() < 0.55:
                self._become(lead, self._working(at + self._days(3, 15)), "流失", "流失")
            return
        steps = (
            (self._intent, None),
            (self._discovery, lead.channel.discovery),
            (self._confirm, None),
            (self._proposal, PROPOSAL_AFTER_NEED),
            (self._deal, lead.channel.deal),
        )
        for step, chance in steps:
            if chance is None and step == self._confirm:
                chance = min(0.95, lead.channel.confirm * TIER_EFFECT[lead.tier])
            if chance is not None and rng.random() >= chance:
                if rng.random() < 0.5:
                    self._become(lead, self._working(at + self._days(5, 20)), "流失", "流失")
                return
            at = step(lead, at)
            if at is None:
                return

    def _dial_until_answered(self, lead: Lead) -> int | None:
        rng = self._rng
        at = self._working(lead.created + 600 + int(rng.random() ** 3 * 20 * 3600))
        for attempt in range(_DIALS.draw(rng)):
            if at >= self._end:
                return None
            call = self._dial(lead, at, lead.channel.connect)
            if attempt == 0:
                self._become(lead, at, "跟进中")
            if lead.dial_at is None and call.result != "platform_blocked":
                lead.dial_at = at
            if call.connected:
                call.talk = talk_in(rng, "D" if rng.random() < 0.3 else "C" if rng.random() < 0.5 else "B", lead.line)
                self._connected(lead, call)
                lead.connect_at = call.start
                self._event(lead, call.ended, "已联系")
                return call.ended
            at = self._working(at + self._days(0.7, 4))
        if rng.random() < 0.4:
            self._become(lead, self._working(at + self._days(5, 12)), "流失", "流失")
        return None

    def _intent(self, lead: Lead, at: int) -> int | None:
        way = self._rng.random()
        lead.tier = None if way < 0.10 else high_tier(self._rng)
        call = self._talk(lead, at, 0.3, 3, lead.tier or "B")
        if call is None:
            lead.tier = None
            return None
        # A hot call proves the intent when it starts, the CRM only after it has ended.
        lead.intent_at = call.start if lead.tier else call.ended + 300
        if way < 0.85:
            self._event(lead, call.ended + 300, "意向确认")
        self._become(lead, call.ended + 300, "有意向")
        if lead.tier and self._rng.random() < 0.35:
            self._call_back(lead, call.ended, "high")
        return call.ended + 300

    def _discovery(self, lead: Lead, at: int) -> int | None:
        call = self._talk(lead, at, 0.8, 4, "B")
        if call is None:
            return None
        lead.discovery_at = call.ended + 120
        self._event(lead, lead.discovery_at, "需求挖掘")
        return lead.discovery_at

    def _confirm(self, lead: Lead, at: int) -> int | None:
        call = self._talk(lead, at, 0.8, 5, "B")
        if call is None:
            return None
        lead.confirm_at = call.ended + 120
        self._event(lead, lead.confirm_at, "需求确认")
        if self._rng.random() < 0.08:
            # The agent went straight to the confirmed need and never noted the discovery.
            lead.events = [event for event in lead.events if event[1] != "需求挖掘"]
            lead.discovery_at = lead.confirm_at
        return lead.confirm_at

    def _proposal(self, lead: Lead, at: int) -> int | None:
        when = self._working(at + self._days(0.8, 3))
        if when >= self._end:
            return None
        lead.proposal_at = when
        self._event(lead, when, "方案报价")
        if self._rng.random() < 0.06:
            lead.orders.append(self._order(lead, when + 3600, "已取消"))
        return when

    def _deal(self, lead: Lead, at: int) -> int | None:
        rng = self._rng
        call = self._talk(lead, at, 0.8, 8, "B")
        if call is None:
            return None
        self._win(lead, call.ended + 900)
        if lead.deal_at is not None and rng.random() < 0.10:
            lead.events = [event for event in lead.events if event[1] != "方案报价"]
            lead.proposal_at = None
        return lead.deal_at

    def _win(self, lead: Lead, at: int) -> None:
        """The sale, perhaps a talk after it, a second sale, or the money back."""
        rng = self._rng
        if at >= self._end:
            return
        lead.deal_at = at
        lead.customer_id = self.customer_id()
        lead.orders.append(self._order(lead, lead.deal_at, "已完成"))
        if rng.random() < 0.9:
            self._event(lead, lead.deal_at, "成交")
        self._become(lead, lead.deal_at, "已成交")
        self._won.append(lead)
        if rng.random() < lead.line.repurchase:
            when = self._working(lead.deal_at + self._days(7, 24))
            if when < min(self._end, lead.created + LIFE_DAYS * DAY):
                lead.repurchase_at = when
                lead.orders.append(self._order(lead, when, "已完成"))
        if rng.random() < 0.3:
            self._call_back(lead, lead.deal_at, "C")
        if rng.random() < 0.12:
            back = self._working(lead.deal_at + self._days(20, 40))
            lead.orders[-1].refunded_at = back if back < self._end else None

    def _order(self, lead: Lead, at: int, status: str) -> Order:
        rng = self._rng
        price = rng.choice(lead.line.amounts) * 100
        amount = price if rng.random() < 0.7 else price - int(rng.random() * price / 5)
        order = Order(at, amount, lead.line, status, lead.agent, lead, lead.customer_id, lead.number)
        if status == "已完成":
            order.names_lead = rng.random() < 0.88
            order.pays_later = rng.random() < 0.05
            if order.names_lead and rng.random() < 0.05:
                order.channel_text = rng.choice(CHANNELS).name
        return order

    def _call_back(self, lead: Lead, at: int, band: str) -> None:
        rng = self._rng
        when = self._working(at + self._days(0.2, 8))
        if when < self._end:
            call = inbound(
                rng,
                number=lead.number,
                start=when,
                line=lead.line,
                agent=lead.agent,
                place=(lead.province, lead.city),
                talk=talk_in(rng, band, lead.line),
            )
            self._connected(lead, call)
            call.lead = lead
            self._emit(call)

    def _talk(self, lead: Lead, at: int, low: float, high: float, band: str) -> Call | None:
        when = self._working(at + self._days(low, high))
        if when >= self._end:
            return None
        call = self._dial(lead, when, 1.0, talk_in(self._rng, band, lead.line))
        self._connected(lead, call)
        return call

    def _dial(self, lead: Lead, at: int, connect: float, talk: int | None = None) -> Call:
        call = outbound(
            self._rng,
            number=lead.number,
            start=at,
            line=lead.line,
            agent=lead.agent,
            place=(lead.province, lead.city),
            connect=connect,
            talk=talk,
        )
        call.lead = lead
        self._emit(call)
        return call

    @staticmethod
    def _connected(lead: Lead, call: Call) -> None:
        lead.last_connect_at = max(lead.last_connect_at or 0, call.start)

    def _event(self, lead: Lead, at: int, stage: str) -> None:
        if at < self._end:
            lead.events.append((at, stage))

    def _become(self, lead: Lead, at: int, status: str, stage: str | None = None) -> None:
        if at < self._end:
            lead.statuses.append((at, status))
            if stage:
                lead.events.append((at, stage))

    def _days(self, low: float, high: float) -> int:
        return int((low + self._rng.random() * (high - low)) * DAY)

    def _working(self, at: int) -> int:
        """The same time when somebody works then, otherwise the next working morning."""
        second = at % DAY
        if second < 9 * 3600:
            at += 9 * 3600 - second + int(self._rng.random() * 3600)
        elif second > 20 * 3600:
            at += DAY - second + 9 * 3600 + int(self._rng.random() * 5400)
        while at // DAY in self._closed:
            at += DAY
        return at
