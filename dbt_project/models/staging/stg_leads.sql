{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='created_date',
    meta={'follows': ['leads']}) }}
with {{ latest_delivery('leads') }},

read as (
    select
        r.*,
        {{ parse_e164('r.customer_number') }} as phone_e164,
        nullif(trim(r.customer_id), '') as source_customer_id,
        {{ mapped('r', 'status') }} as status_code,
        {{ is_unmapped('r', 'status') }} as is_status_unmapped
    from latest as r
    {{ join_value_map('r', 'leads', 'status') }}
)

select
    {{ native_key('leads', 'r._source', 'trim(r.lead_id)') }} as lead_key,
    r._source as source_system,
    trim(r.lead_id) as source_lead_id,
    {{ parse_ts('r.created_at') }} as created_at,
    r._event_date as created_date,
    {{ split_list('r.merged_ids', policy_constant('list.id_separators')) }} as merged_ids,
    nullif(trim(r.merged_into), '') as merged_into,
    {{ parse_ts('r.source_updated_at') }} as source_updated_at,
    r.phone_e164,
    {{ parse_number_status('r.customer_number') }} as number_status,
    {{ parse_mask('r.customer_number') }} as customer_phone_masked,
    r.source_customer_id,
    case when r.phone_e164 is not null
        then {{ customer_key('r.phone_e164', 'r._source', "''") }} end as phone_customer_key,
    case when r.source_customer_id is not null
        then {{ customer_key('cast(null as string)', 'r._source', 'r.source_customer_id') }} end as crm_customer_key,
    {{ channel_of('r') }} as channel,
    nullif(trim(r.channel), '') is not null and alias.channel is null and known_channel.channel is null
        as is_channel_unmapped,
    nullif(trim(r.campaign_id), '') as campaign_id,
    nullif(trim(r.business_line), '') as business_line,
    r.status_code as status,
    r.is_status_unmapped,
    nullif(trim(r.crm_intent), '') as crm_intent,
    nullif(trim(r.owner_agent_id), '') as owner_agent_id,
    {{ parse_bool('r.need_confirmed') }} as need_confirmed,
    {{ place('r.region_province') }} as region_province,
    {{ place('r.region_city') }} as region_city,
    regions.province as prefix_province,
    regions.city as prefix_city,
    nullif(trim(r.interested_product), '') as interested_product,
    nullif(trim(r.occupation), '') as occupation,
    nullif(trim(r.lost_reason), '') as lost_reason,
    nullif(trim(r.referrer_customer_id), '') as referrer_customer_id,
    {{ parse_ts('r.last_followed_up_at') }} as last_followed_up_at,
    {{ parse_ts('r.assigned_at') }} as assigned_at,
    {{ parse_ts('r.next_contact_at') }} as next_contact_at,
    nullif(trim(r.channel_detail), '') as channel_detail,
    nullif(trim(r.ai_intent), '') as ai_intent,
    nullif(trim(r.pain_points), '') as pain_points,
    nullif(trim(r.main_objection), '') as main_objection,
    {{ parse_bool('r.is_marketing_opted_in') }} as is_marketing_opted_in,
    nullif(trim(r.notes), '') as notes,
    {{ split_list('r.tags', policy_constant('list.separators')) }} as tags,
    {{ provenance('r') }}
from read as r
cross join {{ source('ops', 'secrets') }} as secrets
{{ join_channel('r') }}
left join {{ source('policy', 'number_regions') }} as regions
    on {{ parse_number_prefix('r.phone_e164') }} = regions.prefix
