{{ config(materialized='table') }}
-- A stage nobody has mapped is neither won nor lost. Exports without an id of the company name it.
with names as (
    select source_system, account_name, min(account_id) as account_id
    from {{ ref('stg_accounts') }}
    where account_name is not null
    group by source_system, account_name
)

select
    o.opportunity_key,
    o.source_system,
    o.opportunity_id as source_opportunity_id,
    o.opened_at,
    cast(o.opened_at as date) as opened_date,
    o.stage,
    o.outcome as status,
    o.outcome = 'won' as is_won,
    o.outcome = 'open' as is_open,
    case when o.outcome in ('won', 'lost', 'invalid') then cast(o.closed_at as date) end as close_date,
    coalesce(o.expected_close_on, case when o.outcome = 'open' then cast(o.closed_at as date) end) as expected_close_date,
    case when o.outcome in ('won', 'lost') then {{ days_between('cast(o.opened_at as date)', 'cast(o.closed_at as date)') }} end as days_to_close,
    o.probability,
    o.amount_cny,
    o.amount as amount_delivered,
    o.currency,
    coalesce(leads.customer_key, o.customer_key) as customer_key,
    leads.lead_key,
    coalesce(names.account_id, o.account_id) as account_id,
    case when o.account_id is not null then
        {{ native_key('accounts', 'o.source_system', 'coalesce(names.account_id, o.account_id)') }} end as account_key,
    o.account_name,
    o.agent_id,
    coalesce(o.team, agents.team, 'unknown') as team,
    o.product,
    coalesce(o.business_line, leads.business_line, 'unknown') as business_line,
    coalesce(nullif(leads.channel, 'unattributed'), o.channel, 'unattributed') as channel,
    o.campaign_id,
    o.pipeline,
    o.lost_reason,
    o.source_file,
    o.source_line
from {{ ref('int_opportunities') }} as o
left join {{ ref('int_lead_ids') }} as leads on o.source_system = leads.source_system and o.lead_id = leads.source_lead_id
left join {{ ref('int_agents') }} as agents on o.agent_id = agents.agent_id
left join names on o.source_system = names.source_system and o.account_id = names.account_name
