with settings as (
    select
        {{ as_of_date() }} as as_of_date,
        {{ policy_number('dormancy.days') }} as dormancy_days,
        {{ policy_number('funnel.horizon_days') }} as horizon_days,
        {{ policy_number('min_n') }} as min_n,
        {{ policy_number('wilson.z') }} as z
),

-- Only the last days of call history are read.
recent_contacts as (
    select calls.lead_key
    from {{ ref('fct_calls') }} as calls
    where calls.is_connected and calls.is_customer_call and calls.lead_key is not null
        and calls.call_date > (select {{ add_days('as_of_date', '-dormancy_days') }} from settings)
    union
    select events.lead_key
    from {{ ref('fct_lead_events') }} as events
    where events.event_date > (select {{ add_days('as_of_date', '-dormancy_days') }} from settings)
),

leads as (
    select
        leads.*,
        leads.deal_at is null and leads.lost_at is null
            and leads.status not in ('converted', 'lost', 'invalid')
            and leads.created_date <= {{ add_days('settings.as_of_date', '-settings.dormancy_days') }} as is_open_and_aged,
        recent_contacts.lead_key is null
            and coalesce(cast(leads.last_followed_up_at as date)
                <= {{ add_days('settings.as_of_date', '-settings.dormancy_days') }}, true) as is_without_contact
    from {{ ref('fct_leads') }} as leads
    cross join settings
    left join recent_contacts on leads.lead_key = recent_contacts.lead_key
),

counted as (
    select
        channel,
        cohort_week as created_week,
        count(*) as leads,
        count(*) filter (where is_valid) as valid_leads,
        count(*) filter (where first_dial_at is not null) as dialled_leads,
        count(*) filter (where first_connect_at is not null) as connected_leads,
        count(*) filter (where intent_at is not null) as intent_leads,
        count(*) filter (where deal_at is not null) as deals,
        count(*) filter (where is_open_and_aged) as open_aged_leads,
        count(*) filter (where is_open_and_aged and is_without_contact) as dormant_leads
    from leads
    group by channel, cohort_week
)

select
    counted.channel,
    counted.created_week,
    counted.leads,
    counted.valid_leads,
    counted.dialled_leads,
    counted.connected_leads,
    counted.intent_leads,
    counted.deals,
    counted.open_aged_leads,
    counted.dormant_leads,
    {% for metric in ['validity_rate', 'lead_connect_rate', 'intent_rate', 'deal_rate', 'dormancy_rate'] -%}
    {{ metric_rate(metric, 'counted', {'cohort_deals': 'deals'}, z='settings.z') }},
    {% endfor -%}
    counted.leads >= settings.min_n as n_ok,
    {{ add_days('counted.created_week', '6 + settings.horizon_days') }} <= settings.as_of_date as is_mature
from counted
cross join settings
