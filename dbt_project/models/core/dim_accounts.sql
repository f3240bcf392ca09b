-- Companies of the CRM; those that only opportunities name stand here by their id alone.
with mentioned as (
    select source_system, account_id, max(account_name) as account_name
    from {{ ref('stg_opportunities') }}
    where account_id is not null
        and (source_system, account_id) not in (
            select source_system, account_name from {{ ref('stg_accounts') }} where account_name is not null)
    group by source_system, account_id
)

select
    {{ native_key('accounts', 'coalesce(listed.source_system, mentioned.source_system)', 'coalesce(listed.account_id, mentioned.account_id)') }} as account_key,
    coalesce(listed.source_system, mentioned.source_system) as source_system,
    coalesce(listed.account_id, mentioned.account_id) as account_id,
    coalesce(listed.account_name, mentioned.account_name) as account_name,
    listed.parent_account,
    listed.industry,
    listed.segment,
    {{ whole('listed.employees') }} as employees,
    listed.annual_revenue,
    {{ whole('listed.founded_year') }} as founded_year,
    listed.country,
    listed.region_province,
    listed.region_city,
    listed.owner_agent_id,
    listed.customer_key,
    listed.created_at,
    listed.account_id is not null as is_listed
from {{ ref('stg_accounts') }} as listed
full outer join mentioned on listed.source_system = mentioned.source_system and listed.account_id = mentioned.account_id
