{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='call_date',
    meta={'follows': ['calls']}) }}
{#- Nothing is united where nothing comes in legs. -#}
{%- if has_rows(ref('stg_call_legs')) %}
with {{ touched_legs() }},

{{ contact_ctes('legs') }},

{{ named_contacts() }},

-- What an agent's own legs say of him beside the intervals.
told as (
    select call_key, contact_no, coalesce(agent_id, '') as agent_id,
        max(agent_name) as agent_name, max(department) as department, max(skill_group) as skill_group,
        sum({{ sane_length('acw_seconds') }}) as acw_seconds
    from placed
    where role not in ({{ unheard() }})
    group by call_key, contact_no, coalesce(agent_id, '')
)

select
    {{ native_key('calls', 'named.source_system', 'named.row_key') }} as call_key,
    named.call_date,
    nullif(p.agent_id, '') as agent_id,
    p.is_owner,
    told.agent_name,
    told.department,
    told.skill_group,
    cast(p.presence - p.hold as integer) as talk_seconds,
    cast(p.hold as integer) as hold_seconds,
    cast(p.ring as integer) as ring_seconds,
    cast(p.consult as integer) as consult_seconds,
    cast(told.acw_seconds as integer) as acw_seconds,
    cast(p.offers as integer) as offers_unanswered,
    cast(p.missed as integer) as offers_missed,
    cast(p.elsewhere as integer) as offers_taken_elsewhere,
    cast(p.gave_up as integer) as offers_given_up
from agent_parts as p
inner join named on p.call_key = named.legs_key and p.contact_no = named.contact_no
left join told on p.call_key = told.call_key and p.contact_no = told.contact_no and p.agent_id = told.agent_id
where {{ is_touched('named.call_date') }}
{%- else %}
select
    '' as call_key, cast(null as date) as call_date, '' as agent_id, false as is_owner, '' as agent_name, '' as department, '' as skill_group,
    0 as talk_seconds, 0 as hold_seconds, 0 as ring_seconds, 0 as consult_seconds, 0 as acw_seconds, 0 as offers_unanswered,
    0 as offers_missed, 0 as offers_taken_elsewhere, 0 as offers_given_up
where false
{%- endif %}
