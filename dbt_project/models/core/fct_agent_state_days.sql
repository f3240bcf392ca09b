{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='state_date',
    meta={'follows': ['agent_states']}) }}
-- A state without end or length lasts until the agent's next one of the same day; the last one of a day is not known.
with states as (
    select
        s.source_system,
        s.state_date,
        s.agent_id,
        s.agent_name,
        s.state,
        s.started_at,
        coalesce(s.state_seconds, {{ seconds_between('s.started_at', 's.ended_at') }}, {{ seconds_between('s.started_at', 'lead(s.started_at) over agent_day') }}) as seconds
    from {{ ref('stg_agent_states') }} as s
    where {{ is_touched('s.state_date') }}
    window agent_day as (partition by s.source_system, s.agent_id, s.state_date order by s.started_at nulls last, s.agent_state_key nulls last)
)

select
    states.state_date,
    states.source_system,
    states.agent_id,
    max(states.agent_name) as agent_name,
    states.state,
    count(*) as times,
    count(*) filter (where states.seconds is null) as times_without_length,
    cast(sum(greatest(states.seconds, 0)) as bigint) as state_seconds,
    min(states.started_at) as first_started_at
from states
group by states.state_date, states.source_system, states.agent_id, states.state
