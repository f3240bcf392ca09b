-- The five outputs in SQL that DuckDB and PostgreSQL both run; raw_* tables hold text, to_char_month is made before.
create table calls as
select
    call_id,
    case direction when '呼入' then 'inbound' else 'outbound' end as direction,
    case when number ~ '^1[3-9][0-9]{9}$' then '+86' || number end as customer,
    cast(started as timestamp) as started_at,
    cast(nullif(answered, '') as timestamp) as answered_at,
    cast(ended as timestamp) as ended_at,
    cast(started as date) as call_date,
    cast(extract(hour from cast(started as timestamp)) as integer) as call_hour,
    cast(split_part(talk, ':', 1) as integer) * 3600 + cast(split_part(talk, ':', 2) as integer) * 60
        + cast(split_part(talk, ':', 3) as integer) as talk_seconds,
    cast(nullif(ring, '') as integer) as ring_seconds,
    cast(nullif(queue, '') as integer) as queue_seconds,
    status = '已接通' as is_connected,
    agent_id, agent_name, skill_group, province, city, own_number
from raw_calls;

create table leads as
select
    lead_id,
    '+86' || phone as customer,
    cast(created as timestamp) as created_at,
    case source when '百度推广' then '百度搜索' when '老带新' then '转介绍' else source end as channel,
    least(
        lead(cast(created as timestamp)) over (partition by phone order by created),
        cast(created as timestamp) + interval '90 days') as attributed_until
from raw_leads;

create table orders as
select
    o.order_id, o.lead_id, '+86' || o.phone as customer, cast(o.ordered as timestamp) as ordered_at,
    cast(o.amount as decimal(18, 2)) as amount, l.channel,
    row_number() over (partition by o.phone order by o.ordered, o.order_id) as order_number
from raw_orders o left join leads l on o.lead_id = l.lead_id;

create table fct_calls as
select
    c.*,
    c.direction = 'outbound' as is_dial,
    case
        when not is_connected then null
        when talk_seconds > 600 then 'A+' when talk_seconds > 420 then 'A' when talk_seconds > 300 then 'A-'
        when talk_seconds >= 60 then 'B' when talk_seconds >= 30 then 'C' else 'D'
    end as tier,
    is_connected and talk_seconds > 300 as is_high_intent,
    l.lead_id,
    coalesce(l.channel, 'unattributed') as channel,
    coalesce(o.ordered_at < c.started_at, false) as is_existing_customer,
    case when direction = 'outbound' then
        row_number() over (partition by c.customer, call_date, direction order by started_at, call_id) end as attempt_number
from calls c
left join leads l on c.customer = l.customer and c.started_at >= l.created_at and c.started_at < l.attributed_until
left join orders o on o.order_number = 1 and c.customer = o.customer;

create table agent_days as
with sums as (
    select
        call_date, agent_id, count(*) as calls,
        count(*) filter (where is_dial) as n,
        count(*) filter (where is_dial and is_connected) as k,
        count(*) filter (where is_high_intent) as high_intent,
        sum(talk_seconds) filter (where is_connected) as talk_seconds
    from fct_calls group by call_date, agent_id
)
select
    *,
    cast(k as double precision) / nullif(n, 0) as connect_rate,
    (k + 1.9207 - 1.96 * sqrt(cast(k as double precision) * (n - k) / nullif(n, 0) + 0.9604)) / (n + 3.8415) as low,
    (k + 1.9207 + 1.96 * sqrt(cast(k as double precision) * (n - k) / nullif(n, 0) + 0.9604)) / (n + 3.8415) as high
from sums;

create table funnel as
with called as (
    select lead_id, min(started_at) as dial_at, min(started_at) filter (where is_connected) as connect_at,
        min(started_at) filter (where is_high_intent) as intent_at
    from fct_calls where lead_id is not null group by lead_id
),
events as (
    select lead_id, min(cast(happened as timestamp)) filter (where stage = '意向确认') as intent_at,
        min(cast(happened as timestamp)) filter (where stage = '需求确认') as need_at
    from raw_lead_events group by lead_id
),
deals as (select lead_id, min(ordered_at) as deal_at from orders group by lead_id)
select
    channel, date_trunc('week', l.created_at) as cohort_week, count(*) as leads, count(dial_at) as dial,
    count(connect_at) as connect, count(coalesce(called.intent_at, events.intent_at)) as intent,
    count(need_at) as need, count(deal_at) filter (where deal_at < l.created_at + interval '90 days') as deal
from leads l
left join called on l.lead_id = called.lead_id
left join events on l.lead_id = events.lead_id
left join deals on l.lead_id = deals.lead_id
group by 1, 2;

create table channel_months as
with spent as (
    select cost_month, case channel when '百度推广' then '百度搜索' when '老带新' then '转介绍' else channel end as channel,
        sum(cast(amount as decimal(18, 2))) as cost
    from raw_channel_costs group by 1, 2
),
earned as (
    select channel, to_char_month(ordered_at) as cost_month, count(*) as orders, sum(amount) as revenue
    from orders group by 1, 2
)
select coalesce(e.channel, s.channel) as channel, coalesce(e.cost_month, s.cost_month) as month, orders, revenue, cost,
    (revenue - cost) / nullif(cost, 0) as roi
from earned e full join spent s on e.channel = s.channel and e.cost_month = s.cost_month;

create table high_intent as
with as_of as (select max(call_date) as day from fct_calls),
recent as (select f.* from fct_calls f, as_of where customer is not null and call_date > day - 60),
last_long as (
    select * from (
        select r.*, row_number() over (partition by customer order by started_at desc, call_id) as i
        from recent r, as_of where is_high_intent and call_date > day - 30) t
    where i = 1
),
counted as (
    select r.customer, count(*) as calls, count(*) filter (where r.is_high_intent) as long_calls,
        max(r.talk_seconds) as longest
    from recent r join last_long l on r.customer = l.customer and r.call_date > l.call_date - 30 group by r.customer
)
select
    row_number() over (order by tier, long_calls desc, l.talk_seconds desc, l.started_at desc, l.customer) as rank,
    l.customer, l.call_id, l.started_at, l.talk_seconds, l.tier, l.agent_id, l.channel, c.calls, c.long_calls,
    c.longest, l.is_existing_customer
from last_long l join counted c on l.customer = c.customer;
