"""Leads, stage events, orders and costs that belong to the calls of `benchmarks.calls`, written by DuckDB as CSV."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb

# Each twentieth call is of a lead, each hundredth of a lead that bought; two of five channels under another name.
_LEADS = """
    select 'L' || call as lead_id, strftime(started - interval 1 hour, '%Y-%m-%d %H:%M:%S') as created,
        (13800000000 + (call * 48271) % 3000017)::varchar as phone,
        ['百度推广', '抖音信息流', '老带新', '官网', '线下活动'][1 + (call // 20 % 5)::integer] as source, started, call
    from (select i as call, date '{first}' + (i // {per_day})::integer
            + interval 9 hour + to_seconds((i % {per_day}) * 39600 // {per_day}) as started
        from range(0, {rows}, 20) t(i))
"""
_FILES = {
    "leads": """
        select lead_id as "线索编号", created as "创建时间", '客户' || call as "客户姓名", phone as "手机号",
            source as "线索来源", '跟进中' as "线索状态", 'A' || call % 240 as "负责人", '天津' as "省份",
            '天津市' as "城市"
        from leads order by call""",
    "lead_events": """
        select lead_id as "线索编号", stage as "阶段",
            strftime(started + to_days(after), '%Y-%m-%d %H:%M:%S') as "变更时间", 'A' || call % 240 as "操作人"
        from leads, (values ('意向确认', 1, 40), ('需求确认', 2, 80)) as stages(stage, after, each)
        where call % each = 0 order by call, stage""",
    "orders": """
        select 'O' || call as "订单编号", strftime(started + interval 3 day, '%Y-%m-%d %H:%M:%S') as "下单时间",
            (99 + call % 97 * 10)::decimal(18, 2)::varchar as "订单金额", phone as "客户电话", lead_id as "线索编号",
            '已付款' as "订单状态" from leads where call % 100 = 0 order by call""",
    "channel_costs": """
        select strftime(started, '%Y-%m') as "费用月份", source as "渠道", '媒体投放' as "费用类型",
            (count(*) * 30)::decimal(18, 2)::varchar as "金额" from leads group by all order by all""",
}


def write(landing: Path, first_day: dt.date, rows: int, per_day: int) -> None:
    """Exports of a CRM beside ``rows`` calls from ``first_day`` on, ``per_day`` a day; same bytes every time."""
    with duckdb.connect() as con:
        con.execute("set enable_progress_bar = false")
        con.execute("create view leads as " + _LEADS.format(first=first_day, per_day=per_day, rows=rows))
        for feed, query in _FILES.items():
            folder = landing / "generic_crm" / feed
            folder.mkdir(parents=True, exist_ok=True)
            con.execute(f"copy ({query}) to '{folder / f'{feed}.csv'}' (header, delimiter ',')")
