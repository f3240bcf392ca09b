{{ config(**by_date('cost_date', ['fct_costs'])) }}
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
    costs.source_file,
    costs.source_line
from {{ ref('stg_channel_costs') }} as costs
left join {{ source('policy', 'cost_kinds') }} as kinds on costs.cost_kind = kinds.cost_kind
where {{ is_touched('costs.cost_date', ['fct_costs']) }}
