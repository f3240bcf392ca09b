-- The accepted money of each file is the money of its rows in staging, to the fen: of costs every row of an id's latest
-- file, of orders the row that counts. recon_staging_to_core goes on from there to the facts.
with sums as (
    {%- for feed, model, date_column, amount in [('channel_costs', 'stg_channel_costs', 'cost_date', 'amount_cny'),
        ('orders', 'stg_orders', 'order_date', 'amount_delivered')] %}
    select '{{ feed }}' as feed, delivered._file_id as file_id, coalesce({{ parse_money('delivered.amount_cny') }}, 0) as accepted,
        0 as staged
    from {{ source('raw', feed) }} as delivered
    inner join {{ ref(model) }} as counted
        on delivered._source = counted.source_system and delivered._row_key = counted.row_key
        and delivered._file_id = counted.file_id
        {%- if feed not in feeds_that_add_up() %} and delivered._line = counted.source_line{% endif %}
    where {{ in_build_dates('delivered._event_date', [feed]) }} and {{ in_build_dates('counted.' ~ date_column, [feed]) }}
    union all
    select '{{ feed }}', file_id, 0, coalesce({{ amount }}, 0)
    from {{ ref(model) }}
    where {{ in_build_dates(date_column, [feed]) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select feed, file_id, sum(accepted) as accepted, sum(staged) as staged
from sums
group by feed, file_id
having sum(accepted) <> sum(staged)
