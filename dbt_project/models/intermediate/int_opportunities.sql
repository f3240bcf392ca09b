-- Opportunities with their outcome: the export's flags, else its status, else the stage by the value map.
select
    o.*,
    case
        when o.status = 'invalid' then 'invalid'
        when o.is_won then 'won'
        when o.is_closed and not coalesce(o.is_won, o.status = 'won', false) then 'lost'
        else coalesce(o.status, 'unknown')
    end as outcome
from {{ ref('stg_opportunities') }} as o
