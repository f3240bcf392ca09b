{{ config(schema='core', materialized='incremental', incremental_strategy='touched_dates', event_time='call_date',
    meta={'follows': ['fct_calls']}) }}
-- What the day's calls mention, with the names they were given: small, so that it can be compared and listed whole.
with calls as (
    select call_date, own_number, channel, business_line
    from {{ ref('fct_calls') }}
    where {{ is_touched('call_date') }}
),

mentioned as (
    select call_date, 'agent' as member_kind, agent_id as member, max(agent_name) as call_name, max(team) as call_team,
        count(*) filter (where is_owner) as calls
    from {{ ref('fct_call_agents') }}
    where agent_id is not null and {{ is_touched('call_date') }}
    group by call_date, agent_id
    union all
    select call_date, 'own_number', own_number, null, null, count(*)
    from calls where own_number is not null group by call_date, own_number
    union all
    select call_date, 'channel', channel, null, null, count(*) from calls group by call_date, channel
    union all
    select call_date, 'business_line', business_line, null, null, count(*) from calls group by call_date, business_line
)

select
    m.call_date,
    m.member_kind,
    m.member,
    m.call_name,
    m.call_team,
    agents.agent_name as roster_name,
    agents.team as roster_team,
    numbers.business_line as roster_line,
    m.calls
from mentioned as m
left join {{ ref('int_agents') }} as agents on m.member_kind = 'agent' and m.member = agents.agent_id
left join {{ ref('int_own_numbers') }} as numbers
    on m.member_kind = 'own_number' and m.member = numbers.own_number and {{ is_valid_on('numbers', 'm.call_date') }}
