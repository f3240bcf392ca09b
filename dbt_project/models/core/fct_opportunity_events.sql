{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='event_date',
    meta={'follows': ['opportunity_events']}) }}
select
    opportunity_event_key,
    source_system,
    opportunity_id as source_opportunity_id,
    {{ native_key('opportunities', 'source_system', 'opportunity_id') }} as opportunity_key,
    from_stage,
    stage,
    coalesce(status, 'unknown') as status,
    occurred_at,
    event_date,
    {{ in_yuan('e.amount', 'e.currency') }} as amount_cny,
    probability,
    expected_close_on as expected_close_date,
    agent_id,
    source_file,
    source_line
from {{ ref('stg_opportunity_events') }} as e
{{ join_rates('e.currency', 'e.event_date') }}
where {{ is_touched('event_date') }}
