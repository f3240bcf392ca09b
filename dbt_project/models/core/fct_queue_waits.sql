{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='wait_date',
    meta={'follows': ['fct_queue_waits']}) }}
-- A wait is known by how it ended; where the log does not say how long it was, the entry before it does. The day before
-- is read along, because a caller may have entered ahead of midnight.
with events as (
    select
        e.*,
        max(case when e.event = 'enter' then e.occurred_at end) over visit as entered_at,
        max(case when e.event = 'connect' then 1 else 0 end) over (partition by e.source_system, e.call_id, e.queue) as has_connect
    from {{ ref('stg_queue_events') }} as e
    where e.queue is not null
        {%- if is_incremental() %}
        and ({{ in_build_dates('e.event_date', ['fct_queue_waits']) }} or {{ in_build_dates(add_days('e.event_date', 1), ['fct_queue_waits']) }})
        {%- endif %}
    window visit as (partition by e.source_system, e.call_id, e.queue
        order by e.occurred_at nulls last, e.queue_event_key nulls last rows between unbounded preceding and current row)
)

select
    queue_event_key as wait_key,
    source_system,
    event_date as wait_date,
    cast(extract(hour from occurred_at) as integer) as wait_hour,
    queue,
    call_id as source_call_id,
    occurred_at as ended_at,
    case when event in ('connect', 'complete') then 'answered' when event = 'abandon' then 'abandoned' else 'left' end as outcome,
    event as ending,
    cast(coalesce(wait_seconds, case when call_id is not null then {{ seconds_between('entered_at', 'occurred_at') }} end) as integer) as wait_seconds,
    cast(position as integer) as position,
    agent_id,
    customer_key,
    source_file,
    source_line
from events
where (event in ('connect', 'abandon', 'timeout', 'exit_key', 'exit_empty', 'overflow') or (event = 'complete' and has_connect = 0))
    and {{ is_touched('event_date') }}
