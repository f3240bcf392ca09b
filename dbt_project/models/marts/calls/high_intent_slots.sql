{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='call_date',
    meta={'follows': ['fct_calls']}) }}

select
    call_date,
    call_hour,
    direction,
    business_line,
    coalesce(region_province, 'unknown') as region_province,
    max(weekday) as weekday,
    bool_or(is_workday) as is_workday,
    count(*) as connected_calls,
    count(*) filter (where is_high_intent) as high_intent_calls,
    cast(coalesce(sum(talk_seconds) filter (where is_high_intent), 0) as bigint) as high_intent_talk_seconds
from {{ ref('fct_calls') }}
where is_connected and is_customer_call and {{ is_touched('call_date') }}
group by call_date, call_hour, direction, business_line, coalesce(region_province, 'unknown')
