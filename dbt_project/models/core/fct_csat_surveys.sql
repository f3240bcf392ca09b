{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='sent_date',
    meta={'follows': ['csat_surveys']}) }}
-- Where an export knows answers only, the profile dates the survey by its answer: how many were sent is unknown then.
select
    s.survey_key,
    s.source_system,
    s.sent_at,
    s.sent_date,
    s.answered_at,
    coalesce(s.agent_id, 'unknown') as agent_id,
    coalesce(s.survey_channel, 'unknown') as survey_channel,
    s.call_id as source_call_id,
    s.ticket_id as source_ticket_id,
    s.customer_key,
    s.score,
    s.max_score,
    coalesce(s.is_satisfied, s.score >= s.max_score * rules.satisfied_share) as is_satisfied,
    s.is_problem_solved,
    s.answered_at is not null or s.score is not null or s.is_satisfied is not null as is_answered,
    s.answered_at is null or s.answered_at <> s.sent_at as is_sending_known,
    s.source_file,
    s.source_line
from {{ ref('stg_csat_surveys') }} as s
left join {{ settings_by_day(ref('stg_csat_surveys'), 'sent_date', {'satisfied_share': 'csat.satisfied_share'}) }} as rules
    on s.sent_date = rules.day
where {{ is_touched('s.sent_date') }}
