{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='stat_date',
    meta={'follows': ['queue_statistics']}) }}
-- Delivered counts, never added to the calls. Totals that an export lacks are made of its averages and rates.
with read as (
    select
        s.*,
        coalesce(s.queue, s.skill_group, s.own_number, 'unknown') as queue_name,
        {{ statistics_hour('s', 's.stat_date') }} as stat_hour
    from {{ ref('stg_queue_statistics') }} as s
    where {{ is_touched('s.stat_date') }}
),

spans as (
    select
        r.*,
        {{ statistics_span('r.stat_hour', 'r', 'r.stat_date') }} as span,
        coalesce(r.answered_calls, r.answer_rate * r.offered_calls, r.offered_calls - r.abandoned_calls) as answered,
        coalesce(r.abandoned_calls, r.abandon_rate * r.offered_calls) as abandoned
    from read as r
)

select
    s.queue_statistic_key,
    s.source_system,
    s.stat_date,
    s.stat_hour,
    s.span,
    {{ statistics_days('s.span', 's', 's.stat_date') }} as period_days,
    {{ counts_in_day('s.span', 's.source_system, s.queue_name, s.stat_date') }} as counts_in_day,
    s.queue_name as queue,
    coalesce(s.business_line, 'unknown') as business_line,
    s.direction,
    s.media,
    {{ whole('s.offered_calls') }} as offered_calls,
    {{ whole('s.answered') }} as answered_calls,
    {{ whole('s.abandoned') }} as abandoned_calls,
    {{ whole('s.short_abandoned_calls') }} as short_abandoned_calls,
    {{ whole('s.timeout_calls') }} as timeout_calls,
    {{ whole('s.transferred_calls') }} as transferred_calls,
    {{ whole('coalesce(s.answered_in_target_calls, s.service_level * s.offered_calls)') }} as in_target_calls,
    cast(s.service_level_seconds as integer) as service_level_seconds,
    {{ whole('coalesce(s.answer_wait_seconds, s.average_answer_wait_seconds * s.answered)') }} as answer_wait_seconds,
    {{ whole('coalesce(s.wait_seconds, s.average_wait_seconds * s.offered_calls, '
        ~ sum_of_parts(['s.average_answer_wait_seconds * s.answered', 's.average_abandon_wait_seconds * s.abandoned']) ~ ')') }} as wait_seconds,
    cast(s.longest_wait_seconds as integer) as longest_wait_seconds,
    {{ whole('coalesce(s.talk_seconds, s.average_talk_seconds * s.answered)') }} as talk_seconds,
    {{ whole('coalesce(s.average_handling_seconds * s.answered, case when coalesce(s.hold_seconds, s.acw_seconds) is not null then '
        ~ sum_of_parts(['coalesce(s.talk_seconds, s.average_talk_seconds * s.answered)', 's.hold_seconds', 's.acw_seconds']) ~ ' end)') }} as handling_seconds,
    {{ whole('s.longest_queue') }} as longest_queue,
    s.agents_staffed,
    s.source_file,
    s.source_line
from spans as s
