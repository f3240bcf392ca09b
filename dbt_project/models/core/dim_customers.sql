{{ config(materialized='incremental', incremental_strategy='touched_keys', meta={'by_key': {'customer_key': 'customer'}}) }}
-- Only customers with changed calls, leads, orders or list entries are computed.
with calls as (
    select
        customer_key,
        min(started_at) as first_call_at,
        max(started_at) as last_call_at,
        count(*) as call_count,
        count(*) filter (where is_connected) as connected_count,
        max_by(customer_phone_masked, call_key) as customer_phone_masked
    from {{ ref('fct_calls') }}
    where is_customer_call and customer_key is not null and {{ is_touched_key() }}
    group by customer_key
),

leads as (
    select
        customer_key,
        min(created_at) as first_lead_at,
        count(*) as lead_count,
        max_by(customer_phone_masked, lead_key) as customer_phone_masked,
        min(source_customer_id) as source_customer_id
    from {{ ref('fct_leads') }}
    where customer_key is not null and {{ is_touched_key() }}
    group by customer_key
),

orders as (
    select
        customer_key,
        min(order_date) filter (where is_won) as first_order_date,
        max(order_date) filter (where is_won) as last_order_date,
        count(*) filter (where is_won) as order_count,
        count(*) filter (where is_unpriced) as unpriced_orders
    from {{ ref('fct_orders') }}
    where customer_key is not null and {{ is_touched_key() }}
    group by customer_key
),

revenue as (
    select customer_key, sum(amount_cny) as revenue_cny
    from {{ ref('fct_revenue') }}
    where customer_key is not null and {{ is_touched_key() }}
    group by customer_key
),

since as (
    select customer_key, customer_since_at
    from {{ ref('int_customers') }}
    where {{ is_touched_key() }}
),

listed as (
    select
        customer_key,
        min(source_customer_id) as source_customer_id,
        max_by(customer_phone_masked, crm_customer_row_key) as customer_phone_masked
    from {{ ref('stg_customers') }}
    where {{ is_touched_key() }}
    group by customer_key
),

keys as (
    select customer_key from calls
    union
    select customer_key from leads
    union
    select customer_key from orders
    union
    select customer_key from listed
)

select
    keys.customer_key,
    {{ list_code('keys.customer_key') }} as list_code,
    coalesce(listed.source_customer_id, leads.source_customer_id) as source_customer_id,
    coalesce(calls.customer_phone_masked, leads.customer_phone_masked, listed.customer_phone_masked) as customer_phone_masked,
    cast(calls.first_call_at as date) as first_call_date,
    cast(calls.last_call_at as date) as last_call_date,
    calls.first_call_at,
    calls.last_call_at,
    cast(coalesce(calls.call_count, 0) as integer) as call_count,
    cast(coalesce(calls.connected_count, 0) as integer) as connected_count,
    leads.first_lead_at,
    cast(coalesce(leads.lead_count, 0) as integer) as lead_count,
    orders.first_order_date,
    orders.last_order_date,
    cast(coalesce(orders.order_count, 0) as integer) as order_count,
    cast(case when orders.unpriced_orders > 0 then revenue.revenue_cny else coalesce(revenue.revenue_cny, 0) end
        as decimal(18, 2)) as revenue_cny,
    since.customer_since_at,
    since.customer_since_at is not null as is_existing_customer
from keys
left join calls on keys.customer_key = calls.customer_key
left join leads on keys.customer_key = leads.customer_key
left join orders on keys.customer_key = orders.customer_key
left join listed on keys.customer_key = listed.customer_key
left join revenue on keys.customer_key = revenue.customer_key
left join since on keys.customer_key = since.customer_key
