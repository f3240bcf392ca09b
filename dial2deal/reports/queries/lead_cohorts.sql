-- Leads by channel: those created in the period and those of the longer window, with what was reached by $end.
with leads as (
    select
        coalesce(channel, 'unattributed') as channel,
        created_date >= $start as is_new,
        is_valid,
        first_dial_at,
        cast(first_dial_at as date) <= $end as is_dialled,
        cast(first_connect_at as date) <= $end as is_connected,
        cast(least(intent_at, first_high_intent_at) as date) <= $end as has_intent,
        cast(deal_at as date) <= $end as is_won
    from fct_leads
    where created_date between $window_start and $end
)

select
    channel,
    count(*) filter (where is_new) as leads,
    count(*) filter (where is_new and is_valid) as valid_leads,
    count(*) filter (where is_new and is_dialled) as dialled_leads,
    count(*) filter (where is_new and is_connected) as connected_leads,
    count(*) filter (where is_new and has_intent) as intent_leads,
    count(*) as window_leads,
    count(*) filter (where is_valid) as window_valid_leads,
    count(*) filter (where is_dialled) as window_dialled_leads,
    count(*) filter (where is_connected) as window_connected_leads,
    count(*) filter (where has_intent) as window_intent_leads,
    count(*) filter (where is_won) as window_deals
from leads
group by channel
order by window_leads desc, channel
