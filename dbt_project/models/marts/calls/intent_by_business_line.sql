{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='call_date',
    meta={'follows': ['fct_calls']}) }}

with z as (select {{ policy_number('wilson.z') }} as z, {{ policy_number('min_n') }} as min_n),

counted as (
    select
        call_date,
        direction,
        business_line,
        coalesce(own_number, 'unknown') as own_number,
        count(*) as calls,
        count(*) filter (where is_connected) as connected_calls,
        count(*) filter (where duration_tier is not null) as tiered_calls,
        count(*) filter (where is_high_intent) as high_intent_calls,
        count(*) filter (where intent_level = 'medium') as medium_intent_calls,
        count(*) filter (where intent_level = 'low') as low_intent_calls,
        count(*) filter (where intent_level = 'invalid') as invalid_intent_calls,
        count(*) filter (where is_high_intent and is_existing_customer) as high_intent_existing_calls,
        cast(coalesce(sum(talk_seconds) filter (where is_connected), 0) as bigint) as talk_seconds
    from {{ ref('fct_calls') }}
    where is_customer_call and {{ is_touched('call_date') }}
    group by call_date, direction, business_line, coalesce(own_number, 'unknown')
)

select
    counted.*,
    {{ metric_rate('high_intent_rate', 'counted') }},
    counted.tiered_calls >= z.min_n as n_ok
from counted
cross join z
