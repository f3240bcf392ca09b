{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='cost_date',
    meta={'follows': ['channel_costs']}) }}
with {{ latest_delivery('channel_costs') }},

-- An export below the grain (per ad, per hour) has several rows of one campaign and day: their costs are added up.
added_up as (
    select
        _source,
        _row_key,
        _file_id,
        _event_date,
        source_file,
        sum({{ parse_money('amount_cny') }}) as amount_cny,
        min(channel) as channel,
        min(cost_kind) as cost_kind,
        min(business_line) as business_line,
        min(campaign_id) as campaign_id,
        min_by(_row_hash, _line) as _row_hash,
        min(_line) as _line,
        max(_loaded_at) as _loaded_at
    from latest
    group by _source, _row_key, _file_id, _event_date, source_file
)

select
    {{ native_key('channel_costs', 'r._source', 'r._row_key') }} as cost_key,
    r._source as source_system,
    r._event_date as cost_date,
    {{ channel_of('r') }} as channel,
    coalesce({{ mapped('r', 'cost_kind') }}, 'unknown') as cost_kind,
    {{ is_unmapped('r', 'cost_kind') }} as is_cost_kind_unmapped,
    cast(r.amount_cny as decimal(18, 2)) as amount_cny,
    nullif(trim(r.business_line), '') as business_line,
    nullif(trim(r.campaign_id), '') as campaign_id,
    {{ provenance('r') }}
from added_up as r
{{ join_value_map('r', 'channel_costs', 'cost_kind') }}
{{ join_channel('r') }}
