-- Business lines of the policy and those that calls, leads, orders and costs mention.
with found as (
    select member as business_line from {{ ref('call_day_members') }} where member_kind = 'business_line'
    union
    select business_line from {{ ref('int_leads') }}
    union
    select business_line from {{ ref('int_orders') }}
    union
    select business_line from {{ ref('fct_costs') }} where business_line is not null
    union
    select business_line from {{ ref('int_own_numbers') }} where business_line is not null
    union
    select business_line from {{ source('policy', 'business_lines') }} where business_line <> '*'
    union
    select 'unknown'
),

-- The rule in force last describes the line; calls were classified by the rule of their own day.
rules as (
    select business_line, tier_profile, sector, label_zh, label_en
    from {{ source('policy', 'business_lines') }}
    qualify row_number() over (
        partition by business_line order by coalesce(valid_from, date '0001-01-01') desc nulls last, tier_profile nulls last) = 1
)

select
    found.business_line,
    coalesce(own_rule.label_zh, case when found.business_line = 'unknown' then common_rule.label_zh end, found.business_line) as label_zh,
    coalesce(own_rule.label_en, case when found.business_line = 'unknown' then common_rule.label_en end, found.business_line) as label_en,
    coalesce(own_rule.tier_profile, common_rule.tier_profile) as tier_profile,
    coalesce(own_rule.sector, common_rule.sector) as sector,
    own_rule.business_line is not null as is_in_policy
from found
left join rules as own_rule on found.business_line = own_rule.business_line
left join rules as common_rule on common_rule.business_line = '*'
