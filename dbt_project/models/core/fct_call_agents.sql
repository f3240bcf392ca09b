{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='call_date',
    meta={'follows': ['fct_calls']}) }}
-- A call delivered whole has one agent, and all of it is his; one delivered in legs has a row for each agent's part.
with calls as (
    select * from {{ ref('fct_calls') }} where {{ is_touched('call_date') }}
),

parts as (
    select
        call_key, agent_id, true as is_owner, agent_name as told_name, team as told_team, skill_group,
        talk_seconds, hold_seconds, ring_seconds, cast(null as integer) as consult_seconds, acw_seconds,
        cast(null as integer) as offers_unanswered, cast(null as integer) as offers_missed,
        cast(null as integer) as offers_taken_elsewhere, cast(null as integer) as offers_given_up
    from calls
    where not is_united and (agent_id is not null or is_connected)
    union all
    select
        call_key, agent_id, is_owner, agent_name, department, skill_group,
        talk_seconds, hold_seconds, ring_seconds, consult_seconds, acw_seconds,
        offers_unanswered, offers_missed, offers_taken_elsewhere, offers_given_up
    from {{ ref('stg_call_agents') }}
    where {{ is_touched('call_date') }} and call_key in (select call_key from calls where is_united)
)

select
    md5(calls.call_key || '|' || coalesce(p.agent_id, '')) as call_agent_key,
    calls.call_key,
    calls.call_date,
    p.agent_id,
    case when p.is_owner then calls.agent_name else coalesce(agents.agent_name, p.told_name) end as agent_name,
    case when p.is_owner then calls.team else coalesce(agents.team, p.told_team) end as team,
    coalesce(p.skill_group, agents.skill_group) as skill_group,
    p.is_owner,
    calls.direction,
    calls.is_customer_call,
    calls.is_connected and (coalesce(p.talk_seconds, 0) + coalesce(p.hold_seconds, 0) > 0 or p.is_owner) as has_talked,
    p.talk_seconds,
    p.hold_seconds,
    p.ring_seconds,
    p.consult_seconds,
    p.acw_seconds,
    p.offers_unanswered,
    p.offers_missed,
    p.offers_taken_elsewhere,
    p.offers_given_up
from parts as p
inner join calls on p.call_key = calls.call_key
left join {{ ref('int_agents') }} as agents on p.agent_id = agents.agent_id
