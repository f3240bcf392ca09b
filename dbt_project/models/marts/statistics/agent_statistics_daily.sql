{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='stat_date',
    meta={'follows': ['agent_statistics']}) }}
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
    where counts_in_day and {{ is_touched('stat_date') }}
    group by stat_date, source_system, agent_id
)

select
    days.*,
    {%- set columns = {'delivered_agent_inbound_answered': 'inbound_answered_calls', 'delivered_agent_inbound_calls': 'inbound_calls',
        'delivered_agent_outbound_connected': 'outbound_connected_calls', 'delivered_agent_outbound_calls': 'outbound_calls',
        'delivered_agent_handling_seconds': 'handling_seconds', 'delivered_agent_talk_seconds': 'talk_seconds',
        'delivered_agent_answered_calls': 'answered_calls',
        'delivered_agent_available_seconds': '(days.login_seconds - coalesce(days.break_seconds, 0))'} %}
    {{ metric_rate('delivered_agent_answer_rate', 'days', columns) }},
    {{ metric_rate('delivered_agent_connect_rate', 'days', columns) }},
    {{ metric_rate('delivered_agent_mean_talk_seconds', 'days', columns, 'average_talk_seconds') }},
    {{ metric_rate('delivered_agent_average_handling_seconds', 'days', columns, 'delivered_average_handling_seconds') }},
    days.login_seconds - coalesce(days.break_seconds, 0) as available_seconds,
    {{ metric_rate('delivered_agent_occupancy', 'days', columns, 'occupancy') }},
    coalesce(days.calls >= z.min_n, false) as n_ok
from days
cross join z
