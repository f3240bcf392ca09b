{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='stat_date',
    meta={'follows': ['queue_statistics']}) }}
-- Rows of a day, or the hours of a day that is not stated as a whole; periods of several days stay in the fact.
with z as (select {{ policy_number('wilson.z') }} as z, {{ policy_number('min_n') }} as min_n),

days as (
    select
        stat_date,
        source_system,
        queue,
        max(business_line) as business_line,
        count(*) as delivered_rows,
        {% for column in ['offered_calls', 'answered_calls', 'abandoned_calls', 'short_abandoned_calls', 'timeout_calls', 'transferred_calls',
            'in_target_calls', 'answer_wait_seconds', 'wait_seconds', 'talk_seconds', 'handling_seconds'] -%}
        cast(sum({{ column }}) as bigint) as {{ column }},
        {% endfor -%}
        max(longest_wait_seconds) as longest_wait_seconds,
        max(longest_queue) as longest_queue,
        -- Hours that do not say how many were answered in time have no part in the service level.
        cast(sum(case when in_target_calls is not null then offered_calls end) as bigint) as service_level_calls
    from {{ ref('fct_queue_statistics') }}
    where counts_in_day and {{ is_touched('stat_date') }}
    group by stat_date, source_system, queue
)

select
    days.*,
    {%- set columns = {'delivered_queue_abandoned': 'abandoned_calls', 'delivered_queue_offered': 'offered_calls',
        'delivered_queue_in_target': 'in_target_calls', 'delivered_queue_service_level_calls': 'service_level_calls',
        'delivered_queue_answer_wait_seconds': 'answer_wait_seconds', 'delivered_queue_answered': 'answered_calls',
        'delivered_queue_handling_seconds': 'handling_seconds'} %}
    {{ metric_rate('delivered_queue_answer_rate', 'days', columns) }},
    {{ metric_rate('delivered_queue_abandon_rate', 'days', columns) }},
    {{ metric_rate('delivered_queue_service_level', 'days', columns, 'service_level') }},
    {{ metric_rate('delivered_queue_asa_seconds', 'days', columns, 'average_speed_of_answer_seconds') }},
    {{ metric_rate('delivered_queue_average_handling_seconds', 'days', columns, 'delivered_average_handling_seconds') }},
    coalesce(days.offered_calls >= z.min_n, false) as n_ok
from days
cross join z
