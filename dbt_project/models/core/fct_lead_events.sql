{{ config(**by_date('event_date', ['fct_lead_events'], touched_keys={'lead': 'lead_key'},
    touched_columns=['lead_event_key', 'lead_key', 'stage', 'occurred_at'])) }}
select
    lead_event_key,
    lead_key,
    source_system,
    stage,
    occurred_at,
    event_date,
    agent_id,
    source_file,
    source_line
from {{ ref('stg_lead_events') }}
where {{ is_touched('event_date', ['fct_lead_events']) }}
