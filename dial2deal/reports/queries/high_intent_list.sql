-- The callers of the pool (high_intent_pool.sql) who are still to be called or watched: the $rows most urgent, in the
-- order in which they are to be called: waiting before others, new ones since $start first, then by rank. Counts are of
-- the whole pool.
-- Not windows: a filtered count over () takes minutes for a million callers.
with counts as (
    select
        count(*) as pool_total,
        count(*) filter (where last_long_call_date >= $start) as pool_new,
        count(*) filter (where is_focus_region) as pool_focus,
        count(*) filter (where status = 'pending') as pool_pending,
        count(*) filter (where status = 'pending' and is_late) as pool_late
    from high_intent_pool
),

urgent as (
    select *, last_long_call_date >= $start as is_new_in_period
    from high_intent_pool
    where status not in ('won', 'dropped', 'invalid')
    order by status = 'pending' desc nulls last, last_long_call_date >= $start desc nulls last, rank
    limit $rows
)

select
    row_number() over (
        order by urgent.status = 'pending' desc, urgent.is_new_in_period desc nulls last, urgent.rank) as place,
    urgent.rank,
    urgent.customer_key,
    urgent.customer_phone_masked,
    urgent.source_customer_id,
    urgent.source_lead_id,
    urgent.source_call_id,
    urgent.list_id,
    urgent.last_long_call_at,
    urgent.last_long_call_seconds,
    urgent.agent_id,
    urgent.agent_name,
    urgent.team,
    urgent.call_count,
    urgent.attempt_count,
    urgent.long_call_count,
    urgent.duration_tier,
    urgent.stars,
    urgent.action_zh,
    urgent.action_en,
    urgent.region_province,
    urgent.region_city,
    urgent.is_focus_region,
    urgent.business_line,
    urgent.channel,
    urgent.is_existing_customer,
    urgent.has_ordered_since,
    urgent.follow_up_due_at,
    urgent.followed_up_at,
    urgent.told_status,
    urgent.is_new_in_period,
    urgent.interested_product,
    urgent.status,
    urgent.is_late,
    counts.*
from counts
left join urgent on true
order by place
