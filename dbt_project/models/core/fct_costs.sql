{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='cost_date',
    meta={'follows': ['fct_costs']}) }}
-- depends_on: {{ ref('int_cost_propagation') }}
-- Spend of advertising platforms stands beside the delivered costs where the policy counts it (int_ad_costs).
with costs as (
    select cost_key, source_system, cost_date, channel, cost_kind, amount_cny, business_line, campaign_id, 'channel_costs' as cost_source,
        source_file, source_line
    from {{ ref('stg_channel_costs') }}
    union all
    select cost_key, source_system, cost_date, channel, cost_kind, amount_cny, business_line, campaign_id, 'ad_statistics', source_file, source_line
    from {{ ref('int_ad_costs') }}
)

select
    costs.cost_key,
    costs.source_system,
    costs.cost_date,
    cast(date_trunc('month', costs.cost_date) as date) as cost_month,
    coalesce(costs.channel, 'unattributed') as channel,
    costs.cost_kind,
    coalesce(kinds.is_operational, false) as is_operational,
    costs.amount_cny,
    costs.business_line,
    costs.campaign_id,
    costs.cost_source,
    costs.source_file,
    costs.source_line
from costs
left join {{ source('policy', 'cost_kinds') }} as kinds on costs.cost_kind = kinds.cost_kind
where {{ is_touched('costs.cost_date') }}
