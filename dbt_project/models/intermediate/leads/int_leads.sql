-- Everything a lead is by itself and through the customer list; what happened to it is added in fct_leads.
-- A lead is its customer's last one until the customer's next lead or until the look-back ends (attributed_until):
-- these periods never overlap, so that a call or order finds at most one lead.
-- Of leads that the CRM merged, the one that is left stands for all (int_lead_ids).
with leads as (
    select leads.*
    from {{ ref('stg_leads') }} as leads
    left join {{ ref('int_merged_leads') }} as merged on leads.lead_key = merged.lead_key
    where merged.lead_key is null
),

conversions as (
    select source_system, source_lead_id, min(occurred_at) as converted_at
    from {{ ref('stg_lead_events') }}
    where stage = 'won'
    group by source_system, source_lead_id
),

-- A customer who recommended somebody: the first lead that names this customer (R119).
referrals as (
    select source_system, referrer_customer_id as source_customer_id, min(created_at) as referral_at
    from leads
    where referrer_customer_id is not null
    group by source_system, referrer_customer_id
),

described as (
    select
        leads.lead_key,
        leads.source_system,
        leads.source_lead_id,
        leads.source_customer_id,
        coalesce(leads.phone_customer_key, customers.customer_key, leads.crm_customer_key) as customer_key,
        coalesce(leads.customer_phone_masked, customers.customer_phone_masked) as customer_phone_masked,
        leads.number_status,
        leads.created_at,
        leads.created_date,
        cast(date_trunc('week', leads.created_date) as date) as cohort_week,
        coalesce(leads.channel, 'unattributed') as channel,
        coalesce(channels.channel_group, 'unmapped') as channel_group,
        leads.campaign_id,
        coalesce(leads.business_line, 'unknown') as business_line,
        coalesce(leads.status, 'unknown') as status,
        leads.crm_intent,
        leads.owner_agent_id,
        owners.team,
        case
            when coalesce(leads.region_province, leads.region_city) is not null then coalesce(leads.region_province, 'unknown')
            else coalesce(leads.prefix_province, customers.region_province, 'unknown')
        end as region_province,
        case
            when coalesce(leads.region_province, leads.region_city) is not null then leads.region_city
            when leads.prefix_province is not null then leads.prefix_city
            else customers.region_city
        end as region_city,
        leads.interested_product,
        leads.occupation,
        leads.lost_reason,
        leads.need_confirmed,
        leads.last_followed_up_at,
        {% if not has_rows(ref('int_sales')) -%}
        case when {{ policy_text('deals.from_converted_leads') }} = 'without_orders'
                and (leads.status = 'converted' or conversions.converted_at is not null)
            then greatest(leads.created_at, coalesce(conversions.converted_at, leads.source_updated_at, leads.last_followed_up_at, leads.created_at))
        end
        {%- else -%}
        cast(null as timestamp)
        {%- endif %} as converted_at,
        referrals.referral_at,
        leads.source_file,
        leads.source_line
    from leads
    left join {{ ref('int_customer_ids') }} as customers
        on leads.source_system = customers.source_system and leads.source_customer_id = customers.source_customer_id
    left join conversions
        on leads.source_system = conversions.source_system and leads.source_lead_id = conversions.source_lead_id
    left join referrals
        on leads.source_system = referrals.source_system and leads.source_customer_id = referrals.source_customer_id
    left join {{ source('policy', 'channels') }} as channels on coalesce(leads.channel, 'unattributed') = channels.channel
    left join {{ ref('int_agents') }} as owners on leads.owner_agent_id = owners.agent_id
)

select
    described.*,
    case when described.customer_key is not null then least(
        {{ add_days_to_time('described.created_at', 'settings.lookback_days') }},
        coalesce(lead(described.created_at) over (
            partition by described.customer_key
            order by described.created_at nulls last, described.lead_key nulls last), timestamp '9999-12-31')
    ) end as attributed_until
from described
left join {{ settings_by_day('described', 'created_date', {'lookback_days': 'attribution.lookback_days'}) }} as settings
    on described.created_date = settings.day
