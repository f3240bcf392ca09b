{# CTE `legs`: the legs of touched days, and those that the same calls have on other days. #}
{% macro touched_legs() -%}
legs as (
    select * from {{ ref('stg_call_legs') }} where {{ is_touched('leg_date') }}
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
        and legs.delivered_call_id = elsewhere.row_key
    {%- endif %}
)
{%- endmacro %}

{# CTE `named`: key, native id and day of each contact. The first contact of a call has the call's id, a callback that
   of its own leg. #}
{% macro named_contacts() -%}
named as (
    select
        call_key as legs_key,
        contact_no,
        min(source_system) as source_system,
        case when contact_no = 0 then min(source_call_id) else min(case when is_callback = 1 then leg_id end) end as row_key,
        cast(min_by(started_at, started_utc) as date) as call_date
    from placed
    group by call_key, contact_no
)
{%- endmacro %}

{# CTEs up to `united`: one row per call delivered as legs, with the columns of typed_call, call_origin and
   united_figures. A call belongs to the day of its first leg. #}
{% macro united_calls() -%}
{{ touched_legs() }},

{{ contact_ctes('legs') }},

{{ named_contacts() }},


-- The only leg of a call is first in every respect: no window.
ranked as (
    select placed.*, contacts.owner, contacts.rung, contacts.first_talk,
        1 as leg_number, 1 as agent_rank, 1 as number_rank, 1 as agent_turn, 0 as has_customer_leg, 0 as has_person_leg
    from placed
    inner join contacts on placed.call_key = contacts.call_key and placed.contact_no = contacts.contact_no
    where placed.leg_count = 1
    union all
    select placed.*, contacts.owner, contacts.rung, contacts.first_talk,
        row_number() over (partition by placed.call_key, placed.contact_no order by starts nulls last, leg_id nulls last) as leg_number,
        row_number() over (
            partition by placed.call_key, placed.contact_no
            order by case when agent_id = coalesce(contacts.owner, contacts.rung) then 0 else 1 end,
                coalesce(talk_to - talk_from, 0) desc, starts desc nulls last, leg_id desc nulls last) as agent_rank,
        row_number() over (
            partition by placed.call_key, placed.contact_no
            order by case number_status when 'ok' then 0 when 'masked' then 1 when 'anonymous' then 3 else 2 end,
                starts nulls last, leg_id nulls last) as number_rank,
        row_number() over (
            partition by placed.call_key, placed.contact_no, agent_id
            order by case when role in ({{ unheard() }}) then 1 else 0 end, starts nulls last, leg_id nulls last) as agent_turn,
        max(case when role = 'customer' then 1 else 0 end) over contact as has_customer_leg,
        max(case when role in ('pair', 'agent') then 1 else 0 end) over contact as has_person_leg
    from placed
    inner join contacts on placed.call_key = contacts.call_key and placed.contact_no = contacts.contact_no
    where placed.leg_count > 1
    window contact as (partition by placed.call_key, placed.contact_no)
),

-- The result is the customer's leg's where there is one (double call), else that of a person's, else the line's.
judged_legs as (
    select
        ranked.*,
        role not in ({{ unheard() }}) as is_heard,
        role not in ({{ unheard() }}) and (has_customer_leg = 0 or role = 'customer')
            and (has_person_leg = 0 or role not in ('whole', 'inside')) and tech_result is not null as is_result
    from ranked
),

together as (
    select
        call_key,
        contact_no,
        min_by(started_at, started_utc) as started_at,
        min(ringing_at) filter (where is_heard) as ringing_at,
        min(answered_at) filter (where is_heard and talk_to > talk_from and talk_from = first_talk) as answered_at,
        max_by(ended_at, ended_utc) filter (where is_heard and ended_utc is not null) as ended_at,
        min(started_utc) as started_utc,
        min(ringing_utc) filter (where is_heard) as ringing_utc,
        min(answered_utc) filter (where is_heard and talk_to > talk_from and talk_from = first_talk) as answered_utc,
        max(ended_utc) filter (where is_heard) as ended_utc,
        {% for kind in ['ring', 'queue', 'menu'] -%}
        count(case when role not in ({{ unheard() }}) then {{ kind }}_from end) as {{ kind }}_known,
        {% endfor -%}
        count(hold_seconds) as hold_known,
        cast(sum({{ sane_length('acw_seconds') }}) as integer) as acw_seconds,
        max(case when role in ({{ persons() }}) and is_answered = 1 and talk_from is null then 1 else 0 end) = 1 as has_unknown_talk,
        max(case when role = 'voicemail' then 1 else 0 end) = 1 as has_voicemail,
        max(ends) - min(starts) as total,
        max_by(tech_result, leg_number) filter (where is_result) as last_result,
        max_by(role, leg_number) filter (where is_result) as last_result_role,
        count(*) as leg_count,
        coalesce(min_by(direction, leg_number) filter (where is_heard and direction not in ('unknown', 'internal')),
            min_by(direction, leg_number) filter (where direction <> 'unknown')) as direction,
        bool_or(is_direction_unmapped) as is_direction_unmapped,
        bool_or(is_tech_result_unmapped) as is_tech_result_unmapped,
        bool_or(is_business_result_unmapped) as is_business_result_unmapped,
        {% for column in ['phone_e164', 'number_status', 'customer_phone_masked'] -%}
        max(case when number_rank = 1 then {{ column }} end) as {{ column }},
        {% endfor -%}
        {% for column in ['agent_name', 'department', 'skill_group'] -%}
        min_by({{ column }}, agent_rank) filter (where {{ column }} is not null and agent_id = coalesce(owner, rung)) as {{ column }},
        {% endfor -%}
        {{ string_agg("case when agent_turn = 1 and role not in (" ~ unheard() ~ ") then agent_id end", '|', 'leg_number') }} as all_agents,
        {% for column in ['hangup_side', 'hangup_reason', 'failure_reason'] -%}
        max_by({{ column }}, leg_number) filter (where is_heard and {{ column }} is not null) as {{ column }},
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
    group by call_key, contact_no
),

measured as (
    select
        t.*,
        named.source_system,
        named.row_key as source_call_id,
        named.row_key,
        named.call_date,
        coalesce(c.owner, c.rung) as agent_id,
        c.presence > 0 or t.has_unknown_talk as has_talk,
        cast(case when c.presence = 0 and t.has_unknown_talk then null else c.presence - c.hold end as integer) as talk_seconds,
        cast(case when t.hold_known > 0 then c.hold end as integer) as hold_seconds,
        {% for column, kind in {'ring_seconds': 'ring', 'queue_seconds': 'queue', 'ivr_seconds': 'menu'}.items() -%}
        cast(case when t.{{ kind }}_known > 0 then c.{{ kind }} end as integer) as {{ column }},
        {% endfor -%}
        cast(t.total as integer) as total_seconds,
        cast(c.wait as integer) as wait_seconds,
        cast(c.consult as integer) as consult_seconds,
        cast(c.transfers as integer) as transfer_count,
        cast(c.joins as integer) as join_count,
        cast(c.agents as integer) as agent_count
    from together as t
    inner join contacts as c on t.call_key = c.call_key and t.contact_no = c.contact_no
    inner join named on t.call_key = named.legs_key and t.contact_no = named.contact_no
),

-- A call that the source also delivers whole stays as delivered. An answered menu, queue or mailbox is no answered call.
united as (
    select
        measured.*,
        case when has_talk then true end as is_connected,
        case
            when has_talk then 'connected'
            when has_voicemail then 'voicemail'
            when last_result = 'connected' and last_result_role in ('ivr', 'other', 'customer', 'whole') then 'ivr_only'
            when last_result = 'connected' and last_result_role = 'queue' then 'abandoned_queue'
            else last_result
        end as tech_result,
        {{ split_list('all_agents', policy_constant('list.id_separators')) }} as agent_ids
    from measured
    where {{ is_touched('call_date') }}
        and not exists (
            select 1 from latest
            where latest._source = measured.source_system and latest._row_key = measured.source_call_id)
)
{%- endmacro %}

{# What is known of a call because it came in legs; NULL of calls delivered whole. #}
{% macro united_figures() -%}
    {{ return(['wait_seconds', 'consult_seconds', 'join_count', 'agent_count']) }}
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
