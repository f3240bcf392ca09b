{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='order_date',
    meta={'follows': ['fct_orders'], 'remembers': {'lead': 'lead_key', 'customer': 'customer_key', 'order_customer': 'customer_key'}}) }}
-- Built after fct_calls, because the orders of the build before tell whose calls a new first order changes.
-- depends_on: {{ ref('int_propagation') }}
-- depends_on: {{ ref('fct_calls') }}
select
    order_key,
    source_system,
    source_order_id,
    customer_key,
    lead_key,
    ordered_at,
    order_date,
    amount_cny,
    status,
    is_won,
    is_refund,
    is_merged,
    refund_date,
    refund_cny,
    currency,
    is_unpriced,
    product,
    business_line,
    channel,
    attribution,
    campaign_id,
    agent_id,
    team,
    order_number,
    is_repeat,
    paid_at,
    source_file,
    source_line
from {{ ref('int_orders') }}
where {{ is_touched('order_date') }}
