-- Only the last days of call history are read: the pool and the repeat window before it.
with settings as (
    select
        {{ as_of_date() }} as as_of_date,
        {{ policy_number('pool.days') }} as pool_days,
        {{ policy_number('repeat.window_days') }} as repeat_days,
        {{ policy_text('region.focus') }} as focus_region,
        {{ policy_text('followup.opening_template') }} as opening_template
),

calls as (
    select *
    from {{ ref('fct_calls') }}
    where is_customer_call and customer_key is not null
        and call_date > (select {{ add_days('as_of_date', '-(pool_days + repeat_days)') }} from settings)
),

last_long_calls as (
    select calls.*
    from calls
    cross join settings
    where calls.is_high_intent and calls.call_date > {{ add_days('settings.as_of_date', '-settings.pool_days') }}
    qualify row_number() over (
        partition by calls.customer_key order by calls.started_at desc nulls last, calls.call_key nulls last) = 1
),

-- Calls count together from the repeat window before the last long call on.
counted as (
    select
        calls.customer_key,
        count(*) filter (where calls.direction = 'inbound') as call_count,
        count(*) filter (where calls.is_dial) as attempt_count,
        count(*) filter (where calls.is_high_intent) as long_call_count,
        max(calls.talk_seconds) as longest_call_seconds,
        max(calls.started_at) as last_call_at
    from calls
    cross join settings
    inner join last_long_calls as last_long
        on calls.customer_key = last_long.customer_key
        and calls.call_date > {{ add_days('last_long.call_date', '-settings.repeat_days') }}
    group by calls.customer_key
),

orders as (
    select customer_key, min(order_date) as first_order_date, max(ordered_at) as last_order_at
    from {{ ref('fct_orders') }}
    where is_won and customer_key is not null
    group by customer_key
),

follow_up as (
    select
        replace(key, 'followup.sla_hours.', '') as intent_level,
        scope,
        value_number as hours
    from {{ source('policy', 'settings') }}
    where key like 'followup.sla_hours.%' and valid_to is null
),

-- 1 is the highest tier of a profile, so that profiles with different limits rank alike.
tiers as (
    select
        *,
        rank() over (
            partition by profile, coalesce(valid_from, date '1900-01-01') order by lower_seconds desc nulls last)
            as tier_rank
    from {{ source('policy', 'tier_rules') }}
),

listed as (
    select
        last_long.customer_key,
        last_long.customer_phone_masked,
        leads.source_customer_id,
        last_long.call_key as last_call_key,
        last_long.started_at as last_long_call_at,
        last_long.talk_seconds as last_long_call_seconds,
        last_long.direction,
        last_long.agent_id,
        last_long.agent_name,
        last_long.team,
        counted.call_count,
        counted.attempt_count,
        counted.long_call_count,
        counted.longest_call_seconds,
        counted.last_call_at,
        last_long.duration_tier,
        last_long.tier_family,
        last_long.intent_level,
        tiers.stars,
        tiers.tier_rank,
        tiers.action_zh,
        tiers.action_en,
        coalesce(orders.first_order_date < last_long.call_date, false)
            or coalesce(last_long.is_existing_customer, false) as is_existing_customer,
        coalesce(orders.last_order_at > last_long.started_at, false) as has_ordered_since,
        last_long.region_province,
        last_long.region_city,
        coalesce(
            last_long.region_province like settings.focus_region || '%'
            or last_long.region_city like settings.focus_region || '%', false) as is_focus_region,
        last_long.business_line,
        last_long.channel,
        last_long.lead_key,
        coalesce(own_line.hours, common.hours) as follow_up_hours,
        {{ add_hours('last_long.started_at', 'coalesce(own_line.hours, common.hours)') }} as follow_up_due_at,
        replace(replace(replace(replace(
            settings.opening_template,
            '{month}', cast(extract(month from last_long.started_at) as {{ dbt.type_string() }})),
            '{day}', cast(extract(day from last_long.started_at) as {{ dbt.type_string() }})),
            '{topic}', coalesce(leads.interested_product, lines.label_zh, last_long.business_line, '')),
            '{agent}', coalesce(last_long.agent_name, '')) as suggested_opening,
        settings.as_of_date
    from last_long_calls as last_long
    cross join settings
    inner join counted on last_long.customer_key = counted.customer_key
    left join tiers
        on last_long.tier_profile = tiers.profile and last_long.duration_tier = tiers.tier
        and {{ is_valid_on('tiers', 'last_long.call_date') }}
    left join follow_up as own_line
        on last_long.intent_level = own_line.intent_level and last_long.business_line = own_line.scope
    left join follow_up as common on last_long.intent_level = common.intent_level and common.scope = ''
    left join orders on last_long.customer_key = orders.customer_key
    left join {{ ref('fct_leads') }} as leads on last_long.lead_key = leads.lead_key
    left join {{ ref('dim_business_lines') }} as lines on last_long.business_line = lines.business_line
)

select
    cast(row_number() over (
        order by tier_rank nulls last, is_focus_region desc nulls last, long_call_count desc nulls last,
            last_long_call_seconds desc nulls last, last_long_call_at desc nulls last, customer_key nulls last) as bigint)
        as rank,
    customer_key,
    customer_phone_masked,
    source_customer_id,
    last_call_key,
    last_long_call_at,
    last_long_call_seconds,
    direction,
    agent_id,
    agent_name,
    team,
    call_count,
    attempt_count,
    long_call_count,
    longest_call_seconds,
    last_call_at,
    duration_tier,
    tier_family,
    intent_level,
    stars,
    action_zh,
    action_en,
    is_existing_customer,
    has_ordered_since,
    region_province,
    region_city,
    is_focus_region,
    business_line,
    channel,
    lead_key,
    follow_up_hours,
    follow_up_due_at,
    suggested_opening,
    as_of_date
from listed
