{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='event_date',
    meta={'follows': ['fct_lead_events'], 'remembers': {'lead': 'lead_key'}}) }}
-- depends_on: {{ ref('int_propagation') }}
-- What happened to a lead that was merged happened to the one that is left.
select
    events.lead_event_key,
    coalesce(leads.lead_key, events.lead_key) as lead_key,
    events.source_system,
    events.stage,
    events.occurred_at,
    events.event_date,
    events.agent_id,
    events.source_file,
    events.source_line
from {{ ref('stg_lead_events') }} as events
left join {{ ref('int_lead_ids') }} as leads
    on events.source_system = leads.source_system and events.source_lead_id = leads.source_lead_id
where {{ is_touched('events.event_date') }}
