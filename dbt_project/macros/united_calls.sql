{# CTEs up to `united`: one row per call delivered as legs, with the columns of typed_call and call_origin. A call
   belongs to the day of its first leg. Legs of touched days meet those that the same calls have on other days. #}
{% macro united_calls() -%}
touched_legs as (
    select * from {{ ref('stg_call_legs') }} where {{ is_touched('leg_date', ['calls']) }}
    {%- if is_incremental() %}
    union all
    select legs.*
    from {{ ref('stg_call_legs') }} as legs
    inner join (
        select distinct m.source, m.row_key, m.event_date
        from {{ source('ops', 'moved_ids') }} as m
        where m.feed = 'call_legs'
            and not ({{ in_build_dates('m.event_date', ['calls']) }})
            and (m.source, m.row_key) in (
                select here.source, here.row_key from {{ source('ops', 'moved_ids') }} as here
                where here.feed = 'call_legs' and {{ in_build_dates('here.event_date', ['calls']) }})
    ) as elsewhere
        on legs.leg_date = elsewhere.event_date and legs.source_system = elsewhere.source
        and legs.source_call_id = elsewhere.row_key
    {%- endif %}
),

-- Who talked longest stands for the call, else who was rung last; a readable number comes before any other.
ranked_legs as (
    select
        legs.*,
        row_number() over (partition by call_key order by started_at nulls last, leg_id nulls last) as leg_number,
        row_number() over (
            partition by call_key
            order by case when agent_id is null then 1 else 0 end, coalesce(talk_seconds, 0) desc,
                started_at desc nulls last, leg_id desc nulls last) as agent_rank,
        row_number() over (
            partition by call_key
            order by case number_status when 'ok' then 0 when 'masked' then 1 when 'anonymous' then 3 else 2 end,
                started_at nulls last, leg_id nulls last) as number_rank,
        max(case when leg_role = 'customer' then 1 else 0 end) over (partition by call_key) = 1 as has_customer_leg
    from touched_legs as legs
),

-- With a leg of the customer (double call) only that one measures the call; menus and queues are never talk.
judged_legs as (
    select
        legs.*,
        not has_customer_leg or coalesce(leg_role, '') = 'customer' as is_measured,
        is_connected and coalesce(talk_seconds, 1) > 0 and coalesce(leg_role, '') not in ('ivr', 'queue') as is_talk
    from ranked_legs as legs
),

legs_together as (
    select
        source_system,
        source_call_id,
        call_key,
        cast(min(started_at) as date) as call_date,
        min(started_at) as started_at,
        min(ringing_at) filter (where is_measured) as ringing_at,
        min(answered_at) filter (where is_measured and is_talk) as answered_at,
        max(ended_at) as ended_at,
        {% for column in ['ivr_seconds', 'queue_seconds', 'ring_seconds', 'hold_seconds'] -%}
        cast(sum({{ column }}) filter (where is_measured) as integer) as {{ column }},
        {% endfor -%}
        cast(sum(acw_seconds) as integer) as acw_seconds,
        cast(coalesce(
            case when bool_or(has_customer_leg) then max(talk_seconds) filter (where is_measured and is_talk)
                 else sum(talk_seconds) filter (where is_talk) end, 0) as integer) as talk_seconds,
        cast(coalesce({{ seconds_between('min(started_at)', 'max(ended_at)') }}, max(total_seconds)) as integer) as total_seconds,
        max(case when is_measured and is_talk then 1 else 0 end) = 1 as has_talk,
        max_by(tech_result, leg_number) filter (where is_measured and tech_result is not null) as last_result,
        max_by(leg_role, leg_number) filter (where is_measured and tech_result is not null) as last_result_role,
        count(*) as leg_count,
        greatest(count(*) filter (where is_talk and coalesce(leg_role, '') <> 'customer') - 1, 0) as transfer_count,
        min_by(direction, leg_number) filter (where direction <> 'unknown') as direction,
        bool_or(is_direction_unmapped) as is_direction_unmapped,
        bool_or(is_tech_result_unmapped) as is_tech_result_unmapped,
        bool_or(is_business_result_unmapped) as is_business_result_unmapped,
        {% for column in ['phone_e164', 'number_status', 'customer_phone_masked'] -%}
        max(case when number_rank = 1 then {{ column }} end) as {{ column }},
        {% endfor -%}
        {% for column in ['agent_id', 'agent_name', 'department', 'skill_group'] -%}
        max(case when agent_rank = 1 then {{ column }} end) as {{ column }},
        {% endfor -%}
        {{ string_agg('agent_id', '|', 'leg_number') }} as all_agents,
        {% for column in ['hangup_side', 'hangup_reason', 'failure_reason'] -%}
        max_by({{ column }}, leg_number) filter (where {{ column }} is not null) as {{ column }},
        {% endfor -%}
        {% for column in of_first_leg() -%}
        min_by({{ column }}, leg_number) filter (where {{ column }} is not null) as {{ column }},
        {% endfor -%}
        {% for column in of_agents_leg() -%}
        min_by({{ column }}, agent_rank) filter (where {{ column }} is not null) as {{ column }},
        {% endfor -%}
        {% for column in ['row_hash', 'file_id', 'source_file', 'source_line'] -%}
        max(case when leg_number = 1 then {{ column }} end) as {{ column }},
        {% endfor -%}
        max(loaded_at) as loaded_at
    from judged_legs
    group by source_system, source_call_id, call_key
),

-- A call that the source also delivers whole stays as delivered. An answered menu or queue is no answered call.
united as (
    select
        legs.*,
        legs.source_call_id as row_key,
        case when legs.has_talk then true end as is_connected,
        case
            when legs.has_talk then 'connected'
            when legs.last_result = 'connected' and legs.last_result_role = 'ivr' then 'ivr_only'
            when legs.last_result = 'connected' and legs.last_result_role = 'queue' then 'abandoned_queue'
            else legs.last_result
        end as tech_result,
        {{ split_list('legs.all_agents', policy_constant('list.id_separators')) }} as agent_ids
    from legs_together as legs
    where {{ is_touched('legs.call_date', ['calls']) }}
        and not exists (
            select 1 from latest
            where latest._source = legs.source_system and latest._row_key = legs.source_call_id)
)
{%- endmacro %}

{# Columns that the first leg with a value decides, and those that the leg of the call's agent decides first. #}
{% macro of_first_leg() -%}
    {{ return(['own_number', 'dial_mode', 'platform_block', 'queue', 'business_line', 'line_id', 'carrier', 'campaign_id', 'channel',
        'lead_id', 'customer_id', 'export_province', 'export_city']) }}
{%- endmacro %}
{% macro of_agents_leg() -%}
    {{ return(['business_result', 'handling_type', 'sentiment', 'script_id', 'script_version', 'related_order_id',
        'related_ticket_id', 'recording_ref', 'notes', 'topic', 'interested_product', 'pain_points', 'main_objection',
        'ai_intent', 'next_action', 'next_contact_at', 'csat_offered', 'csat_score', 'qa_score', 'mos_score',
        'is_marketing_opted_in', 'is_do_not_call', 'is_compliant', 'tags', 'customer_tags']) }}
{%- endmacro %}
