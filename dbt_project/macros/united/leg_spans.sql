{# CTEs from `decided` (typed legs) to `spanned`: the intervals of each leg in whole seconds of one clock, and its role.
   A length comes from instants or from the vendor's own seconds, never from the difference of local wall times. #}
{% macro leg_spans() -%}
{%- set hour = policy_constant('call.clock_change_seconds') or '0' -%}
{%- set minute = policy_constant('call.clock_resolution_seconds') or '0' -%}
{%- set longest = policy_constant('call.absurd_seconds') or '0' -%}
clocked as (
    select
        d.*,
        case when d.leg_role = 'transfer' or coalesce(d.leg_role, 'unknown') = 'unknown' then 'agent' else d.leg_role end as role,
        {{ clock_seconds('d.started_utc') }} as start_s,
        {{ clock_seconds('d.answered_utc') }} as answer_s,
        {{ clock_seconds('d.ended_utc') }} as end_s,
        {{ clock_seconds('d.ringing_utc') }} - {{ clock_seconds('d.started_utc') }} as ringing_after,
        {{ sane_length('d.talk_seconds') }} as talk_s,
        coalesce({{ sane_length('d.hold_seconds') }}, 0) as hold_s,
        {% for kind in ['ring', 'queue', 'ivr', 'total'] -%}
        {{ sane_length('d.' ~ kind ~ '_seconds') }} as {{ kind }}_s{{ ',' if not loop.last }}
        {% endfor %}
    from decided as d
),

-- Wall time alone repeats an hour when clocks go back: the vendor's own length tells which one was meant.
ended as (
    select
        clocked.*,
        role in ({{ persons() }}) as is_person,
        role in ({{ persons() }}) and is_connected_leg as is_answered,
        case
            when end_s >= start_s and end_s - start_s <= {{ longest }} and abs(coalesce(total_s, 0) - (end_s - start_s)) <> {{ hour }} then end_s
            when total_s is not null then start_s + total_s
            when end_s >= start_s and end_s - start_s <= {{ longest }} then end_s
        end as closed_s
    from clocked
),

lasting as (
    select
        ended.*,
        -- Seconds that end before the clock does: the customer stayed on. More seconds than the clock has: hold is in them.
        case
            when not is_answered then null
            when talk_s is null then case when closed_s - answer_s between 0 and {{ longest }} then closed_s - answer_s end
            when answer_s is null or closed_s is null or closed_s < answer_s then talk_s + hold_s
            when talk_s <= closed_s - answer_s then least(closed_s - answer_s, talk_s + hold_s)
            when talk_s - (closed_s - answer_s) <= {{ minute }} or {{ hour }} in (talk_s - (closed_s - answer_s), talk_s + hold_s - (closed_s - answer_s))
                then talk_s + hold_s
            else closed_s - answer_s
        end as present_s
    from ended
),

talking as (
    select
        lasting.*,
        case
            when present_s is null then null
            when answer_s >= start_s - {{ minute }} then answer_s
            when closed_s - present_s >= start_s then closed_s - present_s
            else start_s + coalesce(ring_s, 0) + coalesce(queue_s, 0) + coalesce(ivr_s, 0)
        end as talk_from
    from lasting
),

bounded as (
    select
        talking.*,
        talk_from + present_s as talk_to,
        least(start_s, coalesce(talk_from, start_s)) as starts,
        greatest(coalesce(closed_s, talk_from + present_s, start_s + coalesce(total_s, coalesce(ring_s, 0) + coalesce(queue_s, 0) + coalesce(ivr_s, 0))),
            coalesce(talk_from + present_s, start_s)) as ends
    from talking
),

ringing as (
    select
        bounded.*,
        case when not is_person and ring_s is not null then least(starts + ring_s, ends) else coalesce(talk_from, case when is_answered then answer_s end, ends) end as ring_to,
        case
            when not is_person and ring_s is not null then starts
            when ring_s is not null then greatest(coalesce(talk_from, case when is_answered then answer_s end, ends) - ring_s, starts)
            when role = 'whole' or not is_person then null
            when ringing_after >= 0 then starts + ringing_after
            when queue_s is not null or ivr_s is not null or (is_answered and answer_s is null) then null
            else starts
        end as ring_from
    from bounded
),

spanned as (
    select
        ringing.*,
        case when role = 'queue' then case when queue_s is null then starts else greatest(ends - queue_s, starts) end
            when queue_s is not null then greatest(case when ring_s is null then ring_to else ring_from end - queue_s, starts) end as queue_from,
        case when role = 'queue' then ends when queue_s is not null then case when ring_s is null then ring_to else ring_from end end as queue_to,
        case when role = 'ivr' then case when ivr_s is null then coalesce(answer_s, starts) else greatest(ends - ivr_s, starts) end
            when ivr_s is not null then starts end as menu_from,
        case when role = 'ivr' then ends when ivr_s is not null then least(starts + ivr_s, ends) end as menu_to
    from ringing
)
{%- endmacro %}

{# Seconds of a moment on the clock of instants. #}
{% macro clock_seconds(moment) -%}
{{ seconds_between("timestamp '1970-01-01 00:00:00'", moment) }}
{%- endmacro %}

{# A length below zero or above policy call.absurd_seconds is none. #}
{% macro sane_length(seconds) -%}
case when {{ seconds }} between 0 and {{ policy_constant('call.absurd_seconds') or '0' }} then {{ seconds }} end
{%- endmacro %}
