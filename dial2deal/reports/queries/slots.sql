-- Calls by weekday and hour of the window; the base of the heat map and of the best-slot rules.
select
    weekday,
    call_hour as hour,
    count(*) as calls,
    count(*) filter (where duration_tier is not null) as tiered_calls,
    count(*) filter (where is_high_intent) as high_intent_calls
from fct_calls
where is_customer_call and call_date between $start and $end and call_hour is not null
group by weekday, call_hour
order by weekday, call_hour
