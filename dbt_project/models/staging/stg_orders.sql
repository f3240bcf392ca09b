{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='order_date',
    meta={'follows': ['orders']}) }}
with {{ latest_delivery('orders') }},

read as (
    select
        r.*,
        {{ parse_e164('r.customer_number') }} as phone_e164,
        nullif(trim(r.customer_id), '') as source_customer_id,
        {{ mapped('r', 'status') }} as status_code,
        {{ is_unmapped('r', 'status') }} as is_status_unmapped,
        {{ mapped('r', 'order_kind') }} as kind_of_order,
        coalesce(m_currency.canonical_value, lower(nullif(trim(r.currency), '')), 'cny') as currency_code
    from latest as r
    {{ join_value_map('r', 'orders', 'status') }}
    {{ join_value_map('r', 'orders', 'order_kind') }}
    {{ join_value_map('r', 'orders', 'currency') }}
)

-- An export without a status column lists closed orders: they count as won. Other currencies are converted by the
-- rate of the order's day; without one the amount in yuan is unknown.
select
    {{ native_key('orders', 'r._source', 'r._row_key') }} as order_key,
    r._source as source_system,
    trim(r.order_id) as source_order_id,
    {{ parse_ts('r.ordered_at') }} as ordered_at,
    r._event_date as order_date,
    {{ in_yuan(parse_money('r.amount_cny'), 'r.currency_code') }} as amount_cny,
    {{ parse_money('r.amount_cny') }} as amount_delivered,
    r.currency_code as currency,
    coalesce(r.status_code, 'won') as status,
    r.is_status_unmapped,
    r.phone_e164,
    {{ parse_number_status('r.customer_number') }} as number_status,
    {{ parse_mask('r.customer_number') }} as customer_phone_masked,
    r.source_customer_id,
    case when r.phone_e164 is not null
        then {{ customer_key('r.phone_e164', 'r._source', "''") }} end as phone_customer_key,
    case when r.source_customer_id is not null
        then {{ customer_key('cast(null as string)', 'r._source', 'r.source_customer_id') }} end as crm_customer_key,
    nullif(trim(r.lead_id), '') as source_lead_id,
    nullif(trim(r.product), '') as product,
    nullif(trim(r.business_line), '') as business_line,
    nullif(trim(r.agent_id), '') as agent_id,
    {{ channel_of('r') }} as channel,
    nullif(trim(r.campaign_id), '') as campaign_id,
    {{ parse_ts('r.paid_at') }} as paid_at,
    {{ parse_ts('r.refunded_at') }} as refunded_at,
    {{ parse_ts('r.source_updated_at') }} as source_updated_at,
    {{ split_list('r.merged_ids', policy_constant('list.id_separators')) }} as merged_ids,
    nullif(trim(r.merged_into), '') as merged_into,
    r.kind_of_order as order_kind,
    {{ parse_num('r.contract_months') }} as contract_months,
    {{ parse_bool('r.is_second_confirmed') }} as is_second_confirmed,
    {{ provenance('r') }}
from read as r
cross join {{ source('ops', 'secrets') }} as secrets
{{ join_rates('r.currency_code', 'r._event_date') }}
{{ join_channel('r') }}
