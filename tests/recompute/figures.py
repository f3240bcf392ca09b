"""Published figures of a period, counted from `Company`: cards of reports, channels by month, callers to call back."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

from tests.recompute.company import Call, Company, Lead, Order

LIFETIME_YEARS = 3
POOL_DAYS = REPEAT_DAYS = 30
FOLLOW_UP = dt.timedelta(hours=24)  # of a high-intent caller (R222)
FUNNEL_DAYS = 90
_Z = 1.959964


@dataclass(frozen=True)
class Rate:
    """A quotient; ``value`` is None without denominator. Money is in yuan."""

    numerator: float
    denominator: float

    @property
    def value(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None

    @property
    def wilson(self) -> tuple[float, float] | None:
        """95 % interval of a share (D.8)."""
        n = self.denominator
        if not n:
            return None
        p = self.numerator / n
        centre, scale = p + _Z**2 / (2 * n), 1 + _Z**2 / n
        half = _Z * sqrt(p * (1 - p) / n + _Z**2 / (4 * n * n))
        return (centre - half) / scale, (centre + half) / scale


class Period:
    """Everything of ``company`` that lies between two days, both inside."""

    def __init__(self, company: Company, start: dt.date, end: dt.date):
        self.company, self.start, self.end = company, start, end
        self.calls = [call for call in company.customer_calls if start <= call.day <= end]
        self.leads = [lead for lead in company.leads.values() if start <= lead.created.date() <= end]
        self.orders = [order for order in company.orders if order.sold and start <= order.day <= end]
        self.revenue = [(money, order) for day, money, order in company.revenue if start <= day <= end]
        self.deals = [lead for lead in company.leads.values() if lead.deal and start <= lead.deal.date() <= end]

    def card(self, metric: str) -> Rate | float:
        """The number of one card of a report."""
        return _CARDS[metric](self)

    def revenue_yuan(self, of: Callable[[Order], bool] = lambda order: True) -> float:
        return sum(money for money, order in self.revenue if of(order)) / 100

    def cost_yuan(self) -> float:
        return sum(row[-1] for row in self.company.costs if self.start <= row[0] <= self.end) / 100

    def operational_cost_yuan(self) -> float:
        return (
            sum(
                row[-1]
                for row in self.company.costs
                if self.start <= row[0] <= self.end and row[2] in ("labour", "telephony", "system")
            )
            / 100
        )

    def customers_won(self) -> int:
        return sum(order.is_first for order in self.orders)

    def clv(self) -> float:
        """Order value × repurchase rate × years (R121)."""
        base = repurchase(self.company, self.end, lambda order: True)
        return Rate(self.revenue_yuan(), len(self.orders)).value * base.value * LIFETIME_YEARS


def staff(calls: list[Call]) -> dict[str, Rate | int]:
    """What the tables of agents, teams and lines show of calls."""
    talks = [call for call in calls if call.connected]
    dials = [call for call in calls if call.is_dial]
    connect = Rate(sum(call.connected for call in dials), len(dials))
    hot = sum(call.is_hot for call in talks)
    return {
        "calls": len(calls),
        "connected_calls": len(talks),
        "high_intent_calls": hot,
        "connect": connect if dials else Rate(len(talks), len(calls)),
        "high_intent": Rate(hot, len(talks)),
        "mean_talk_seconds": Rate(sum(call.talk for call in talks), len(talks)),
    }


def repurchase(company: Company, end: dt.date, of: Callable[[Order], bool]) -> Rate:
    """Customers won in the year before ``end`` who had bought again by then ÷ customers won (R119, R128)."""
    again = {order.customer for order in company.orders if order.sold and not order.is_first and order.day <= end}
    won = {
        order.customer
        for order in company.orders
        if order.is_first and end - dt.timedelta(days=365) < order.day <= end and of(order)
    }
    return Rate(len(won & again), len(won))


def channel_costs(company: Company, month: dt.date) -> dict[str, Counter]:
    """Channel → kind → cents. Costs without one are shared by talk of their line (D.6); the largest takes the rest."""
    talk: dict[str, Counter] = defaultdict(Counter)
    for call in company.customer_calls:
        if call.connected and call.day.replace(day=1) == month:
            talk[call.line][call.channel] += call.talk
    found: dict[str, Counter] = defaultdict(Counter)
    for at, channel, kind, line, cents in company.costs:
        if at != month:
            continue
        if channel != "unattributed":
            found[channel][kind] += cents
            continue
        seconds, left = talk[line].total(), cents
        for name, own in talk[line].items():
            found[name][kind] += cents * own // seconds
            left -= cents * own // seconds
        found[max(talk[line], key=lambda name: talk[line][name])][kind] += left
    return found


@dataclass(frozen=True)
class Caller:
    """Somebody of the call list: the last hot call, and what happened around it."""

    last: Call
    hot_calls: int
    own_calls: int
    our_calls: int
    has_ordered: bool
    followed: dt.datetime | None

    @property
    def status(self) -> str:
        return "won" if self.has_ordered else "followed_up" if self.followed else "pending"

    def is_late(self, end: dt.date) -> bool:
        done = self.followed or dt.datetime.combine(end + dt.timedelta(days=1), dt.time())
        return not self.has_ordered and done > self.last.start + FOLLOW_UP


def callers(company: Company, end: dt.date) -> list[Caller]:
    """The high-intent pool at the end of ``end`` (R083, R088): calls count from the repeat window on."""
    by_number: dict[str, list[Call]] = defaultdict(list)
    for call in company.customer_calls:
        if call.number and call.day <= end:
            by_number[call.number].append(call)
    bought: dict[str, dt.datetime] = {}
    for order in company.orders:
        if order.sold and order.day <= end:
            bought[order.customer] = max(order.at, bought.get(order.customer, order.at))
    found = []
    for number, calls in by_number.items():
        hot = [call for call in calls if call.is_hot and call.day > end - dt.timedelta(days=POOL_DAYS)]
        if not hot:
            continue
        last = hot[-1]
        around = [call for call in calls if call.day > last.day - dt.timedelta(days=REPEAT_DAYS)]
        ours = [call for call in around if call.is_dial]
        found.append(
            Caller(
                last,
                sum(call.is_hot for call in around),
                sum(call.direction == "inbound" for call in around),
                len(ours),
                number in bought and bought[number] > last.start,
                min((call.start for call in ours if call.start > last.start), default=None),
            )
        )
    return found


def funnel(leads: list[Lead], preset: str, until: dt.date) -> list[int]:
    """How many of ``leads`` had reached each stage by ``until``."""
    return [sum(flags) for flags in zip(*(lead.reached(preset, until) for lead in leads), strict=True)]


_CARDS: dict[str, Callable[[Period], Rate | float]] = {
    "calls": lambda p: len(p.calls),
    "dials": lambda p: sum(call.is_dial for call in p.calls),
    "connected_calls": lambda p: sum(call.connected for call in p.calls),
    "connect_rate": lambda p: Rate(
        sum(call.is_dial and call.connected for call in p.calls), sum(call.is_dial for call in p.calls)
    ),
    "answer_rate": lambda p: Rate(sum(call.connected for call in p.calls), len(p.calls)),
    "high_intent_calls": lambda p: sum(call.is_hot for call in p.calls),
    "high_intent_rate": lambda p: staff(p.calls)["high_intent"],
    "mean_talk_seconds": lambda p: staff(p.calls)["mean_talk_seconds"],
    "leads": lambda p: len(p.leads),
    "validity_rate": lambda p: Rate(sum(lead.is_valid for lead in p.leads), len(p.leads)),
    "deals": lambda p: len(p.deals),
    "orders": lambda p: len(p.orders),
    "revenue_cny": lambda p: p.revenue_yuan(),
    "average_order_value_cny": lambda p: Rate(p.revenue_yuan(), len(p.orders)),
    "total_cost_cny": lambda p: p.cost_yuan(),
    "customers_won": lambda p: p.customers_won(),
    "cac_operational_cny": lambda p: Rate(p.operational_cost_yuan(), p.customers_won()),
    "cac_full_cny": lambda p: Rate(p.cost_yuan(), p.customers_won()),
    "clv_simple_cny": lambda p: p.clv(),
    "ltv_cac": lambda p: p.clv() / (p.cost_yuan() / p.customers_won()),
    "roi": lambda p: (p.revenue_yuan() - p.cost_yuan()) / p.cost_yuan(),
}
