{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='created_date',
    meta={'follows': ['customers'], 'remembers': {'customer': 'customer_key'}}) }}
with {{ latest_delivery('customers') }},

read as (
    select r.*, {{ parse_e164('r.customer_number') }} as phone_e164, nullif(trim(r.customer_id), '') as source_customer_id
    from latest as r
)

select
    {{ native_key('customers', 'r._source', 'r.source_customer_id') }} as crm_customer_row_key,
    r._source as source_system,
    r.source_customer_id,
    {{ parse_ts('r.created_at') }} as created_at,
    r._event_date as created_date,
    case
        when {{ parse_bool('r.is_customer') }} = false then null
        when {{ parse_ts('r.customer_since') }} is not null then {{ parse_ts('r.customer_since') }}
        when {{ parse_bool('r.is_customer') }} is null and {{ policy_text('customers.listed_since') }} = 'created_at'
            and ({{ policy_text('customers.buying_segments') }} = '*' or concat(',', replace({{ policy_text('customers.buying_segments') }},
                ' ', ''), ',') like concat('%,', trim(r.segment), ',%'))
            then {{ parse_ts('r.created_at') }}
    end as customer_since_at,
    r.phone_e164,
    {{ parse_number_status('r.customer_number') }} as number_status,
    {{ parse_mask('r.customer_number') }} as customer_phone_masked,
    {{ customer_key('r.phone_e164', 'r._source', 'r.source_customer_id') }} as customer_key,
    nullif(trim(r.segment), '') as segment,
    nullif(trim(r.spending_tier), '') as spending_tier,
    nullif(trim(r.occupation), '') as occupation,
    cast({{ parse_num('r.age') }} as integer) as age,
    coalesce({{ place('r.region_province') }}, regions.province) as region_province,
    case when {{ place('r.region_province') }} is not null or {{ place('r.region_city') }} is not null
        then {{ place('r.region_city') }} else regions.city end as region_city,
    nullif(trim(r.risk_grade), '') as risk_grade,
    nullif(trim(r.industry), '') as industry,
    nullif(trim(r.communication_habit), '') as communication_habit,
    nullif(trim(r.time_zone), '') as time_zone,
    {{ parse_day('r.bill_date') }} as bill_date,
    nullif(trim(r.owner_agent_id), '') as owner_agent_id,
    {{ parse_bool('r.is_marketing_opted_in') }} as is_marketing_opted_in,
    {{ parse_bool('r.is_do_not_call') }} as is_do_not_call,
    {{ split_list('r.tags', policy_constant('list.separators')) }} as tags,
    {{ split_list('r.merged_ids', policy_constant('list.id_separators')) }} as merged_ids,
    nullif(trim(r.merged_into), '') as merged_into,
    nullif(trim(r.notes), '') as notes,
    {{ provenance('r') }}
from read as r
cross join {{ source('ops', 'secrets') }} as secrets
left join {{ source('policy', 'number_regions') }} as regions
    on {{ parse_number_prefix('r.phone_e164') }} = regions.prefix
