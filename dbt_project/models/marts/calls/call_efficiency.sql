{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='call_date',
    meta={'follows': ['fct_calls']}) }}

with z as (select {{ policy_number('wilson.z') }} as z, {{ policy_number('min_n') }} as min_n),

counted as (
    select
        calls.call_date,
        calls.call_hour,
        calls.direction,
        calls.business_line,
        coalesce(calls.team, 'unknown') as team,
        coalesce(calls.channel, 'unattributed') as channel,
        count(*) as calls,
        count(*) filter (where calls.is_dial) as dials,
        count(*) filter (where calls.is_dial and calls.is_connected) as connected_dials,
        count(*) filter (where calls.direction = 'inbound') as offered,
        count(*) filter (where calls.is_end_known) as offered_with_end,
        case when count(*) filter (where calls.direction = 'inbound') = 0 or count(*) filter (where calls.is_end_known) > 0
            then count(*) filter (where calls.is_abandoned) end as abandoned,
        count(*) filter (where calls.is_connected) as connected,
        count(*) filter (where calls.is_high_intent) as high_intent_calls,
        cast(coalesce(sum(calls.talk_seconds) filter (where calls.is_connected), 0) as bigint) as talk_seconds,
        cast(coalesce(sum(calls.hold_seconds), 0) as bigint) as hold_seconds,
        cast(coalesce(sum(calls.ring_seconds), 0) as bigint) as ring_seconds,
        cast(coalesce(sum(calls.queue_seconds), 0) as bigint) as queue_seconds,
        cast(coalesce(sum(calls.acw_seconds), 0) as bigint) as acw_seconds,
        cast(coalesce(sum(coalesce(calls.talk_seconds, 0) + coalesce(calls.hold_seconds, 0) + coalesce(calls.acw_seconds, 0))
            filter (where calls.is_connected), 0) as bigint) as handling_seconds
    from {{ ref('fct_calls') }} as calls
    where calls.is_customer_call and {{ is_touched('calls.call_date') }}
    group by calls.call_date, calls.call_hour, calls.direction, calls.business_line,
        coalesce(calls.team, 'unknown'), coalesce(calls.channel, 'unattributed')
)

select
    counted.*,
    {{ metric_rate('connect_rate', 'counted') }},
    {{ metric_rate('abandon_rate', 'counted', {'abandoned_calls': 'abandoned', 'calls_with_end': 'offered_with_end'}, interval=false) }},
    {{ metric_rate('average_handling_seconds', 'counted', {'connected_calls': 'connected'}) }},
    counted.dials >= z.min_n as n_ok
from counted
cross join z
