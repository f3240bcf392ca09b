"""chdb, ClickHouse in process; outputs as MergeTree tables. ``python -m benchmarks.peers.chdb_script LANDING FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from chdb import session

from benchmarks.peers.files import ALIASES, COLUMNS, delivered, say

HERE = Path(__file__).parent
_ALIASED = f"transform({{0}}, {list(ALIASES)}, {list(ALIASES.values())}, {{0}})"
# Table, its order, its query; {feed} stands for a feed's files.
_TABLES = (
    (
        "calls",
        "started_at",
        """
        select call_id, if(direction = '呼入', 'inbound', 'outbound') as way,
            if(match(number, '^1[3-9][0-9]{9}$'), concat('+86', number), null) as customer,
            toDateTime(started, 'UTC') as started_at, toDateTimeOrNull(answered, 'UTC') as answered_at,
            toDateTime(ended, 'UTC') as ended_at, toDate(started_at) as call_date, toHour(started_at) as call_hour,
            toInt32(substring(talk, 1, 2)) * 3600 + toInt32(substring(talk, 4, 2)) * 60
                + toInt32(substring(talk, 7, 2)) as talk_seconds,
            toInt32OrNull(ring) as ring_seconds, toInt32OrNull(queue) as queue_seconds,
            status = '已接通' as is_connected, agent_id, agent_name, skill_group, province, city, own_number
        from {calls}""",
    ),
    (
        "leads",
        "lead_id",
        """
        select lead_id, concat('+86', phone) as customer, toDateTime(created, 'UTC') as created_at,
            {source} as channel from {leads}""",
    ),
    ("events", "lead_id", "select lead_id, stage, toDateTime(happened, 'UTC') as at from {lead_events}"),
    (
        "orders",
        "order_id",
        """
        select o.*, l.channel as channel,
            row_number() over (partition by o.customer order by ordered_at, order_id) as order_number
        from (select order_id, lead_id, concat('+86', phone) as customer, toDateTime(ordered, 'UTC') as ordered_at,
            toDecimal64(amount, 2) as paid from {orders}) o
        left join d.leads l on o.lead_id = l.lead_id""",
    ),
    (
        "costs",
        "month",
        """
        select cost_month as month, {aliased} as channel_name, sum(toDecimal64(amount, 2)) as cost
        from {channel_costs} group by 1, 2""",
    ),
    (
        "fct_calls",
        "started_at",
        """
        select c.*, c.way = 'outbound' as is_dial,
            multiIf(not is_connected, null, talk_seconds > 600, 'A+', talk_seconds > 420, 'A', talk_seconds > 300, 'A-',
                talk_seconds >= 60, 'B', talk_seconds >= 30, 'C', 'D') as tier,
            is_connected and talk_seconds > 300 as is_high_intent,
            if(l.created_at > c.started_at - interval 90 day, l.lead_id, null) as lead_id,
            if(lead_id is null, 'unattributed', l.channel) as channel,
            coalesce(o.ordered_at < c.started_at, false) as is_existing_customer,
            if(is_dial, row_number() over (
                partition by c.customer, call_date, way order by c.started_at, call_id), null) as attempt_number
        from d.calls c
        asof left join (select lead_id, customer as of, created_at, channel from d.leads) l
            on c.customer = l.of and c.started_at >= l.created_at
        left join (select customer as buyer, ordered_at from d.orders where order_number = 1) o on c.customer = o.buyer""",
    ),
    (
        "agent_days",
        "call_date",
        """
        select *, k / nullIf(n, 0) as connect_rate, 1.96 * sqrt(k * (n - k) / nullIf(n, 0) + 0.9604) as root,
            (k + 1.9207 - root) / (n + 3.8415) as low, (k + 1.9207 + root) / (n + 3.8415) as high
        from (select call_date, agent_id, count() as calls, countIf(is_dial) as n,
            countIf(is_dial and is_connected) as k, countIf(is_high_intent) as high_intent,
            sumIf(talk_seconds, is_connected) as talk_seconds from d.fct_calls group by 1, 2)""",
    ),
    (
        "funnel",
        "channel",
        """
        select l.channel as channel, toMonday(l.created_at) as cohort_week, count() as leads, count(dial_at) as dial,
            count(connect_at) as connect, count(coalesce(c.intent_at, e.intent_at)) as intent, count(need_at) as need,
            countIf(deal_at < l.created_at + interval 90 day) as deal
        from d.leads l
        left join (select lead_id, min(started_at) as dial_at, minOrNullIf(started_at, is_connected) as connect_at,
                minOrNullIf(started_at, is_high_intent) as intent_at
            from d.fct_calls where lead_id is not null group by 1) c on l.lead_id = c.lead_id
        left join (select lead_id, minOrNullIf(at, stage = '意向确认') as intent_at,
                minOrNullIf(at, stage = '需求确认') as need_at from d.events group by 1) e on l.lead_id = e.lead_id
        left join (select lead_id, min(ordered_at) as deal_at from d.orders group by 1) o on l.lead_id = o.lead_id
        group by 1, 2""",
    ),
    (
        "channel_months",
        "tuple()",
        """
        select coalesce(e.channel, s.channel_name) as channel, coalesce(e.month, s.month) as month, orders, revenue, cost,
            toFloat64(revenue - cost) / toFloat64(cost) as roi
        from (select channel, formatDateTime(ordered_at, '%Y-%m') as month, count() as orders, sum(paid) as revenue
            from d.orders group by 1, 2) e
        full join d.costs s on e.channel = s.channel_name and e.month = s.month""",
    ),
    (
        "last_long",
        "customer",
        """
        select * from d.fct_calls where customer is not null and is_high_intent
            and call_date > (select max(call_date) from d.fct_calls) - 30
        order by started_at desc, call_id limit 1 by customer""",
    ),
    (
        "high_intent",
        "rank",
        """
        select row_number() over (
                order by tier, long_calls desc, l.talk_seconds desc, l.started_at desc, l.customer) as rank,
            l.customer as customer, l.call_id as call_id, l.started_at as started_at, l.talk_seconds as talk_seconds,
            l.tier as tier, l.agent_id as agent_id, l.channel as channel, c.calls as calls, c.long_calls as long_calls,
            c.longest as longest, l.is_existing_customer as is_existing_customer
        from d.last_long l
        join (select r.customer as customer, count() as calls, countIf(r.is_high_intent) as long_calls,
                max(r.talk_seconds) as longest
            from d.fct_calls r join d.last_long l on r.customer = l.customer
            where r.call_date > (select max(call_date) from d.fct_calls) - 60 and r.call_date > l.call_date - 30
            group by 1) c on l.customer = c.customer""",
    ),
)


def main(landing: str, folder: str) -> None:
    db = session.Session(folder)
    db.query("create database if not exists d")
    db.query("set join_use_nulls = 1")
    for name, key, query in _TABLES:
        for feed, columns in COLUMNS.items():
            types = ", ".join(f"{column} String" for column in columns.split())
            files = ",".join(delivered(landing, feed))
            query = query.replace(
                f"{{{feed}}}",
                f"file('{{{files}}}', CSVWithNames, '{types}')".replace(
                    f"{{{files}}}", files if "," not in files else f"{{{files}}}"
                ),
            )
        query = query.replace("{source}", _ALIASED.format("source")).replace("{aliased}", _ALIASED.format("channel"))
        db.query(
            f"create table d.{name} engine = MergeTree order by {key} settings allow_nullable_key = 1 as {query} "
            "settings input_format_with_names_use_header = 0"
        )
    sums = (HERE / "control_sums.sql").read_text(encoding="utf-8").replace(" from ", " from d.")
    say(tuple(line.split("\t")) for line in str(db.query(sums, "TSV")).splitlines())


if __name__ == "__main__":
    main(*sys.argv[1:])
