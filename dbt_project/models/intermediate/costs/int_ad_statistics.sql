-- The same click stands in several reports: of days and of periods, of campaigns and of their ads. A row counts unless its
-- campaign has days in the period that it covers, or a coarser report that states the same days whole.
with read as (
    select
        s.*,
        coalesce(s.platform, s.channel, 'unknown') as platform_name,
        greatest(coalesce(s.period_end, s.period_start), s.period_start) as last_day,
        {{ in_yuan('s.spend', 's.currency') }} as spend_cny,
        {{ in_yuan('s.conversion_value', 's.currency') }} as conversion_value_cny,
        max(case when s.campaign_id is null then 0 else 1 end + case when s.ad_group_id is null then 0 else 1 end
            + case when s.ad_id is null then 0 else 1 end + case when s.segment is null then 0 else 1 end)
            over (partition by s.file_id) as report_detail
    from {{ ref('stg_ad_statistics') }} as s
    {{ join_rates('s.currency', 's.period_start') }}
),

spans as (
    select
        r.*,
        cast({{ days_between('r.period_start', 'r.last_day') }} as integer) + 1 as period_days,
        case when r.period_start is null then 'undated' when r.last_day > r.period_start then 'period' else 'day' end as span,
        max(case when r.campaign_id is not null then 1 else 0 end)
            over (partition by r.source_system, r.platform_name, r.period_start, r.last_day) = 1 as has_campaigns,
        min(r.report_detail) over (partition by r.source_system, r.platform_name, r.campaign_id, r.period_start, r.last_day) as coarsest
    from read as r
),

days as (
    select source_system, platform_name, campaign_id, account_id, period_start as day
    from spans
    where span = 'day'
    group by source_system, platform_name, campaign_id, account_id, period_start
),

covered as (
    select distinct s.ad_statistic_key
    from spans as s
    inner join days as d
        on s.source_system = d.source_system and s.platform_name = d.platform_name
        and coalesce(s.campaign_id, '') = coalesce(d.campaign_id, '')
    where s.span <> 'day'
        and coalesce(s.account_id, d.account_id, '') = coalesce(d.account_id, s.account_id, '')
        and d.day >= coalesce(s.period_start, d.day) and d.day <= coalesce(s.last_day, d.day)
)

select
    s.*,
    covered.ad_statistic_key is null and s.report_detail = s.coarsest
        and (s.campaign_id is not null or not s.has_campaigns) as is_counted
from spans as s
left join covered on s.ad_statistic_key = covered.ad_statistic_key
