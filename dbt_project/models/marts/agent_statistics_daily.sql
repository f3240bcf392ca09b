{{ config(**by_date('stat_date', ['agent_statistics'])) }}
-- Rows of a day, or the hours of a day that is not stated as a whole; periods of several days stay in the fact.
with z as (select {{ policy_number('wilson.z') }} as z, {{ policy_number('min_n') }} as min_n),

days as (
    select
        stat_date,
        source_system,
        agent_id,
        max(agent_name) as agent_name,
        max(team) as team,
        count(*) as delivered_rows,
        {% for column in ['calls', 'inbound_calls', 'inbound_answered_calls', 'outbound_calls', 'outbound_connected_calls', 'answered_calls',
            'missed_calls', 'transferred_calls', 'talk_seconds', 'wait_seconds', 'ring_seconds', 'hold_seconds', 'acw_seconds',
            'handling_seconds', 'login_seconds', 'ready_seconds', 'busy_seconds', 'break_seconds'] -%}
        cast(sum({{ column }}) as bigint) as {{ column }},
        {% endfor -%}
        min(first_login_at) as first_login_at,
        max(last_logout_at) as last_logout_at
    from {{ ref('fct_agent_statistics') }}
    where counts_in_day and {{ is_touched('stat_date', ['agent_statistics']) }}
    group by stat_date, source_system, agent_id
)

select
    days.*,
    {{ rate('days.inbound_answered_calls', 'days.inbound_calls') }} as delivered_agent_answer_rate,
    {{ wilson_low(part_of('days.inbound_answered_calls', 'days.inbound_calls'), 'days.inbound_calls', 'z.z') }} as delivered_agent_answer_wilson_low,
    {{ wilson_high(part_of('days.inbound_answered_calls', 'days.inbound_calls'), 'days.inbound_calls', 'z.z') }} as delivered_agent_answer_wilson_high,
    {{ rate('days.outbound_connected_calls', 'days.outbound_calls') }} as delivered_agent_connect_rate,
    {{ wilson_low(part_of('days.outbound_connected_calls', 'days.outbound_calls'), 'days.outbound_calls', 'z.z') }} as delivered_agent_connect_wilson_low,
    {{ wilson_high(part_of('days.outbound_connected_calls', 'days.outbound_calls'), 'days.outbound_calls', 'z.z') }} as delivered_agent_connect_wilson_high,
    {{ rate('days.talk_seconds', 'days.answered_calls') }} as average_talk_seconds,
    {{ rate('days.handling_seconds', 'days.answered_calls') }} as delivered_average_handling_seconds,
    days.login_seconds - coalesce(days.break_seconds, 0) as available_seconds,
    {{ rate('days.handling_seconds', '(days.login_seconds - coalesce(days.break_seconds, 0))') }} as occupancy,
    coalesce(days.calls >= z.min_n, false) as n_ok
from days
cross join z
