{{ config(**by_date('call_date', ['calls'])) }}
with {{ latest_delivery('calls') }},

read as (
    select
        r.*,
        {{ parse_ts('r.started_at') }} as started,
        {{ parse_ts('r.ringing_at') }} as ringing,
        {{ parse_ts('r.answered_at') }} as answered,
        {{ parse_ts('r.ended_at') }} as ended,
        {{ parse_seconds('r.talk_seconds') }} as talk,
        {{ parse_seconds('r.ivr_seconds') }} as ivr,
        {{ parse_seconds('r.queue_seconds') }} as queued,
        {{ parse_seconds('r.ring_seconds') }} as ring,
        {{ parse_seconds('r.hold_seconds') }} as hold,
        {{ parse_seconds('r.acw_seconds') }} as acw,
        {{ parse_seconds('r.total_seconds') }} as total,
        {{ parse_bool('r.is_connected') }} as connected_flag,
        {{ parse_e164('r.customer_number') }} as phone_e164,
        {{ parse_number_status('r.customer_number') }} as number_status,
        {{ parse_mask('r.customer_number') }} as customer_phone_masked,
        {{ parse_clean_number('r.own_number') }} as own_number_clean,
        nullif(trim(r.customer_id), '') as source_customer_id,
        {{ place('r.region_province') }} as export_province,
        {{ place('r.region_city') }} as export_city,
        {{ mapped('r', 'direction') }} as direction_code,
        {{ mapped('r', 'tech_result') }} as tech_result_code,
        {{ mapped('r', 'business_result') }} as business_result_code,
        {{ mapped('r', 'handling_type') }} as handling_type_code,
        {{ mapped('r', 'hangup_side') }} as hangup_side_code,
        {{ is_unmapped('r', 'direction') }} as is_direction_unmapped,
        {{ is_unmapped('r', 'tech_result') }} as is_tech_result_unmapped,
        {{ is_unmapped('r', 'business_result') }} as is_business_result_unmapped
    from latest as r
    {% for column in ['direction', 'tech_result', 'business_result', 'handling_type', 'hangup_side'] -%}
    {{ join_value_map('r', 'calls', column) }}
    {% endfor %}
),

-- An explicit flag decides, then the technical result, then what the clocks say.
decided as (
    select
        read.*,
        coalesce(
            read.connected_flag,
            case when read.tech_result_code is not null and read.tech_result_code <> 'unknown' then results.is_connected end,
            read.answered is not null or read.talk > 0, false) as is_connected_call,
        regions.province as prefix_province,
        regions.city as prefix_city
    from read
    left join {{ source('policy', 'tech_results') }} as results on read.tech_result_code = results.tech_result
    left join {{ source('policy', 'number_regions') }} as regions
        on {{ parse_number_prefix('read.phone_e164') }} = regions.prefix
)

select
    {{ native_key('calls', 'd._source', 'd._row_key') }} as call_key,
    d._source as source_system,
    d.call_id as source_call_id,
    d._event_date as call_date,
    coalesce(d.direction_code, 'unknown') as direction,
    d.started as started_at,
    d.ringing as ringing_at,
    d.answered as answered_at,
    d.ended as ended_at,
    d.ivr as ivr_seconds,
    d.queued as queue_seconds,
    d.ring as ring_seconds,
    d.hold as hold_seconds,
    case
        when d.talk < 0 then null
        when d.talk is not null then d.talk
        when not d.is_connected_call then 0
        when d.ended >= d.answered then
            cast({{ seconds_between('d.answered', 'd.ended') }} as integer) - coalesce(d.hold, 0)
    end as talk_seconds,
    d.talk as delivered_talk_seconds,
    d.acw as acw_seconds,
    d.total as total_seconds,
    coalesce(nullif(d.tech_result_code, 'unknown'), case when d.is_connected_call then 'connected' else 'unknown' end)
        as tech_result,
    d.business_result_code as business_result,
    d.is_connected_call as is_connected,
    d.handling_type_code as handling_type,
    d.hangup_side_code as hangup_side,
    nullif(trim(d.failure_reason), '') as failure_reason,
    nullif(trim(d.agent_id), '') as agent_id,
    nullif(trim(d.agent_name), '') as agent_name,
    nullif(trim(d.department), '') as department,
    nullif(trim(d.skill_group), '') as skill_group,
    nullif(trim(d.queue), '') as queue,
    d.own_number_clean as own_number,
    nullif(trim(d.line_id), '') as line_id,
    nullif(trim(d.carrier), '') as carrier,
    d.phone_e164,
    d.number_status,
    d.customer_phone_masked,
    d.source_customer_id,
    case when coalesce(d.phone_e164, d.source_customer_id) is not null
        then {{ customer_key('d.phone_e164', 'd._source', 'd.source_customer_id') }} end as customer_key,
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
    nullif(trim(d.campaign_id), '') as campaign_id,
    nullif(trim(d.script_id), '') as script_id,
    {{ channel_of('d') }} as channel,
    nullif(trim(d.lead_id), '') as source_lead_id,
    nullif(trim(d.related_order_id), '') as related_order_id,
    nullif(trim(d.recording_ref), '') as recording_ref,
    {{ parse_num('d.csat_score') }} as csat_score,
    cast({{ parse_num('d.leg_count') }} as integer) as leg_count,
    cast({{ parse_num('d.transfer_count') }} as integer) as transfer_count,
    nullif(trim(d.notes), '') as notes,
    nullif(trim(d.tags), '') as tags,
    d.is_direction_unmapped,
    d.is_tech_result_unmapped,
    d.is_business_result_unmapped,
    {{ provenance('d') }}
from decided as d
cross join {{ source('ops', 'secrets') }} as secrets
{{ join_channel('d') }}
