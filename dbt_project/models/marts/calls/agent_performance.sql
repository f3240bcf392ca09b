{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='activity_date',
    meta={'follows': ['fct_calls', 'fct_orders']}) }}

with z as (select {{ policy_number('wilson.z') }} as z, {{ policy_number('min_n') }} as min_n),

-- Calls belong to their owner, so that they add up to the customer calls; talk and handling belong to whom they were.
owned as (
    select
        call_date as activity_date,
        coalesce(agent_id, 'unknown') as agent_id,
        max(agent_name) as agent_name,
        max(team) as team,
        count(*) as calls,
        count(*) filter (where is_dial) as dials,
        count(*) filter (where is_dial and is_connected) as connected_dials,
        count(*) filter (where is_connected) as connected_calls,
        count(*) filter (where duration_tier is not null) as tiered_calls,
        count(*) filter (where is_high_intent) as high_intent_calls
    from {{ ref('fct_calls') }}
    where is_customer_call and {{ is_touched('call_date') }}
    group by call_date, coalesce(agent_id, 'unknown')
),

parts as (
    select
        call_date as activity_date,
        coalesce(agent_id, 'unknown') as agent_id,
        max(agent_name) as agent_name,
        max(team) as team,
        count(*) as handled_calls,
        cast(coalesce(sum(talk_seconds), 0) as bigint) as talk_seconds,
        cast(coalesce(sum(hold_seconds), 0) as bigint) as hold_seconds,
        cast(coalesce(sum(coalesce(talk_seconds, 0) + coalesce(hold_seconds, 0) + coalesce(acw_seconds, 0)), 0) as bigint)
            as handling_seconds
    from {{ ref('fct_call_agents') }}
    where has_talked and is_customer_call and {{ is_touched('call_date') }}
    group by call_date, coalesce(agent_id, 'unknown')
),

calls as (
    select
        activity_date,
        agent_id,
        coalesce(owned.agent_name, parts.agent_name) as agent_name,
        coalesce(owned.team, parts.team) as team,
        owned.calls, owned.dials, owned.connected_dials, owned.connected_calls, owned.tiered_calls,
        owned.high_intent_calls,
        parts.handled_calls, parts.talk_seconds, parts.hold_seconds, parts.handling_seconds
    from owned
    full outer join parts using (activity_date, agent_id)
),

orders as (
    select activity_date, agent_id, max(team) as team, sum(orders) as orders, cast(sum(amount_cny) as decimal(18, 2)) as revenue_cny,
        sum(unpriced) as unpriced
    from (
        select order_date as activity_date, coalesce(agent_id, 'unknown') as agent_id, team, 1 as orders,
            cast(null as decimal(18, 2)) as amount_cny, cast(is_unpriced as integer) as unpriced
        from {{ ref('fct_orders') }}
        where is_won and {{ is_touched('order_date') }}
        union all
        select revenue_date, coalesce(agent_id, 'unknown'), team, 0, amount_cny, 0
        from {{ ref('fct_revenue') }}
        where {{ is_touched('revenue_date') }}
    ) as sold
    group by activity_date, agent_id
),

joined as (
    select
        activity_date,
        agent_id,
        calls.agent_name,
        coalesce(calls.team, orders.team, 'unknown') as team,
        coalesce(calls.calls, 0) as calls,
        coalesce(calls.dials, 0) as dials,
        coalesce(calls.connected_dials, 0) as connected_dials,
        coalesce(calls.connected_calls, 0) as connected_calls,
        coalesce(calls.tiered_calls, 0) as tiered_calls,
        coalesce(calls.high_intent_calls, 0) as high_intent_calls,
        coalesce(calls.handled_calls, 0) as handled_calls,
        coalesce(calls.talk_seconds, 0) as talk_seconds,
        coalesce(calls.hold_seconds, 0) as hold_seconds,
        coalesce(calls.handling_seconds, 0) as handling_seconds,
        cast(coalesce(orders.orders, 0) as bigint) as orders,
        case when coalesce(orders.unpriced, 0) > 0 then orders.revenue_cny
            else coalesce(orders.revenue_cny, cast(0 as decimal(18, 2))) end as revenue_cny
    from calls
    full outer join orders using (activity_date, agent_id)
)

select
    joined.*,
    {{ metric_rate('connect_rate', 'joined') }},
    {{ metric_rate('high_intent_rate', 'joined', interval=false) }},
    {{ rate('joined.handling_seconds', 'joined.handled_calls') }} as average_agent_handling_seconds,
    avg(joined.dials) over team_day as team_mean_dials,
    avg(joined.talk_seconds) over team_day as team_mean_talk_seconds,
    joined.dials >= z.min_n as n_ok
from joined
cross join z
window team_day as (partition by joined.activity_date, joined.team)
