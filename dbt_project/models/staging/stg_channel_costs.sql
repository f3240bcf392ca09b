{{ config(**by_date('cost_date', ['channel_costs'])) }}
with {{ latest_delivery('channel_costs') }}

select
    {{ native_key('channel_costs', 'r._source', 'r._row_key') }} as cost_key,
    r._source as source_system,
    r._event_date as cost_date,
    {{ channel_of('r') }} as channel,
    coalesce({{ mapped('r', 'cost_kind') }}, 'unknown') as cost_kind,
    {{ is_unmapped('r', 'cost_kind') }} as is_cost_kind_unmapped,
    {{ parse_money('r.amount_cny') }} as amount_cny,
    nullif(trim(r.business_line), '') as business_line,
    nullif(trim(r.campaign_id), '') as campaign_id,
    {{ provenance('r') }}
from latest as r
{{ join_value_map('r', 'channel_costs', 'cost_kind') }}
{{ join_channel('r') }}
