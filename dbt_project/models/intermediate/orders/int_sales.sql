-- What was sold: the orders, or the won opportunities of an installation to which no order was ever delivered (policy
-- opportunities.as_deals). Never both: the same sale stands in both exports. A win without date has no day to stand on.
select
    order_key, source_system, source_order_id, phone_customer_key, crm_customer_key, source_customer_id, source_lead_id,
    ordered_at, order_date, amount_cny, currency, status, order_kind, product, business_line, agent_id, channel, campaign_id, paid_at,
    refunded_at, source_updated_at, merged_ids, merged_into, source_file, source_line
from {{ ref('stg_orders') }}
union all
select
    opportunity_key, source_system, opportunity_id,
    case when number_status = 'ok' then customer_key end,
    case when number_status <> 'ok' then customer_key end,
    customer_id, lead_id, closed_at, cast(closed_at as date),
    amount_cny, currency, 'won', cast(null as string), product, business_line, agent_id, channel, campaign_id,
    cast(null as timestamp), cast(null as timestamp), cast(null as timestamp), null, cast(null as string), source_file, source_line
from {{ ref('int_opportunities') }}
where outcome = 'won' and closed_at is not null
    and {{ policy_text('opportunities.as_deals') }} = 'when_no_orders'
    and (select count(*) from {{ ref('stg_orders') }}) = 0
