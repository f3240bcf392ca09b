{%- set flags = ['missing_amount', 'won_without_revenue', 'unmapped_status', 'no_customer', 'paid_before_ordered'] -%}
{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='order_date',
    meta={'follows': ['orders']}) }}
with judged as (
    select
        order_key,
        source_system,
        order_date,
        amount_cny is null as missing_amount,
        status = 'won' and amount_cny <= 0 as won_without_revenue,
        is_status_unmapped as unmapped_status,
        phone_e164 is null and source_customer_id is null and source_lead_id is null as no_customer,
        paid_at < ordered_at as paid_before_ordered
    from {{ ref('stg_orders') }}
    where {{ is_touched('order_date') }}
),

flagged as (
    select
        order_key,
        source_system,
        order_date,
        {% for flag in flags -%}
        cast(coalesce({{ flag }}, false) as integer) as {{ flag }}{{ ',' if not loop.last }}
        {% endfor %}
    from judged
)

select flagged.*, {{ flags | join(' + ') }} as flag_count
from flagged
