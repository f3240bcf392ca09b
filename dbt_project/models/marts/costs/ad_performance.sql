-- Sum the rows with is_counted alone: a campaign's periods stand beside its days.
with z as (select {{ policy_number('wilson.z') }} as z, {{ policy_number('min_n') }} as min_n),

j as (
    select
        stat_date,
        period_end,
        period_days,
        span,
        is_counted,
        source_system,
        platform,
        channel,
        coalesce(account_id, 'unknown') as account_id,
        coalesce(campaign_id, 'unknown') as campaign_id,
        max(campaign_name) as campaign_name,
        count(*) as delivered_rows,
        count(distinct ad_id) as ads,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(spend_cny) as decimal(18, 2)) as spend_cny,
        count(*) filter (where spend_delivered is not null and spend_cny is null) as rows_in_other_currency,
        sum(conversions) as conversions,
        cast(sum(leads) as bigint) as leads,
        cast(sum(phone_calls) as bigint) as phone_calls,
        cast(sum(conversion_value_cny) as decimal(18, 2)) as conversion_value_cny
    from {{ ref('fct_ad_statistics') }}
    group by stat_date, period_end, period_days, span, is_counted, source_system, platform, channel, coalesce(account_id, 'unknown'), coalesce(campaign_id, 'unknown')
)

select
    j.stat_date,
    j.period_end,
    j.period_days,
    j.span,
    j.is_counted,
    j.source_system,
    j.platform,
    j.channel,
    j.account_id,
    j.campaign_id,
    j.campaign_name,
    j.delivered_rows,
    j.ads,
    j.impressions,
    j.clicks,
    j.spend_cny,
    j.rows_in_other_currency,
    j.conversions,
    j.leads,
    j.phone_calls,
    j.conversion_value_cny,
    {%- set columns = {'ad_clicks': 'clicks', 'ad_impressions': 'impressions', 'ad_spend_cny': 'spend_cny', 'ad_leads': 'leads',
        'ad_conversions': 'conversions'} %}
    {{ metric_rate('ad_click_rate', 'j', columns) }},
    {{ metric_rate('ad_lead_rate', 'j', columns, 'lead_rate') }},
    {{ metric_rate('ad_cost_per_click_cny', 'j', columns) }},
    {{ metric_rate('ad_cost_per_lead_cny', 'j', columns) }},
    {{ metric_rate('ad_cost_per_conversion_cny', 'j', columns, 'cost_per_conversion_cny') }},
    coalesce(j.clicks >= z.min_n, false) as n_ok
from j
cross join z
