{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='stat_date',
    meta={'follows': ['agent_statistics']}) }}
-- Delivered counts, never added to the calls. Totals that an export lacks are made of its parts or its average.
with read as (
    select
        s.*,
        {{ statistics_hour('s', 's.stat_date') }} as stat_hour
    from {{ ref('stg_agent_statistics') }} as s
    where {{ is_touched('s.stat_date') }}
),

spans as (
    select
        r.*,
        {{ statistics_span('r.stat_hour', 'r', 'r.stat_date') }} as span,
        coalesce(r.answered_calls, {{ sum_of_parts(['r.inbound_answered_calls', 'r.outbound_connected_calls']) }}) as answered
    from read as r
),

totals as (
    select
        s.*,
        coalesce(s.total_calls, {{ sum_of_parts(['s.inbound_calls', 's.outbound_calls']) }},
            {{ sum_of_parts(['s.answered', 's.missed_calls']) }}) as all_calls,
        coalesce(s.talk_seconds, {{ sum_of_parts(['s.inbound_talk_seconds', 's.outbound_talk_seconds']) }},
            s.average_talk_seconds * s.answered) as talk
    from spans as s
)

select
    t.agent_statistic_key,
    t.source_system,
    t.stat_date,
    t.stat_hour,
    t.span,
    {{ statistics_days('t.span', 't', 't.stat_date') }} as period_days,
    {{ counts_in_day('t.span', 't.source_system, t.agent_id, t.stat_date') }} as counts_in_day,
    t.agent_id,
    t.agent_name,
    coalesce(t.team, 'unknown') as team,
    coalesce(t.queue, t.skill_group) as queue,
    t.direction,
    t.media,
    {{ whole('t.all_calls') }} as calls,
    {{ whole('t.inbound_calls') }} as inbound_calls,
    {{ whole('t.inbound_answered_calls') }} as inbound_answered_calls,
    {{ whole('t.outbound_calls') }} as outbound_calls,
    {{ whole('t.outbound_connected_calls') }} as outbound_connected_calls,
    {{ whole('t.answered') }} as answered_calls,
    {{ whole('t.missed_calls') }} as missed_calls,
    {{ whole('t.transferred_calls') }} as transferred_calls,
    {{ whole('t.talk') }} as talk_seconds,
    cast(t.wait_seconds as bigint) as wait_seconds,
    cast(t.ring_seconds as bigint) as ring_seconds,
    cast(t.hold_seconds as bigint) as hold_seconds,
    cast(t.acw_seconds as bigint) as acw_seconds,
    {{ whole('coalesce(t.handling_seconds, t.average_handling_seconds * t.answered, case when coalesce(t.hold_seconds, t.acw_seconds) is not null
        then ' ~ sum_of_parts(['t.talk', 't.hold_seconds', 't.acw_seconds']) ~ ' end)') }} as handling_seconds,
    cast(t.login_seconds as bigint) as login_seconds,
    cast(t.ready_seconds as bigint) as ready_seconds,
    cast(t.busy_seconds as bigint) as busy_seconds,
    cast(t.break_seconds as bigint) as break_seconds,
    t.first_login_at,
    t.last_logout_at,
    t.source_file,
    t.source_line
from totals as t
