{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='call_date',
    meta={'follows': ['fct_calls']}) }}

select
    calls.call_date,
    calls.direction,
    calls.business_line,
    coalesce(calls.duration_band, 'unknown') as duration_band,
    coalesce(calls.duration_tier, 'none') as duration_tier,
    max(bands.ordinal) as band_ordinal,
    max(calls.tier_family) as tier_family,
    max(calls.intent_level) as intent_level,
    count(*) as calls,
    cast(sum(calls.talk_seconds) as bigint) as talk_seconds,
    cast(sum(count(*)) over (partition by calls.call_date, calls.direction, calls.business_line) as bigint) as base_calls,
    {{ rate('count(*)', 'sum(count(*)) over (partition by calls.call_date, calls.direction, calls.business_line)') }}
        as share_of_calls
from {{ ref('fct_calls') }} as calls
left join {{ source('policy', 'duration_bands') }} as bands on calls.duration_band = bands.band
where calls.is_connected and calls.is_customer_call and {{ is_touched('calls.call_date') }}
group by calls.call_date, calls.direction, calls.business_line,
    coalesce(calls.duration_band, 'unknown'), coalesce(calls.duration_tier, 'none')
