{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='revenue_date',
    meta={'follows': ['fct_orders']}) }}
-- depends_on: {{ ref('int_propagation') }}
{% set columns -%}
    order_key, source_system, customer_key, lead_key, product, business_line, channel, attribution, campaign_id, agent_id, team
{%- endset %}
select
    'sale' as movement,
    order_date as revenue_date,
    amount_cny,
    {{ columns }}
from {{ ref('fct_orders') }}
where is_won and {{ is_touched('order_date') }}
union all
select
    'refund' as movement,
    refund_date as revenue_date,
    -refund_cny as amount_cny,
    {{ columns }}
from {{ ref('fct_orders') }}
where refund_date is not null and {{ is_touched('refund_date') }}
