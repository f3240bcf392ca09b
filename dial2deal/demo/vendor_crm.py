"""CRM exports as a Chinese CRM writes them: UTF-8 CSV with a byte-order mark, and xlsx; a file for every month."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from dataclasses import dataclass
from typing import Any

from dial2deal.demo.delivery import FileTruth, Landing, workbook
from dial2deal.demo.leads import Lead, Order
from dial2deal.demo.people import masked
from dial2deal.demo.scenario import BUSINESS_LINES, CHANNELS, DAY, agents
from dial2deal.demo.world import Customer, World

SOURCE = "generic_crm"
_LEADS = [
    "线索编号",
    "创建时间",
    "客户姓名",
    "手机号",
    "线索来源",
    "业务线",
    "线索状态",
    "负责人工号",
    "需求已确认",
    "省份",
    "城市",
    "意向产品",
    "客户编号",
    "推荐人客户ID",
    "最后跟进时间",
    "更新时间",
]
_EVENTS = ["线索编号", "阶段", "变更时间", "操作人工号", "备注"]
_ORDERS = [
    "订单编号",
    "下单时间",
    "订单金额",
    "客户编号",
    "客户电话",
    "线索编号",
    "订单状态",
    "产品",
    "业务线",
    "销售工号",
    "渠道",
    "付款时间",
    "更新时间",
]
_CUSTOMERS = ["客户编号", "客户姓名", "手机号", "建档时间", "客户等级", "省份", "城市", "更新时间"]
_COSTS = ["费用月份", "渠道", "费用类型", "金额", "业务线", "备注"]
_PRODUCTS = {
    "企业服务": ("云呼叫中心", "企业版CRM", "代账套餐"),
    "课程培训": ("职业技能班", "考证冲刺班", "语言小班课"),
}
_COST_TEXT = {
    "media": ("媒体投放", "推广费"),
    "lead_purchase": ("线索采购", "名单采购"),
    "labour": ("人力成本", "工资"),
    "telephony": ("话费", "线路费"),
    "system": ("系统费", "软件费"),
}
_AGENTS = agents()


@dataclass(frozen=True)
class Month:
    """A calendar month of the demo: seconds from ``start`` to ``end``, exported at ``delivered``."""

    first: dt.date
    start: int
    end: int
    delivered: dt.datetime
    index: int


@dataclass(frozen=True)
class Cost:
    month: dt.date
    channel: str
    kind: str
    line: str
    amount_cents: int


def months(world: World) -> list[Month]:
    """The calendar months that the demo touches."""
    result, start = [], 0
    while start < world.end:
        date = world.first_day + dt.timedelta(seconds=start)
        following = (date.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
        end = min(world.end, (following - world.first_day).days * DAY)
        after = world.first_day + dt.timedelta(days=end // DAY)
        delivered = dt.datetime.combine(after, dt.time(7, 10))
        result.append(Month(date.replace(day=1), start, end, delivered, len(result)))
        start = end
    return result


class CrmExports:
    """Writes every CRM file of ``world`` into landing; the lists it leaves behind feed the truth."""

    def __init__(self, landing: Landing, world: World):
        self._landing, self._world = landing, world
        self.months = months(world)
        self.orders = self._numbered_orders()
        self.costs = [cost for month in self.months for cost in self._costs_of(month)]

    def write(self) -> None:
        self._write_old_customers()
        for month in self.months:
            self._write_leads(month)
            self._write_events(month)
            self._write_orders(month)
            self._write_costs(month)
        self._write_new_customers()

    def _numbered_orders(self) -> list[Order]:
        orders = [order for lead in self._world.leads for order in lead.orders] + self._world.walk_in_orders
        orders.sort(key=lambda order: (order.ordered_at, order.number, order.amount_cents))
        for n, order in enumerate(orders, 1):
            order.order_id = f"DD{n:07d}"
            # The last month has no later file that could bring the payment.
            order.pays_later &= order.ordered_at < self.months[-1].start
            if order.refunded_at is not None and self._month_of(order.refunded_at) is self._month_of(order.ordered_at):
                order.refunded_at = None
            order.pays_later &= order.refunded_at is None
        return orders

    def _write_leads(self, month: Month) -> None:
        rows = []
        style = month.index % 2
        for n, lead in enumerate(self._world.leads):
            if lead.created >= month.end:
                break
            changes = [at for at, _ in (*lead.statuses, *lead.events) if at < month.end]
            if max(changes) < month.start:
                continue
            rows.append(self._lead_row(n, lead, month.end, max(changes), style))
        self._write("leads", "线索", month.delivered, _LEADS, rows, xlsx=style == 1, title="线索列表")

    def _lead_row(self, n: int, lead: Lead, until: int, changed: int, style: int) -> list[str]:
        status = max((change for change in lead.statuses if change[0] < until), key=lambda change: change[0])[1]
        confirmed = any(stage == "需求确认" and at < until for at, stage in lead.events)
        number = lead.number if lead.reachable else masked(lead.number) if n % 2 else "未填写"
        contacted = lead.last_connect_at is not None and lead.last_connect_at < until
        return [
            lead.lead_id,
            self._time(lead.created, style),
            f"测试客户{n + 1:05d}",
            number,
            lead.channel.written_as[n % len(lead.channel.written_as)],
            lead.line.name,
            status,
            _AGENTS[lead.agent].agent_id,
            "是" if confirmed else "否",
            lead.province,
            lead.city,
            _PRODUCTS[lead.line.name][n % 3],
            lead.customer_id if lead.deal_at is not None and lead.deal_at < until else "",
            lead.referrer.customer_id if lead.referrer else "",
            self._time(lead.last_connect_at, style) if contacted else "",
            self._time(changed, style),
        ]

    def _write_events(self, month: Month) -> None:
        # Every file repeats the last day of the month before.
        begin = max(0, month.start - DAY) if month.index else 0
        events = [
            (at, lead.lead_id, stage, lead.agent)
            for lead in self._world.leads
            for at, stage in lead.events
            if begin <= at < month.end
        ]
        events.sort()
        rows = [
            [lead_id, stage, self._time(at, 0), _AGENTS[agent].agent_id, ""] for at, lead_id, stage, agent in events
        ]
        truth = self._write("lead_events", "线索阶段变更", month.delivered, _EVENTS, rows)
        truth.rows_duplicate = sum(at < month.start for at, *_ in events)

    def _write_orders(self, month: Month) -> None:
        rows = []
        xlsx = month.index % 2 == 0
        for n, order in enumerate(self.orders):
            pending = order.pays_later and order.status == "已完成"
            paid_at = self._paid_at(order) if pending else order.ordered_at
            if month.start <= order.ordered_at < month.end:
                rows.append(self._order_row(n, order, "待付款" if pending else order.status, order.ordered_at, xlsx))
            elif pending and month.start <= paid_at < month.end:
                rows.append(self._order_row(n, order, "已付款", paid_at, xlsx))
            elif order.refunded_at is not None and month.start <= order.refunded_at < month.end:
                rows.append(self._order_row(n, order, "已退款", order.refunded_at, xlsx))
        self._write("orders", "订单", month.delivered, _ORDERS, rows, xlsx=xlsx)

    def _paid_at(self, order: Order) -> int:
        return self._month_of(order.ordered_at).end + 10 * 3600

    def _month_of(self, at: int) -> Month:
        return next(month for month in self.months if month.start <= at < month.end)

    def _order_row(self, n: int, order: Order, status: str, updated: int, xlsx: bool) -> list[Any]:
        lead = order.lead
        unpaid = status in ("待付款", "已取消")
        time = self._moment if xlsx else lambda at: self._time(at, 0)
        agent = order.agent if order.agent is not None else (None if lead is None else lead.agent)
        return [
            order.order_id,
            time(order.ordered_at),
            _money(n, order.amount_cents, xlsx),
            order.customer_id,
            order.number,
            lead.lead_id if lead is not None and order.names_lead else "",
            status,
            _PRODUCTS[order.line.name][n % 3],
            order.line.name,
            _AGENTS[agent].agent_id if agent is not None else "",
            order.channel_text,
            "" if unpaid else time(updated),
            time(updated),
        ]

    def _write_old_customers(self) -> None:
        rows = [self._customer_row(c) for c in self._world.old_customers]
        at = dt.datetime.combine(self._world.first_day, dt.time(7, 0))
        self._write("customers", "客户", at, _CUSTOMERS, rows, xlsx=True, title="客户资料导出")

    def _write_new_customers(self) -> None:
        won = sorted(
            (lead for lead in self._world.leads if lead.deal_at is not None),
            key=lambda lead: (lead.deal_at, lead.lead_id),
        )
        rows = [
            self._customer_row(Customer(lead.customer_id, lead.number, lead.province, lead.city, lead.deal_at, "普通"))
            for lead in won
        ]
        self._write("customers", "客户", self.months[-1].delivered, _CUSTOMERS, rows)

    def _customer_row(self, customer: Customer) -> list[str]:
        created = self._time(customer.created, 0)
        return [
            customer.customer_id,
            f"测试客户{customer.customer_id}",
            customer.number,
            created,
            customer.segment,
            customer.province,
            customer.city,
            created,
        ]

    def _costs_of(self, month: Month) -> list[Cost]:
        leads = Counter(
            (lead.channel.name, lead.line.name) for lead in self._world.leads if month.start <= lead.created < month.end
        )
        size = min(1.0, self._world.calls_per_day / 1500)
        costs = []
        for line in BUSINESS_LINES:
            for place, channel in enumerate(CHANNELS):
                cents = leads[channel.name, line.name] * channel.cost_per_lead * (97 + (place + month.index) % 7)
                costs.append(Cost(month.first, channel.name, channel.cost_kind, line.name, cents))
            staff = sum(agent.business_line is line for agent in _AGENTS)
            count = sum(leads[channel.name, line.name] for channel in CHANNELS)
            for kind, cents in (
                ("labour", int(staff * 900_000 * size)),
                ("telephony", count * 913),
                ("system", int(600_000 * size)),
            ):
                costs.append(Cost(month.first, "", kind, line.name, cents))
        return costs

    def _write_costs(self, month: Month) -> None:
        rows = []
        xlsx = month.index % 3 == 2
        spelling = (
            month.first.strftime("%Y-%m"),
            f"{month.first.year}年{month.first.month}月",
            f"{month.first.year}/{month.first.month}/1",
        )[month.index % 3]
        for n, cost in enumerate(cost for cost in self.costs if cost.month == month.first):
            written = {channel.name: channel.written_as for channel in CHANNELS}.get(cost.channel, ("",))
            note = "转介绍奖励" if cost.channel == "转介绍" else ""
            rows.append(
                [
                    spelling,
                    written[month.index % len(written)],
                    _COST_TEXT[cost.kind][month.index % 2],
                    _money(n, cost.amount_cents, xlsx),
                    cost.line,
                    note,
                ]
            )
        self._write("channel_costs", "渠道费用", month.delivered, _COSTS, rows, xlsx=xlsx)

    def _write(
        self,
        feed: str,
        title_name: str,
        delivered: dt.datetime,
        header: list[str],
        rows: list[list[Any]],
        *,
        xlsx: bool = False,
        title: str = "",
    ) -> FileTruth:
        name = f"{title_name}_{delivered:%Y%m%d_%H%M%S}.{'xlsx' if xlsx else 'csv'}"
        path = self._landing.path(SOURCE, feed, name)
        if xlsx:
            path.write_bytes(workbook(title_name, header, rows, above=title))
        else:
            text = io.StringIO()
            csv.writer(text, lineterminator="\r\n").writerows([header, *rows])
            path.write_bytes(text.getvalue().encode("utf-8-sig"))
        truth = FileTruth(SOURCE, feed, name, encoding=None if xlsx else "utf-8-sig", rows_read=len(rows))
        return self._landing.delivered(path, delivered, truth)

    def _moment(self, at: int) -> dt.datetime:
        return dt.datetime.combine(self._world.first_day, dt.time()) + dt.timedelta(seconds=at)

    def _time(self, at: int, style: int) -> str:
        moment = self._moment(at)
        if style:
            return f"{moment.year}/{moment.month}/{moment.day} {moment.hour}:{moment:%M:%S}"
        return f"{moment:%Y-%m-%d %H:%M:%S}"


def _money(n: int, cents: int, xlsx: bool) -> str | float:
    """The same amount as people write it: ￥1,234.50, 1234.50, 1.2万, and a number in a workbook."""
    if n % 3 == 0:
        return f"￥{cents / 100:,.2f}"
    if n % 3 == 1 and cents % 10_000 == 0 and cents:
        return f"{cents / 1_000_000:g}万"
    return cents / 100 if xlsx else f"{cents / 100:.2f}"
