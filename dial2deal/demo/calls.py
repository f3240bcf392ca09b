"""One call of the demo world, and the ways it can go."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

from dial2deal.demo.people import Weighted
from dial2deal.demo.scenario import CONGESTION, CONNECT_BY_HOUR, DAY, TRUNKS, BusinessLine

_TRUNK = Weighted(((name, carrier), share) for name, carrier, share in TRUNKS)
_MISSES = Weighted(
    [
        ("no_answer", 46),
        ("busy", 14),
        ("rejected", 18),
        ("power_off", 8),
        ("out_of_service_area", 5),
        ("arrears", 3),
        ("invalid_number", 4),
        ("voicemail", 1),
        ("platform_blocked", 1),
    ]
)
_JAMMED = Weighted([("line_fault", 60), ("busy", 40)])
_INBOUND = Weighted(
    [
        ("connected", 860),
        ("abandoned_queue", 55),
        ("abandoned_ivr", 40),
        ("abandoned_ring", 25),
        ("no_agent", 12),
        ("voicemail", 8),
    ]
)
COLD_TALK = Weighted([("D", 55), ("C", 25), ("B", 17), ("high", 3)])
INBOUND_TALK = Weighted([("D", 24), ("C", 24), ("B", 38), ("high", 14)])
FRIDAY_TALK = Weighted([("D", 20), ("C", 20), ("B", 32), ("high", 28)])
_HIGH_TIERS = Weighted([("A-", 45), ("A", 35), ("A+", 20)])


@dataclass(slots=True)
class Call:
    """Times are seconds: ``start`` since the first midnight of the demo, the others lengths."""

    direction: str
    number: str
    start: int
    result: str
    line: BusinessLine | None
    own_number: str
    ring: int = 0
    ivr: int = 0
    queue: int = 0
    talk: int = 0
    acw: int = 0
    agent: int | None = None
    trunk: tuple[str, str] = ("", "")
    province: str = ""
    city: str = ""
    hangup: str = ""
    csat: int | None = None
    notes: str = ""
    business_result: str = ""
    lead: Any = None
    call_id: str = ""

    @property
    def connected(self) -> bool:
        return self.result == "connected"

    @property
    def answered(self) -> int:
        """When somebody, or the voicemail, took the call; only meaningful with a talk time."""
        return self.start + self.ivr + self.queue + self.ring

    @property
    def ended(self) -> int:
        return self.answered + self.talk


def talk_in(rng: random.Random, band: str, line: BusinessLine) -> int:
    """Talk seconds of a tier (A+, A, A-, B, C, D) or of the ``high`` tiers together."""
    if band == "high":
        band = _HIGH_TIERS.draw(rng)
    lower, upper = line.tier_edges
    first, last = {
        "D": (2, 29),
        "C": (30, 59),
        "B": (60, line.high_above),
        "A-": (line.high_above + 1, lower),
        "A": (lower + 1, upper),
        "A+": (upper + 1, 2 * upper),
    }[band]
    # The square favours the shorter calls of a band, as real calls do.
    return first + int((last - first + 1) * rng.random() ** 2) if band != "D" else rng.randint(first, last)


def high_tier(rng: random.Random) -> str:
    return _HIGH_TIERS.draw(rng)


def outbound(
    rng: random.Random,
    *,
    number: str,
    start: int,
    line: BusinessLine,
    agent: int,
    place: tuple[str, str],
    connect: float,
    talk: int | None = None,
) -> Call:
    """One dial. ``connect`` is the chance at an average hour; a given ``talk`` makes the call connected."""
    hour = start % DAY // 3600
    trunk = _TRUNK.draw(rng)
    jammed = trunk[0] == CONGESTION["line_id"] and hour == CONGESTION["hour"] and place[0] in CONGESTION["provinces"]
    chance = connect * CONNECT_BY_HOUR.get(hour, 0.9) * (CONGESTION["connect_factor"] if jammed else 1.0)
    own = line.local_number if rng.random() < 0.6 else line.hotlines[int(rng.random() * 2)]
    call = Call(
        "outbound", number, start, "connected", line, own, agent=agent, trunk=trunk, province=place[0], city=place[1]
    )
    if talk is not None or rng.random() < chance:
        call.ring = 4 + int(rng.random() * 18)
        call.talk = talk or 0
        after_talk(rng, call)
        return call
    call.result = (_JAMMED if jammed and rng.random() < 0.7 else _MISSES).draw(rng)
    call.ring = (
        0
        if call.result in ("platform_blocked", "line_fault", "invalid_number")
        else 3 + int(rng.random() * (40 if call.result == "no_answer" else 20))
    )
    call.hangup = "system" if call.result != "rejected" else "customer"
    # Dialling in vain takes work as well; it is not handling of a talk.
    call.acw = 2 + start % 7
    if call.result == "voicemail":
        call.talk = 3 + int(rng.random() * 20)
    return call


def inbound(
    rng: random.Random,
    *,
    number: str,
    start: int,
    line: BusinessLine,
    agent: int,
    place: tuple[str, str],
    talk: int | None = None,
) -> Call:
    """One call to a hotline; a given ``talk`` makes it connected, otherwise the result is drawn and talk stays 0."""
    hour = start % DAY // 3600
    call = Call(
        "inbound",
        number,
        start,
        "connected",
        line,
        line.hotlines[int(rng.random() * 2)],
        province=place[0],
        city=place[1],
        trunk=("TJ-IN", "电信"),
        ivr=5 + int(rng.random() * 20),
    )
    if talk is None:
        call.result = "out_of_hours" if hour < 8 or hour >= 21 else _INBOUND.draw(rng)
    busy = 3.0 if hour == 10 else 1.0
    if call.result in ("connected", "abandoned_queue", "abandoned_ring"):
        call.queue = int(-10 * busy * _log(rng))
    if call.result == "connected":
        call.ring = 2 + int(rng.random() * 10)
        call.agent, call.talk = agent, talk or 0
        after_talk(rng, call)
    elif call.result == "abandoned_ring":
        call.ring, call.agent, call.hangup = 8 + int(rng.random() * 25), agent, "customer"
    elif call.result == "voicemail":
        call.talk, call.hangup = 5 + int(rng.random() * 40), "customer"
    else:
        call.hangup = "customer" if call.result.startswith("abandoned") else "system"
    return call


def after_talk(rng: random.Random, call: Call) -> None:
    """After-call work, who hung up, the survey and a note of a connected call."""
    call.acw = 5 + int(rng.random() * 55)
    call.hangup = "customer" if rng.random() < 0.7 else "agent"
    if rng.random() < 0.08:
        call.csat = 5 if rng.random() < 0.6 else 1 + int(rng.random() * 5)
    if rng.random() < 0.25:
        call.notes = ("客户稍后再联系", "已介绍产品，待考虑", "询问价格", "需要发送资料")[int(rng.random() * 4)]


def _log(rng: random.Random) -> float:
    return math.log(1.0 - rng.random())
