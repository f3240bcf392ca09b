{{ config(materialized='table') }}
-- A returned call list names its callers by list_code; other exports by number, customer id or lead id.
with follow_ups as (
    select
        *,
        source_system = 'call_list' as is_call_list,
        {{ date_of_text("substring(follow_up_id, 1, 4) || '-' || substring(follow_up_id, 5, 2) || '-' || substring(follow_up_id, 7, 2)") }}
            as list_date,
        split_part(follow_up_id, '-', 2) as code
    from {{ ref('stg_follow_ups') }}
),

codes as (
    select list_code, max(customer_key) as customer_key
    from {{ ref('dim_customers') }}
    group by list_code
)

select
    f.follow_up_key,
    f.source_system,
    f.follow_up_id as source_follow_up_id,
    f.planned_at,
    f.done_at,
    -- A list of a day is worked through on the day after.
    case when f.is_call_list then cast({{ add_days('f.list_date', 1) }} as timestamp)
        else coalesce(f.done_at, f.created_at) end as told_at,
    coalesce(f.status, 'unknown') as status,
    f.action,
    f.result,
    f.content,
    f.agent_id,
    f.lead_id as source_lead_id,
    f.customer_id as source_customer_id,
    case when f.is_call_list then codes.customer_key
        else coalesce(f.customer_key, customers.customer_key, leads.customer_key) end as customer_key,
    f.source_file,
    f.source_line
from follow_ups as f
left join codes on f.is_call_list and f.code = codes.list_code
left join {{ ref('int_customer_ids') }} as customers
    on f.source_system = customers.source_system and f.customer_id = customers.source_customer_id
left join {{ ref('int_lead_ids') }} as leads on f.source_system = leads.source_system and f.lead_id = leads.source_lead_id
