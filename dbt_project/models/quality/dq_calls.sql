{%- set flags = ['negative_talk', 'duration_mismatch', 'over_max_seconds', 'midnight_crossing', 'unmapped_direction', 'unmapped_result',
    'missing_agent', 'answered_before_start', 'ended_before_start', 'talk_without_connect', 'connected_without_talk',
    'short_answer', 'unusable_number'] -%}
{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='call_date',
    meta={'follows': ['calls']}) }}
with judged as (
    select
        calls.call_key,
        calls.source_system,
        calls.call_date,
        calls.delivered_talk_seconds < 0 as negative_talk,
        -- Talk must agree with answer to end, or with start to end where no answer time is delivered (R018).
        abs({{ seconds_between('coalesce(calls.answered_utc, calls.started_utc)', 'calls.ended_utc') }}
            - (calls.delivered_talk_seconds + coalesce(calls.hold_seconds, 0)
                + case when calls.answered_at is null then coalesce(calls.ivr_seconds, 0) + coalesce(calls.queue_seconds, 0)
                    + coalesce(calls.ring_seconds, 0) else 0 end)) > settings.tolerance_seconds
            and calls.is_connected and not calls.is_united as duration_mismatch,
        calls.delivered_talk_seconds > settings.max_seconds as over_max_seconds,
        cast(calls.ended_at as date) > cast(calls.started_at as date) as midnight_crossing,
        calls.is_direction_unmapped as unmapped_direction,
        calls.is_tech_result_unmapped or calls.is_business_result_unmapped as unmapped_result,
        calls.is_connected and calls.agent_id is null and coalesce(calls.handling_type, 'human') = 'human' as missing_agent,
        calls.answered_utc < calls.started_utc as answered_before_start,
        calls.ended_utc < calls.started_utc as ended_before_start,
        not calls.is_connected and calls.delivered_talk_seconds > 0 as talk_without_connect,
        calls.is_connected and coalesce(calls.talk_seconds, 0) = 0 as connected_without_talk,
        -- An announcement or a voicemail that the platform took for an answer (Q34).
        calls.is_connected and calls.direction = 'outbound' and calls.talk_seconds > 0
            and calls.talk_seconds <= settings.short_answer_seconds as short_answer,
        calls.number_status in ('lossy', 'invalid') as unusable_number
    from {{ ref('stg_calls') }} as calls
    left join {{ settings_by_day(ref('stg_calls'), 'call_date', {'tolerance_seconds': 'clean.duration_tolerance_seconds',
        'max_seconds': 'call.max_seconds', 'short_answer_seconds': 'clean.short_answer_seconds'}, is_touched('call_date')) }} as settings on calls.call_date = settings.day
    where {{ is_touched('calls.call_date') }}
),

flagged as (
    select
        call_key,
        source_system,
        call_date,
        {% for flag in flags -%}
        cast(coalesce({{ flag }}, false) as integer) as {{ flag }}{{ ',' if not loop.last }}
        {% endfor %}
    from judged
)

select flagged.*, {{ flags | join(' + ') }} as flag_count
from flagged
