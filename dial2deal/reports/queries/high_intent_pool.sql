-- The high-intent pool as it stood at the end of $end: the mart high_intent_leads, but for any date.
with rules as (
    select
        max(value_number) filter (where key = 'pool.days') as pool_days,
        max(value_number) filter (where key = 'repeat.window_days') as repeat_days,
        max(value_text) filter (where key = 'region.focus') as focus_region
    from policy.settings
    where scope = '' and $end between coalesce(valid_from, date '0001-01-01') and coalesce(valid_to, date '9999-12-31')
),

calls as (
    select fct_calls.*
    from fct_calls
    cross join rules
    where is_customer_call and customer_key is not null and call_date <= $end
        and call_date > $end - cast(pool_days + repeat_days as integer)
),

last_long as (
    select calls.*
    from calls
    cross join rules
    where is_high_intent and call_date > $end - cast(pool_days as integer)
    qualify row_number() over (
        partition by customer_key order by started_at desc nulls last, call_key nulls last) = 1
),

counted as (
    select
        calls.customer_key,
        count(*) filter (where calls.direction = 'inbound') as call_count,
        count(*) filter (where calls.is_dial) as attempt_count,
        count(*) filter (where calls.is_high_intent) as long_call_count,
        min(calls.started_at) filter (where calls.is_dial and calls.started_at > last_long.started_at)
            as followed_up_at
    from calls
    cross join rules
    inner join last_long on calls.customer_key = last_long.customer_key
    where calls.call_date > last_long.call_date - cast(rules.repeat_days as integer)
    group by calls.customer_key
),

orders as (
    select customer_key, min(order_date) as first_order_date, max(ordered_at) as last_order_at
    from fct_orders
    where is_won and customer_key is not null and order_date <= $end
    group by customer_key
),

sla as (
    select replace(key, 'followup.sla_hours.', '') as intent_level, scope, cast(value_number as integer) as hours
    from policy.settings
    where key like 'followup.sla_hours.%'
        and $end between coalesce(valid_from, date '0001-01-01') and coalesce(valid_to, date '9999-12-31')
),

-- The last thing that was entered about a caller by the end of $end.
told as (
    select customer_key, status, told_at
    from fct_follow_ups
    where customer_key is not null and cast(told_at as date) <= $end
    qualify row_number() over (partition by customer_key order by told_at desc, status = 'planned', follow_up_key) = 1
),

tiers as (
    select
        profile, tier, valid_from, valid_to, stars, action_zh, action_en,
        rank() over (partition by profile, coalesce(valid_from, date '0001-01-01') order by lower_seconds desc)
            as tier_rank
    from policy.tier_rules
),

pool as (
    select
        tiers.tier_rank,
        last_long.customer_key,
        last_long.customer_phone_masked,
        coalesce(leads.source_customer_id, customers.source_customer_id) as source_customer_id,
        leads.source_lead_id,
        last_long.source_call_id,
        -- By this a returned list finds its callers.
        replace(cast($end as varchar), '-', '') || '-' || customers.list_code as list_id,
        last_long.started_at as last_long_call_at,
        cast(last_long.talk_seconds as bigint) as last_long_call_seconds,
        last_long.agent_id,
        last_long.agent_name,
        last_long.team,
        counted.call_count,
        counted.attempt_count,
        counted.long_call_count,
        last_long.duration_tier,
        tiers.stars,
        tiers.action_zh,
        tiers.action_en,
        last_long.region_province,
        last_long.region_city,
        coalesce(last_long.region_province like rules.focus_region || '%'
            or last_long.region_city like rules.focus_region || '%', false) as is_focus_region,
        last_long.business_line,
        coalesce(last_long.channel, 'unattributed') as channel,
        coalesce(orders.first_order_date < last_long.call_date, false)
            or coalesce(last_long.is_existing_customer, false) as is_existing_customer,
        coalesce(orders.last_order_at > last_long.started_at, false) as has_ordered_since,
        last_long.started_at + to_hours(coalesce(own_line.hours, common.hours)) as follow_up_due_at,
        counted.followed_up_at,
        told.status as told_status,
        last_long.call_date as last_long_call_date,
        leads.interested_product
    from last_long
    cross join rules
    inner join counted on last_long.customer_key = counted.customer_key
    left join tiers
        on last_long.tier_profile = tiers.profile and last_long.duration_tier = tiers.tier
        and last_long.call_date between coalesce(tiers.valid_from, date '0001-01-01')
            and coalesce(tiers.valid_to, date '9999-12-31')
    left join sla as own_line
        on last_long.intent_level = own_line.intent_level and last_long.business_line = own_line.scope
    left join sla as common on last_long.intent_level = common.intent_level and common.scope = ''
    left join orders on last_long.customer_key = orders.customer_key
    left join fct_leads as leads on last_long.lead_key = leads.lead_key
    left join dim_customers as customers on last_long.customer_key = customers.customer_key
    left join told on last_long.customer_key = told.customer_key and told.told_at > last_long.started_at
)

select
    row_number() over (
        order by tier_rank nulls last, is_focus_region desc nulls last, long_call_count desc nulls last,
            last_long_call_seconds desc nulls last, last_long_call_at desc nulls last, customer_key nulls last)
        as rank,
    pool.*,
    case
        when has_ordered_since or told_status = 'won' then 'won'
        when told_status = 'dropped' then 'dropped'
        when told_status = 'unreachable' then 'invalid'
        when told_status = 'appointed' then 'appointed'
        when told_status = 'following' then 'calling'
        when followed_up_at is not null or told_status = 'done' then 'followed_up'
        else 'pending'
    end as status,
    coalesce(
        not has_ordered_since and coalesce(followed_up_at, cast($end + 1 as timestamp)) > follow_up_due_at, false)
        as is_late
from pool
