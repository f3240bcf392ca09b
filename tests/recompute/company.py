"""The demo's calls, leads, orders and costs with what follows from them, by the words of the requirements."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.recompute.files import Landing, Row, cents, moment, month, number, seconds

LOOKBACK = dt.timedelta(days=90)  # a call or order belongs to the customer's last lead of this time
DORMANT_DAYS = 30
_CHANNELS = {
    "百度搜索": "百度搜索",
    "百度推广": "百度搜索",
    "百度SEM": "百度搜索",
    "抖音信息流": "抖音信息流",
    "抖音广告": "抖音信息流",
    "官网表单": "官网表单",
    "官网留言": "官网表单",
    "转介绍": "转介绍",
    "老客转介绍": "转介绍",
    "老带新": "转介绍",
    "线下活动": "线下活动",
    "展会": "线下活动",
    "线下展会": "线下活动",
    "名单采购": "名单采购",
    "外购名单": "名单采购",
    "": "unattributed",
}
_DIRECTIONS = {"呼入": "inbound", "来电": "inbound", "呼出": "outbound", "去电": "outbound", "内部": "internal"}
_BLOCKED = {"平台拦截", "频次限制"}  # the platform refused to dial: no attempt was made
_GAVE_UP = {"排队放弃", "IVR放弃", "IVR挂机", "振铃放弃", "坐席未接", "坐席全忙", "无坐席"}
_STAGES = {
    "已联系": "contacted",
    "意向确认": "intent",
    "需求挖掘": "need_discovery",
    "需求确认": "need_confirmed",
    "方案报价": "proposal",
    "成交": "won",
    "流失": "lost",
}
_KINDS = {
    "媒体投放": "media",
    "推广费": "media",
    "线索采购": "lead_purchase",
    "名单采购": "lead_purchase",
    "人力成本": "labour",
    "工资": "labour",
    "话费": "telephony",
    "线路费": "telephony",
    "系统费": "system",
    "软件费": "system",
}
_SOLD = {"已完成", "已付款"}
# Seconds above which a talk is A-, A and A+ (R074, R079, R080): courses sell to people, the other line to companies.
_HIGH = {"课程培训": (300, 420, 600), "企业服务": (600, 840, 1200)}


def tier(line: str, talk: int) -> str:
    """Intent tier of a connected call (R074–R080, boundaries as in X08)."""
    for above, name in zip(reversed(_HIGH[line]), ("A+", "A", "A-"), strict=True):
        if talk > above:
            return name
    return "B" if talk >= 60 else "C" if talk >= 30 else "D"


@dataclass
class Call:
    """One call, as the last delivery tells it."""

    id: str
    direction: str
    number: str | None
    start: dt.datetime
    talk: int
    acw: int
    connected: bool
    result: str
    agent: str
    line: str
    province: str
    lead: Lead | None = None

    @property
    def day(self) -> dt.date:
        return self.start.date()

    @property
    def is_dial(self) -> bool:
        return self.direction == "outbound" and self.result not in _BLOCKED

    @property
    def is_abandoned(self) -> bool:
        return self.direction == "inbound" and self.result in _GAVE_UP

    @property
    def tier(self) -> str | None:
        return tier(self.line, self.talk) if self.connected else None

    @property
    def is_hot(self) -> bool:
        return self.connected and self.tier.startswith("A")

    @property
    def channel(self) -> str:
        return self.lead.channel if self.lead else "unattributed"


@dataclass
class Order:
    """One order; ``returned`` is the day on which a sale was taken back, which is later than the sale."""

    id: str
    at: dt.datetime
    cents: int
    sold: bool
    returned: dt.date | None
    customer: str
    agent: str
    channel: str
    is_first: bool = False
    is_repeat: bool = False

    @property
    def day(self) -> dt.date:
        return self.at.date()


@dataclass
class Lead:
    """One lead as the CRM last told it, with its calls, stage changes and orders."""

    id: str
    created: dt.datetime
    channel: str
    status: str
    has_need_mark: bool
    customer_id: str
    number: str | None
    followed: dt.date | None
    stages: dict[str, dt.datetime] = field(default_factory=dict)
    last_stage: dt.date | None = None
    calls: list[Call] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    repurchase: dt.datetime | None = None
    referral: dt.datetime | None = None

    @property
    def talks(self) -> list[Call]:
        return [call for call in self.calls if call.connected]

    @property
    def deal(self) -> dt.datetime | None:
        return min((order.at for order in self.orders), default=None)

    @property
    def hot(self) -> dt.datetime | None:
        return min((call.start for call in self.calls if call.is_hot), default=None)

    @property
    def intent(self) -> dt.datetime | None:
        """A stage change or a hot call marks intent."""
        return min(filter(None, (self.stages.get("intent"), self.hot)), default=None)

    @property
    def is_valid(self) -> bool:
        """S02: a clear need (a mark, not the product column), and a contact that connected once."""
        need = (
            self.has_need_mark
            or self.status in ("有意向", "已成交")
            or self.hot is not None
            or not self.stages.keys().isdisjoint(("intent", "need_discovery", "need_confirmed", "proposal"))
        )
        return need and bool(self.talks) and self.status != "无效"

    @property
    def is_first_contact_deal(self) -> bool:
        """S05: closed after the first talk and at or before the second."""
        talks = self.talks
        return (
            bool(talks and self.deal)
            and talks[0].start <= self.deal
            and (len(talks) == 1 or self.deal <= talks[1].start)
        )

    def is_open(self, on: dt.date) -> bool:
        """Neither won nor lost nor invalid, and older than the dormancy days (D.7)."""
        return (
            self.deal is None
            and self.status not in ("已成交", "流失", "无效")
            and "lost" not in self.stages
            and self.created.date() <= on - dt.timedelta(days=DORMANT_DAYS)
        )

    def is_dormant(self, on: dt.date) -> bool:
        """Open, and for thirty days without a talk or anything in the CRM (R096)."""
        since = on - dt.timedelta(days=DORMANT_DAYS)
        lately = [*(call.day for call in self.talks), *filter(None, (self.last_stage, self.followed))]
        return self.is_open(on) and all(day <= since for day in lately)

    def reached(self, preset: str, until: dt.date) -> list[bool]:
        """For each stage of the funnel, whether it or a later one was reached by ``until`` (R110, R111, D.16)."""
        call = min((call.start for call in self.calls), default=None)
        talk = min((call.start for call in self.talks), default=None)
        confirmed = self.stages.get("need_confirmed")
        discovered = min(filter(None, (self.stages.get("need_discovery"), confirmed)), default=None)
        again = min(filter(None, (self.repurchase, self.referral)), default=None)
        moments = {
            "six_stage": (call, talk, self.intent, confirmed, self.deal, again),
            "five_stage": (talk, self.intent, discovered, self.stages.get("proposal"), self.deal),
        }[preset]
        flags = [at is not None and at.date() <= until for at in moments]
        return [any(flags[place:]) for place in range(len(flags))]


class Company:
    """Everything the files of one demo home say."""

    def __init__(self, home: Path):
        landing = Landing(home / "landing")
        self.teams = {row["工号"]: row["班组"] for row in landing.rows("agents")}
        self._lines = {row["号码"]: row["业务线"] for row in landing.rows("own_numbers")}
        listed = landing.latest("customers", "客户编号", "更新时间")
        self._numbers = {id: number(row["手机号"]) for id, row in listed.items()}
        self._listed_since = {self._numbers[id] or id: moment(row["建档时间"]).date() for id, row in listed.items()}
        self.leads = {id: self._lead(row) for id, row in landing.latest("leads", "线索编号", "更新时间").items()}
        self._by_customer: dict[str, list[Lead]] = defaultdict(list)
        for lead in sorted(self.leads.values(), key=lambda lead: (lead.created, lead.id)):
            if lead.number:
                self._by_customer[lead.number].append(lead)
        self._add_stages(landing)
        self.calls = self._calls(landing)
        self.orders = sorted(
            map(self._order, landing.latest("orders", "订单编号", "更新时间").values()),
            key=lambda order: (order.at, order.id),
        )
        self._count_orders()
        self._add_referrals(landing)
        self.costs = [
            (month(row["费用月份"]), _CHANNELS[row["渠道"]], _KINDS[row["费用类型"]], row["业务线"], cents(row["金额"]))
            for row in landing.rows("channel_costs")
        ]
        self.last_day = max(call.day for call in self.calls)

    @property
    def customer_calls(self) -> list[Call]:
        """S01: calls between colleagues are outside of everything that speaks of customers."""
        return [call for call in self.calls if call.direction != "internal"]

    @property
    def revenue(self) -> list[tuple[dt.date, int, Order]]:
        """Money in and out, each on its own day: (day, cents, order)."""
        return [(order.day, order.cents, order) for order in self.orders if order.sold] + [
            (order.returned, -order.cents, order) for order in self.orders if order.sold and order.returned
        ]

    def _lead(self, row: Row) -> Lead:
        followed = moment(row["最后跟进时间"]).date() if row["最后跟进时间"] else None
        return Lead(
            row["线索编号"],
            moment(row["创建时间"]),
            _CHANNELS[row["线索来源"]],
            row["线索状态"],
            row["需求已确认"] == "是",
            row["客户编号"],
            number(row["手机号"]) or self._numbers.get(row["客户编号"]),
            followed,
        )

    def _add_stages(self, landing: Landing) -> None:
        for row in landing.rows("lead_events"):
            lead, stage, at = self.leads[row["线索编号"]], _STAGES[row["阶段"]], moment(row["变更时间"])
            lead.stages[stage] = min(at, lead.stages.get(stage, at))
            lead.last_stage = max(at.date(), lead.last_stage or at.date())

    def _add_referrals(self, landing: Landing) -> None:
        """A customer whose name stands in a later lead as the one who recommended it (R119)."""
        first: dict[str, dt.datetime] = {}
        for row in landing.latest("leads", "线索编号", "更新时间").values():
            if row["推荐人客户ID"]:
                at = moment(row["创建时间"])
                first[row["推荐人客户ID"]] = min(at, first.get(row["推荐人客户ID"], at))
        for lead in self.leads.values():
            lead.referral = first.get(lead.customer_id) if lead.customer_id else None

    def _last_lead(self, customer: str | None, at: dt.datetime) -> Lead | None:
        before = [lead for lead in self._by_customer.get(customer or "", ()) if lead.created <= at]
        return before[-1] if before and at < before[-1].created + LOOKBACK else None

    def _calls(self, landing: Landing) -> list[Call]:
        found: dict[str, Call] = {}
        for row in landing.rows("calls"):
            for call in _read_call(row, self._lines):
                found[call.id] = call
        calls = sorted(found.values(), key=lambda call: (call.start, call.id))
        # Rows without a province share the first digits of their number with rows that have one.
        places = {call.number[:7]: call.province for call in calls if call.number and call.province}
        for call in calls:
            call.province = call.province or places.get((call.number or "")[:7], "")
            if call.direction != "internal":
                call.lead = self._last_lead(call.number, call.start)
            if call.lead and (call.is_dial or call.direction == "inbound"):
                call.lead.calls.append(call)
        return calls

    def _order(self, row: Row) -> Order:
        named = self.leads.get(row["线索编号"])
        customer = (
            number(row["客户电话"])
            or self._numbers.get(row["客户编号"])
            or (named.number if named else None)
            or row["客户编号"]
        )
        at, changed = moment(row["下单时间"]), moment(row["更新时间"]).date()
        returned = changed if row["订单状态"] == "已退款" and changed > at.date() else None
        lead = named or self._last_lead(customer, at)
        sold = row["订单状态"] in _SOLD or returned is not None
        order = Order(
            row["订单编号"],
            at,
            cents(row["订单金额"]),
            sold,
            returned,
            customer,
            row["销售工号"],
            lead.channel if lead else _CHANNELS[row["渠道"]],
        )
        if lead and order.sold:
            lead.orders.append(order)
        return order

    def _count_orders(self) -> None:
        """S04: the first order of somebody whom the CRM lists since an earlier day is a repeat."""
        by_customer: dict[str, list[Order]] = defaultdict(list)
        for order in self.orders:
            if order.sold:
                by_customer[order.customer].append(order)
        for customer, orders in by_customer.items():
            knew = self._listed_since.get(customer, dt.date.max) < orders[0].day
            for place, order in enumerate(orders):
                order.is_first, order.is_repeat = place == 0 and not knew, place > 0 or knew
        for lead in self.leads.values():
            if lead.orders:
                first = min(lead.orders, key=lambda order: (order.at, order.id))
                later = [
                    order.at
                    for order in (*by_customer.get(lead.number or "", ()), *lead.orders)
                    if order is not first and order.at >= first.at
                ]
                lead.repurchase = min(later, default=None)


def _read_call(row: Row, lines: dict[str, str]) -> Iterator[Call]:
    def of(*names: str) -> str:
        return next(row[name] for name in names if name in row)

    telephone = of("客户号码", "客户电话")
    try:
        start = moment(of("开始时间", "通话开始时间"))
    except ValueError:
        return  # a time that is none
    if "E+" in telephone:
        return  # a spreadsheet has rounded the number away
    yield Call(
        of("通话ID", "话单ID"),
        _DIRECTIONS[of("呼叫类型", "通话类型")],
        number(telephone),
        start,
        seconds(of("通话时长", "时长(秒)")),
        seconds(of("话后时长", "话后时长(秒)")),
        row["是否接通"] == "是",
        of("通话状态", "呼叫结果"),
        of("坐席工号", "座席工号"),
        lines.get(of("400号码", "接入号码").replace("-", ""), ""),
        of("省份", "归属省份"),
    )
