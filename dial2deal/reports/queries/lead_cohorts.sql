-- Leads by channel: those created in the period and those of the longer window, with what was reached by $end; and of
-- all leads those that were open and old at the end of $end, and how many of them nobody had been in contact with.
with contacts as (
    select lead_key
    from fct_calls
    where is_customer_call and is_connected and lead_key is not null
        and call_date > $end - cast($dormancy_days as integer) and call_date <= $end
    union
    select lead_key from fct_lead_events where event_date > $end - cast($dormancy_days as integer) and event_date <= $end
),

leads as (
    select
        coalesce(channel, 'unattributed') as channel,
        created_date between $start and $end as is_new,
        created_date between $window_start and $end as is_in_window,
        is_valid,
        first_dial_at,
        cast(first_dial_at as date) <= $end as is_dialled,
        cast(first_connect_at as date) <= $end as is_connected,
        cast(least(intent_at, first_high_intent_at) as date) <= $end as has_intent,
        cast(deal_at as date) <= $end as is_won,
        created_date <= $end - cast($dormancy_days as integer)
            and coalesce(cast(deal_at as date) > $end, true) and coalesce(cast(lost_at as date) > $end, true)
            and (status not in ('converted', 'lost', 'invalid') or coalesce(cast(least(deal_at, lost_at) as date) > $end, false))
            as is_open_and_aged,
        not exists (select * from contacts where contacts.lead_key = fct_leads.lead_key)
            and coalesce(cast(last_followed_up_at as date) not between $end - cast($dormancy_days as integer) + 1 and $end, true)
            as is_without_contact
    from fct_leads
    where created_date <= $end
)

select
    channel,
    count(*) filter (where is_new) as leads,
    count(*) filter (where is_new and is_valid) as valid_leads,
    count(*) filter (where is_new and is_dialled) as dialled_leads,
    count(*) filter (where is_new and is_connected) as connected_leads,
    count(*) filter (where is_new and has_intent) as intent_leads,
    count(*) filter (where is_in_window) as window_leads,
    count(*) filter (where is_in_window and is_valid) as window_valid_leads,
    count(*) filter (where is_in_window and is_dialled) as window_dialled_leads,
    count(*) filter (where is_in_window and is_connected) as window_connected_leads,
    count(*) filter (where is_in_window and has_intent) as window_intent_leads,
    count(*) filter (where is_in_window and is_won) as window_deals,
    count(*) filter (where is_open_and_aged) as open_aged_leads,
    count(*) filter (where is_open_and_aged and is_without_contact) as dormant_leads
from leads
group by channel
order by window_leads desc, channel
