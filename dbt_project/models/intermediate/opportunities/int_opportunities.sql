-- Opportunities with their outcome: the export's flags, else its status, else the stage by the value map. Amounts of
-- another currency count by the rate of the day on which they closed, while open of the day on which they were opened.
select
    o.*,
    {{ in_yuan('o.amount', 'o.currency') }} as amount_cny,
    case
        when o.status = 'invalid' then 'invalid'
        when o.is_won then 'won'
        when o.is_closed and not coalesce(o.is_won, o.status = 'won', false) then 'lost'
        else coalesce(o.status, 'unknown')
    end as outcome
from {{ ref('stg_opportunities') }} as o
{{ join_rates('o.currency', 'cast(coalesce(o.closed_at, o.opened_at) as date)') }}
