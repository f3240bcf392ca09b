{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='event_date',
    meta={'follows': ['lead_events']}) }}
with {{ latest_delivery('lead_events') }}

select
    {{ native_key('lead_events', 'r._source', 'r._row_key') }} as lead_event_key,
    {{ native_key('leads', 'r._source', 'trim(r.lead_id)') }} as lead_key,
    r._source as source_system,
    trim(r.lead_id) as source_lead_id,
    coalesce({{ mapped('r', 'stage') }}, 'unknown') as stage,
    {{ is_unmapped('r', 'stage') }} as is_stage_unmapped,
    {{ parse_ts('r.occurred_at') }} as occurred_at,
    r._event_date as event_date,
    nullif(trim(r.agent_id), '') as agent_id,
    nullif(trim(r.notes), '') as notes,
    {{ provenance('r') }}
from latest as r
{{ join_value_map('r', 'lead_events', 'stage') }}
