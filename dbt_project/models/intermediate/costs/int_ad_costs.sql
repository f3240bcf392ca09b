-- What advertising platforms charged, as media costs of their channel: only where the policy says so, and never in a
-- month for which channel_costs has media costs of that channel. A period is spread over its days, to the cent.
with media as (
    select distinct channel, cast(date_trunc('month', cost_date) as date) as month_start
    from {{ ref('stg_channel_costs') }}
    where cost_kind = 'media'
),

spent as (
    select
        source_system,
        channel,
        campaign_id,
        business_line,
        period_start,
        period_days,
        cast(sum(spend_cny) * 100 as bigint) as cents,
        max(source_file) as source_file,
        min(source_line) as source_line
    from {{ ref('int_ad_statistics') }}
    where is_counted and period_start is not null and spend_cny is not null and channel is not null
        and {{ policy_text('ad_statistics.as_costs') }} = 'when_no_media_costs'
    group by source_system, channel, campaign_id, business_line, period_start, period_days
),

digits as (
    {% for digit in range(10) %}select {{ digit }} as digit{{ ' union all ' if not loop.last }}{% endfor %}
),

numbers as (
    select a.digit + 10 * b.digit + 100 * c.digit as number from digits as a cross join digits as b cross join digits as c
),

spread as (
    select
        spent.*,
        {{ add_days('spent.period_start', 'numbers.number') }} as cost_date,
        cast(floor(cast(spent.cents as double) / spent.period_days) as bigint)
            + case when numbers.number < spent.cents - spent.period_days * cast(floor(cast(spent.cents as double) / spent.period_days) as bigint)
                then 1 else 0 end as day_cents
    from spent
    inner join numbers on numbers.number < spent.period_days
)

select
    md5('ad_statistics|' || spread.source_system || '|' || spread.channel || '|' || coalesce(spread.campaign_id, '') || '|'
        || coalesce(spread.business_line, '') || '|' || cast(spread.cost_date as string)) as cost_key,
    spread.source_system,
    spread.cost_date,
    spread.channel,
    'media' as cost_kind,
    cast(cast(sum(spread.day_cents) as decimal(20, 2)) / 100 as decimal(18, 2)) as amount_cny,
    spread.business_line,
    spread.campaign_id,
    max(spread.source_file) as source_file,
    min(spread.source_line) as source_line
from spread
left join media on spread.channel = media.channel and cast(date_trunc('month', spread.cost_date) as date) = media.month_start
where media.channel is null
group by spread.source_system, spread.cost_date, spread.channel, spread.business_line, spread.campaign_id
