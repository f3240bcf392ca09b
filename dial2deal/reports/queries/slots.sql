-- Calls by direction, weekday and hour of the window; the base of the heat map and of the best-slot rules.
select
    direction,
    weekday,
    call_hour as hour,
    count(*) as calls,
    count(*) filter (where duration_tier is not null) as tiered_calls,
    count(*) filter (where is_high_intent) as high_intent_calls
from fct_calls
where direction in ('inbound', 'outbound') and call_date between $start and $end and call_hour is not null
group by direction, weekday, call_hour
order by direction, weekday, call_hour
