"""What the marts must say: counted from the world itself, never from the files."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from typing import Any

from dial2deal.demo.calls import Call
from dial2deal.demo.leads import Lead, Order
from dial2deal.demo.people import masked
from dial2deal.demo.scenario import (
    BEST_CHANNEL,
    CHANNELS,
    CONGESTION,
    DAY,
    PROPOSAL_AFTER_NEED,
    SENSITIVE_AGENT,
    TIER_EFFECT,
    WORST_CHANNEL,
    agents,
    tier_of,
)
from dial2deal.demo.vendor_crm import CrmExports
from dial2deal.demo.world import World

SIX_STAGE = ("dial", "connect", "intent", "need_confirmed", "deal", "repurchase")
FIVE_STAGE = ("reach", "intent", "need_discovery", "proposal", "deal")
POOL_DAYS = REPEAT_DAYS = 30
MATURE_DAYS = 45
_NO_LINE = "none"


class CallTruth:
    """Counts unique accepted calls. ``count`` takes every call once, as the last delivery tells it."""

    def __init__(self, world: World, *, keep_callers: bool):
        self._world = world
        self._agents = agents()
        self._pool_from = world.end - POOL_DAYS * DAY
        self._keep_from = self._pool_from - REPEAT_DAYS * DAY if keep_callers else world.end
        self._recent: dict[str, list[Call]] = defaultdict(list)
        self._dials: Counter | None = Counter() if keep_callers else None
        self.counts: dict[str, Counter] = defaultdict(Counter)

    def count(self, call: Call) -> None:
        """Add one accepted call to every table of counts."""
        counts, direction = self.counts, call.direction
        day, second = divmod(call.start, DAY)
        line = call.line.name if call.line else _NO_LINE
        connected = call.connected
        counts["date_direction"][day, direction] += 1
        counts["line_direction_result"][line, direction, call.result] += 1
        counts["date_line_connected"][day, line, connected] += 1
        counts["hour_direction_connected"][second // 3600, direction, connected] += 1
        counts["own_number"][call.own_number or _NO_LINE] += 1
        counts["province"][call.province] += 1
        if call.agent is not None:
            counts["agent_connected"][self._agents[call.agent].agent_id, connected] += 1
        if direction == "outbound":
            key = (
                "jammed"
                if call.trunk[0] == CONGESTION["line_id"]
                and second // 3600 == CONGESTION["hour"]
                and call.province in CONGESTION["provinces"]
                else "free"
            )
            counts["congestion"][key, connected] += 1
        if direction != "internal":
            self._count_customer_call(call, counts["customer_calls"])
        if connected:
            counts["talk_seconds"][day, direction] += call.talk
            counts["histogram"][line, direction, call.talk] += 1
            if call.line:
                counts["tiers"][line, direction, tier_of(call.line, call.talk)] += 1
        if call.start >= self._keep_from and direction != "internal":
            self._recent[call.number].append(call)

    def _count_customer_call(self, call: Call, totals: Counter) -> None:
        """What the product says of calls with customers; work after a call in vain is nobody's handling time."""
        totals["calls",] += 1
        if call.connected:
            totals["connected",] += 1
            totals["high_intent",] += call.talk > call.line.high_above
            totals["handling_seconds",] += call.talk + call.acw
        else:
            totals["work_in_vain_seconds",] += call.acw
        if self._dials is not None and call.direction == "outbound" and call.result != "platform_blocked":
            self._dials[call.start // DAY, call.number] += 1

    def _attempts(self) -> dict[str, int]:
        """How many dials were the first, second … of the day to their customer; blocked ones are none."""
        numbers: Counter = Counter()
        for dials in (self._dials or {}).values():
            numbers.update(range(1, dials + 1))
        return {str(number): n for number, n in sorted(numbers.items())}

    def as_json(self) -> dict[str, Any]:
        """Nested plain tables; days are ISO dates."""
        counts = self.counts
        by_direction = Counter()
        for (_, direction), n in counts["date_direction"].items():
            by_direction[direction] += n
        return {
            "total": sum(by_direction.values()),
            "by_direction": dict(sorted(by_direction.items())),
            **{f"by_{name}": nested(self._dated(name)) for name in sorted(counts)},
            "dials_by_attempt": self._attempts(),
            "pool": {
                "first_day": self._iso(self._pool_from // DAY),
                "days": POOL_DAYS,
                "repeat_days": REPEAT_DAYS,
                "callers": self._callers(),
            },
        }

    def _dated(self, name: str) -> dict[str, Any]:
        if name.startswith(("date_", "talk_seconds")):
            return {(self._iso(key[0]), *key[1:]): n for key, n in self.counts[name].items()}
        return self.counts[name]

    def _iso(self, day: int) -> str:
        return (self._world.first_day + dt.timedelta(days=day)).isoformat()

    def _callers(self) -> list[dict[str, Any]]:
        """Everybody with a hot call in the pool's days; around the last one their own calls, and our dials beside."""
        start = dt.datetime.combine(self._world.first_day, dt.time())
        result = []
        for number, calls in self._recent.items():
            hot = [c for c in calls if c.start >= self._pool_from and c.connected and c.talk > c.line.high_above]
            if not hot or not number.replace("-", "").isdigit():
                continue
            last = max(hot, key=lambda c: c.start)
            since = (last.start // DAY - REPEAT_DAYS + 1) * DAY
            around = [c for c in calls if c.start >= since]
            result.append(
                {
                    "phone_masked": masked(number) if number.isdigit() else None,
                    "province": last.province,
                    "line": last.line.name,
                    "direction": last.direction,
                    "calls": sum(c.direction == "inbound" for c in around),
                    "attempts": sum(c.direction == "outbound" and c.result != "platform_blocked" for c in around),
                    "hot_calls": sum(c.connected and c.talk > c.line.high_above for c in around),
                    "last_hot_at": (start + dt.timedelta(seconds=last.start)).isoformat(),
                    "last_hot_call_id": last.call_id,
                    "last_hot_seconds": last.talk,
                    "last_hot_tier": tier_of(last.line, last.talk),
                    "lead_id": last.lead.lead_id if last.lead else None,
                }
            )
        return sorted(result, key=lambda row: (row["last_hot_at"], row["last_hot_call_id"]))


def reached(lead: Lead, preset: str) -> tuple[bool, ...]:
    """Which stages of a preset the lead reached; a later stage implies the earlier ones."""
    facts = (
        (lead.dial_at, lead.connect_at, lead.intent_at, lead.confirm_at, lead.deal_at, lead.repurchase_at)
        if preset == "six_stage"
        else (lead.connect_at, lead.intent_at, lead.discovery_at, lead.proposal_at, lead.deal_at)
    )
    flags, later = [], False
    for fact in reversed(facts):
        later = later or fact is not None
        flags.append(later)
    return tuple(reversed(flags))


def crm_truth(world: World, crm: CrmExports) -> dict[str, Any]:
    """Leads, funnel, orders and costs."""

    def date(at: int) -> dt.date:
        return world.first_day + dt.timedelta(days=at // DAY)

    def month(at: int) -> str:
        return date(at).strftime("%Y-%m")

    leads = world.leads
    funnel = {}
    for preset, stages in (("six_stage", SIX_STAGE), ("five_stage", FIVE_STAGE)):
        cells: Counter = Counter()
        for lead in leads:
            created = date(lead.created)
            week = (created - dt.timedelta(days=created.weekday())).isoformat()
            cells[week, lead.channel.name, "entered"] += 1
            for stage, yes in zip(stages, reached(lead, preset), strict=True):
                cells[week, lead.channel.name, stage] += yes
        funnel[preset] = {"stages": stages, "by_week_channel": nested(cells)}
    funnel["six_stage"]["weakest"] = {"from": "intent", "to": "need_confirmed"}
    funnel["five_stage"]["weakest"] = {"from": "need_discovery", "to": "proposal"}
    final_status = Counter(max(lead.statuses, key=lambda change: change[0])[1] for lead in leads)
    return {
        "leads": {
            "total": len(leads),
            "by_month_channel": nested(Counter((month(x.created), x.channel.name) for x in leads)),
            "by_line": nested(Counter((x.line.name,) for x in leads)),
            "by_status": dict(sorted(final_status.items())),
            "dialled": sum(x.dial_at is not None for x in leads),
            "with_usable_number": sum(x.reachable for x in leads),
            "referred": sum(x.referrer is not None for x in leads),
            "dormant": _dormant(world),
            "valid": nested(Counter((x.channel.name,) for x in leads if _is_valid(x))),
            "with_product_and_number": sum(x.reachable for x in leads),
            "first_contact_deals": sum(x.is_first_contact_deal for x in leads),
            "first_contacts": sum(x.connect_at is not None for x in leads),
            "events": sum(len(x.events) for x in leads),
        },
        "funnel": funnel,
        "conversion": _conversion(world),
        "orders": _orders(crm.orders, month, {customer.customer_id for customer in world.old_customers}),
        "costs": {
            "by_month_channel_kind_cents": nested(_costs(crm)),
            "total_cents": sum(cost.amount_cents for cost in crm.costs),
        },
        "customers": len(world.old_customers) + sum(x.deal_at is not None for x in leads),
    }


def _orders(orders: list[Order], month, listed: set[str]) -> dict[str, Any]:
    """``listed``: customers whom the CRM knew before the first day, so that no order of theirs is a first one."""
    won = [o for o in orders if o.status == "已完成"]
    revenue, count, how, first = Counter(), Counter(), Counter(), Counter()
    alias = {text: channel.name for channel in CHANNELS for text in channel.written_as} | {"线下展会": "线下活动"}
    numbered: Counter = Counter(listed)
    repeat = 0
    for order in won:
        if order.lead is not None:
            channel = order.lead.channel.name
            attribution = "lead_id" if order.names_lead else "last_touch"
        else:
            channel = alias[order.channel_text] if order.channel_text else "unattributed"
            attribution = "export" if order.channel_text else "unattributed"
        revenue[month(order.ordered_at), channel] += order.amount_cents
        if order.refunded_at is not None:
            revenue[month(order.refunded_at), channel] -= order.amount_cents
        count[month(order.ordered_at), channel] += 1
        how[attribution] += 1
        numbered[order.customer_id] += 1
        repeat += numbered[order.customer_id] > 1
        first[month(order.ordered_at), channel] += numbered[order.customer_id] == 1
    return {
        "total": len(orders),
        "won": len(won),
        "repeat": repeat,
        "by_attribution": dict(sorted(how.items())),
        "by_month_channel": nested(count),
        "customers_won_by_month_channel": nested(first),
        "revenue_by_month_channel_cents": nested(revenue),
        "revenue_cents": sum(o.amount_cents for o in won if o.refunded_at is None),
        "refunds": sum(o.refunded_at is not None for o in won),
        "refunded_cents": sum(o.amount_cents for o in won if o.refunded_at is not None),
        "by_status": nested(Counter((o.status,) for o in orders)),
    }


def _costs(crm: CrmExports) -> Counter:
    cells: Counter = Counter()
    for cost in crm.costs:
        cells[cost.month.strftime("%Y-%m"), cost.channel or "unattributed", cost.kind] += cost.amount_cents
    return cells


def _conversion(world: World) -> dict[str, Any]:
    """Planted chances with what came of them, among leads old enough for the step to have happened."""
    old = [x for x in world.leads if x.created < world.end - MATURE_DAYS * DAY]

    def trial(group, given: str, then: str, planted: float) -> dict[str, Any]:
        cases = [x for x in group if getattr(x, given) is not None]
        return {"planted": planted, "n": len(cases), "k": sum(getattr(x, then) is not None for x in cases)}

    channels = {}
    for channel in CHANNELS:
        group = [x for x in old if x.channel is channel]
        channels[channel.name] = {
            "leads": len(group),
            "deals": sum(x.deal_at is not None for x in group),
            "intent_given_connect": trial(group, "connect_at", "intent_at", channel.intent),
            "discovery_given_intent": trial(group, "intent_at", "discovery_at", channel.discovery),
        }
    tiers = {}
    for tier, effect in TIER_EFFECT.items():
        group = [x for x in old if x.intent_at is not None and x.tier == tier]
        tiers[tier or "event_only"] = {
            "effect_on_need": effect,
            "intent": len(group),
            "deals": sum(x.deal_at is not None for x in group),
        }
    cutoff = world.first_day + dt.timedelta(days=world.days - MATURE_DAYS)
    return {
        "created_before": cutoff.isoformat(),
        "by_channel": channels,
        "by_tier": tiers,
        "proposal_given_need": PROPOSAL_AFTER_NEED,
        "best_channel": BEST_CHANNEL,
        "worst_channel": WORST_CHANNEL,
    }


def _is_valid(lead: Lead) -> bool:
    """A need that somebody marked or a deal shows, and a talk."""
    marks = (lead.intent_at, lead.discovery_at, lead.confirm_at, lead.proposal_at, lead.deal_at)
    return lead.connect_at is not None and any(mark is not None for mark in marks)


def _dormant(world: World) -> int:
    """Open leads older than 30 days without a connected call or a change of stage in the last 30 days."""
    edge = world.end - 30 * DAY
    closed = {"已成交", "流失", "无效"}
    return sum(
        lead.created < edge
        and max(lead.statuses, key=lambda change: change[0])[1] not in closed
        and max([lead.last_connect_at or 0, *(at for at, _ in lead.events)]) < edge
        for lead in world.leads
    )


def planted_truth(world: World) -> dict[str, Any]:
    """Offences and the jammed trunk; numbers masked."""

    def iso(day: int) -> str:
        return (world.first_day + dt.timedelta(days=day)).isoformat()

    planted = world.planted
    return {
        "congestion": {key: list(value) if isinstance(value, tuple) else value for key, value in CONGESTION.items()},
        "sensitive_agent_id": agents()[SENSITIVE_AGENT].agent_id,
        "sensitive_calls": planted.sensitive_calls,
        "cap_violations": [
            {"date": iso(row["day"]), "phone_masked": masked(row["number"]), "calls": row["calls"]}
            for row in planted.cap_violations
        ],
        "dnc_violations": [
            {"date": iso(row["day"]), "asked_on": iso(row["asked_day"]), "phone_masked": masked(row["number"])}
            for row in planted.dnc_violations
        ],
    }


def nested(counter: dict[str, Any]) -> dict[str, Any]:
    """{(a, b): n} as {a: {b: n}} with text keys in a fixed order."""
    result: dict[str, Any] = {}
    for key in sorted(counter, key=lambda k: tuple(map(_sortable, k if isinstance(k, tuple) else (k,)))):
        parts = key if isinstance(key, tuple) else (key,)
        level = result
        for part in parts[:-1]:
            level = level.setdefault(_text(part), {})
        level[_text(parts[-1])] = counter[key]
    return result


def _sortable(part) -> tuple[Any, ...]:
    return (0, part, "") if isinstance(part, (int, float)) else (1, 0, str(part))


def _text(part) -> str:
    return {True: "connected", False: "not_connected"}[part] if isinstance(part, bool) else str(part)
