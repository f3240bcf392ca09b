-- The roster, and agents that only calls mention.
with mentioned as (
    select
        member as agent_id,
        max_by(call_name, call_date) as call_name,
        max_by(call_team, call_date) as call_team,
        min(call_date) as first_call_date,
        max(call_date) as last_call_date
    from {{ ref('call_day_members') }}
    where member_kind = 'agent'
    group by member
)

select
    coalesce(roster.agent_id, mentioned.agent_id) as agent_id,
    coalesce(roster.agent_name, mentioned.call_name) as agent_name,
    coalesce(roster.team, mentioned.call_team) as team,
    roster.department,
    roster.skill_group,
    roster.hired_on,
    roster.left_on,
    roster.region_city,
    roster.mentor_agent_id,
    roster.agent_id is not null as is_in_roster,
    mentioned.first_call_date,
    mentioned.last_call_date
from {{ ref('int_agents') }} as roster
full outer join mentioned on roster.agent_id = mentioned.agent_id
