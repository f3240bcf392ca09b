{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='wait_date',
    meta={'follows': ['fct_queue_waits']}) }}
with z as (
    select {{ policy_number('wilson.z') }} as z, {{ policy_number('min_n') }} as min_n, {{ policy_number('service_level.seconds') }} as target_seconds
),

days as (
    select
        waits.wait_date,
        waits.source_system,
        waits.queue,
        count(*) as offered_calls,
        count(*) filter (where waits.outcome = 'answered') as answered_calls,
        count(*) filter (where waits.outcome = 'abandoned') as abandoned_calls,
        count(*) filter (where waits.outcome = 'left') as left_calls,
        count(*) filter (where waits.outcome = 'answered' and waits.wait_seconds is not null) as answered_with_wait,
        count(*) filter (where waits.outcome = 'answered' and waits.wait_seconds <= z.target_seconds) as in_target_calls,
        count(*) filter (where waits.outcome = 'abandoned' or (waits.outcome = 'answered' and waits.wait_seconds is not null)) as service_level_calls,
        cast(sum(waits.wait_seconds) as bigint) as wait_seconds,
        cast(sum(waits.wait_seconds) filter (where waits.outcome = 'answered') as bigint) as answer_wait_seconds,
        cast(sum(waits.wait_seconds) filter (where waits.outcome = 'abandoned') as bigint) as abandon_wait_seconds,
        max(waits.wait_seconds) as longest_wait_seconds
    from {{ ref('fct_queue_waits') }} as waits
    cross join z
    where {{ is_touched('waits.wait_date') }}
    group by waits.wait_date, waits.source_system, waits.queue
)

select
    days.*,
    {%- set columns = {'queue_waits_answered': 'answered_calls', 'queue_waits_abandoned': 'abandoned_calls',
        'queue_waits': 'offered_calls', 'queue_waits_in_target': 'in_target_calls',
        'queue_waits_service_level_calls': 'service_level_calls', 'queue_waits_answer_seconds': 'answer_wait_seconds',
        'queue_waits_answered_with_wait': 'answered_with_wait'} %}
    {{ metric_rate('queue_answer_rate', 'days', columns) }},
    {{ metric_rate('queue_abandon_rate', 'days', columns) }},
    {{ metric_rate('queue_service_level', 'days', columns, 'service_level') }},
    {{ metric_rate('queue_asa_seconds', 'days', columns, 'average_speed_of_answer_seconds') }},
    days.offered_calls >= z.min_n as n_ok
from days
cross join z
