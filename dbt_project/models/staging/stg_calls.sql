{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='call_date',
    meta={'follows': ['calls']}) }}
{%- set typed = typed_call('r', 'calls') -%}
{%- set columns = call_origin() + (typed | list) -%}
{#- Nothing is united where nothing comes in legs. -#}
{%- set has_legs = has_rows(ref('stg_call_legs')) -%}
with {{ latest_delivery('calls') }},

whole as (
    select
        r._source as source_system,
        r.call_id as source_call_id,
        r._event_date as call_date,
        {% for column, sql in typed.items() -%}
        {{ sql }} as {{ column }},
        {% endfor -%}
        {{ provenance('r') }}
    from latest as r
    {{ join_call_maps('r', 'calls') }}
),

{% if has_legs %}{{ united_calls() }},
{% endif %}
read as (
    select {{ columns | join(', ') }}, {% for column in united_figures() %}cast(null as integer) as {{ column }}, {% endfor %}false as is_united
    from whole
    {%- if has_legs %}
    union all
    select {{ columns | join(', ') }}, {{ united_figures() | join(', ') }}, true as is_united
    from united
    {%- endif %}
),

decided as (
    select
        read.*,
        {{ is_connected_call('read') }} as is_connected_call,
        regions.province as prefix_province,
        regions.city as prefix_city
    from read
    left join {{ source('policy', 'tech_results') }} as results on read.tech_result = results.tech_result
    left join {{ source('policy', 'number_regions') }} as regions
        on {{ parse_number_prefix('read.phone_e164') }} = regions.prefix
),

-- Own extensions and test phones, as the customers' numbers are known here: whole, or so short that nothing is masked.
internal_numbers as (
    select distinct coalesce({{ parse_e164('number') }}, {{ parse_mask('number') }}) as number
    from {{ source('policy', 'internal_numbers') }}
)

select
    {{ native_key('calls', 'd.source_system', 'd.row_key') }} as call_key,
    d.source_system,
    d.source_call_id,
    d.call_date,
    case when internal_numbers.number is not null then 'internal' else coalesce(d.direction, 'unknown') end as direction,
    d.dial_mode,
    d.started_at,
    d.ringing_at,
    d.answered_at,
    d.ended_at,
    d.started_utc,
    d.answered_utc,
    d.ended_utc,
    {% for column in ['ivr_seconds', 'queue_seconds', 'ring_seconds', 'hold_seconds'] -%}
    {{ sane_length('d.' ~ column) }} as {{ column }},
    {% endfor -%}
    {{ talk_of_call('d', 'd.is_connected_call', 'd.is_united') }} as talk_seconds,
    d.talk_seconds as delivered_talk_seconds,
    {{ sane_length('d.acw_seconds') }} as acw_seconds,
    case when d.total_seconds >= coalesce({{ talk_of_call('d', 'd.is_connected_call', 'd.is_united') }}, 0) then {{ sane_length('d.total_seconds') }} end
        as total_seconds,
    d.total_seconds as delivered_total_seconds,
    {% for column in united_figures() -%}
    d.{{ column }},
    {% endfor -%}
    d.is_united,
    coalesce(nullif(d.tech_result, 'unknown'), case when d.is_connected_call then 'connected' else 'unknown' end)
        as tech_result,
    coalesce(d.tech_result, 'unknown') <> 'unknown' as is_result_told,
    d.platform_block,
    d.business_result,
    d.is_connected_call as is_connected,
    d.handling_type,
    d.hangup_side,
    d.hangup_reason,
    d.failure_reason,
    d.agent_id,
    d.agent_ids,
    d.agent_name,
    d.department,
    d.skill_group,
    d.queue,
    d.own_number,
    d.business_line,
    d.line_id,
    d.carrier,
    d.phone_e164,
    d.number_status,
    d.customer_phone_masked,
    d.customer_id as source_customer_id,
    case when coalesce(d.phone_e164, d.customer_id) is not null
        then {{ customer_key('d.phone_e164', 'd.source_system', 'd.customer_id') }} end as customer_key,
    case
        when coalesce(d.export_province, d.export_city) is not null then coalesce(d.export_province, 'unknown')
        else coalesce(d.prefix_province, 'unknown')
    end as region_province,
    case
        when coalesce(d.export_province, d.export_city) is not null then d.export_city
        else d.prefix_city
    end as region_city,
    case
        when coalesce(d.export_province, d.export_city) is not null then 'export'
        when d.prefix_province is not null then 'prefix'
        else 'unknown'
    end as region_source,
    d.campaign_id,
    d.script_id,
    d.script_version,
    {{ channel_of('d') }} as channel,
    d.lead_id as source_lead_id,
    d.related_order_id,
    d.related_ticket_id,
    d.recording_ref,
    d.csat_score,
    d.csat_offered,
    d.qa_score,
    d.mos_score,
    cast(d.leg_count as integer) as leg_count,
    cast(d.transfer_count as integer) as transfer_count,
    d.notes,
    d.topic,
    d.interested_product,
    d.pain_points,
    d.sentiment,
    d.main_objection,
    d.ai_intent,
    d.next_action,
    d.next_contact_at,
    d.is_marketing_opted_in,
    d.is_do_not_call,
    d.is_compliant,
    d.tags,
    d.customer_tags,
    d.is_direction_unmapped,
    d.is_tech_result_unmapped,
    d.is_business_result_unmapped,
    d.row_key,
    d.row_hash,
    d.file_id,
    d.source_file,
    d.source_line,
    d.loaded_at
from decided as d
cross join {{ source('ops', 'secrets') }} as secrets
left join internal_numbers on coalesce(d.phone_e164, d.customer_phone_masked) = internal_numbers.number
{{ join_channel('d') }}
