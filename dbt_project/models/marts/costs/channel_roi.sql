-- Costs delivered without a channel are shared out by talk time, exact to the cent: the largest share takes the rest.
with settings as (
    select
        {{ policy_number('min_n') }} as min_n,
        {{ policy_number('wilson.z') }} as z,
        {{ policy_number('clv.lifetime_years') }} as lifetime_years,
        {{ policy_number('clv.repurchase_window_days') }} as window_days,
        {{ policy_number('ltv_cac.healthy') }} as healthy_ratio,
        {{ policy_text('cost_allocation') }} as cost_allocation
),

lead_months as (
    select
        channel,
        cast(date_trunc('month', created_date) as date) as month_start,
        count(*) as leads,
        count(*) filter (where is_valid) as valid_leads,
        count(*) filter (where first_dial_at is not null) as dialled_leads,
        count(*) filter (where first_connect_at is not null) as connected_leads,
        count(*) filter (where intent_at is not null) as intent_leads,
        count(*) filter (where deal_at is not null) as cohort_deals
    from {{ ref('fct_leads') }}
    group by channel, cast(date_trunc('month', created_date) as date)
),

deal_months as (
    select channel, cast(date_trunc('month', deal_at) as date) as month_start, count(*) as deals
    from {{ ref('fct_leads') }}
    where deal_at is not null
    group by channel, cast(date_trunc('month', deal_at) as date)
),

won_orders as (
    select
        customer_key,
        channel,
        amount_cny,
        order_date,
        order_number,
        is_repeat,
        cast(date_trunc('month', order_date) as date) as month_start
    from {{ ref('fct_orders') }}
    where is_won
),

order_months as (
    select
        channel,
        month_start,
        count(*) as orders,
        count(amount_cny) as priced_orders,
        count(*) filter (where order_number = 1) as customers_won
    from won_orders
    group by channel, month_start
),

revenue_months as (
    select channel, cast(date_trunc('month', revenue_date) as date) as month_start, sum(amount_cny) as revenue_cny
    from {{ ref('fct_revenue') }}
    group by channel, cast(date_trunc('month', revenue_date) as date)
),

-- A customer belongs to the channel of the first order.
customers as (
    select
        customer_key,
        max(case when order_number = 1 then channel end) as channel,
        min(order_date) as first_order_date,
        min(order_date) filter (where is_repeat) as second_order_date
    from won_orders
    where customer_key is not null
    group by customer_key
),

talk as (
    select cast(date_trunc('month', call_date) as date) as month_start, business_line, channel,
        sum(talk_seconds) as talk_seconds
    from {{ ref('call_efficiency') }}
    group by cast(date_trunc('month', call_date) as date), business_line, channel
),

-- A cost of one business line is shared among its calls, a common cost ('') among all calls.
weights as (
    select month_start, business_line, channel, talk_seconds from talk where talk_seconds > 0
    union all
    select month_start, '' as business_line, channel, sum(talk_seconds) as talk_seconds
    from talk where talk_seconds > 0
    group by month_start, channel
),

costs as (
    select
        cost_month as month_start,
        channel,
        cost_kind,
        is_operational,
        coalesce(nullif(business_line, 'unknown'), '') as business_line,
        cast(sum(amount_cny) * 100 as bigint) as cents
    from {{ ref('fct_costs') }}
    group by cost_month, channel, cost_kind, is_operational, coalesce(nullif(business_line, 'unknown'), '')
),

pools as (
    select costs.month_start, costs.cost_kind, costs.is_operational, costs.business_line, costs.cents
    from costs
    cross join settings
    where costs.channel = 'unattributed' and settings.cost_allocation = 'talk_seconds'
),

rough_shares as (
    select
        pools.*,
        weights.channel,
        cast(floor(pools.cents * cast(weights.talk_seconds as double)
            / sum(weights.talk_seconds) over (partition by pools.month_start, pools.cost_kind, pools.business_line))
            as bigint) as share_cents,
        row_number() over (
            partition by pools.month_start, pools.cost_kind, pools.business_line
            order by weights.talk_seconds desc nulls last, weights.channel nulls last) as share_rank
    from pools
    inner join weights
        on pools.month_start = weights.month_start and pools.business_line = weights.business_line
),

shares as (
    select
        month_start, channel, cost_kind, is_operational, business_line,
        share_cents + case when share_rank = 1 then cents - sum(share_cents) over (
            partition by month_start, cost_kind, business_line) else 0 end as cents
    from rough_shares
),

placed_costs as (
    select month_start, channel, cost_kind, is_operational, cents, 0 as allocated_cents from costs
    union all
    select month_start, channel, cost_kind, is_operational, cents, cents from shares
    union all
    select month_start, 'unattributed', cost_kind, is_operational, -cents, -cents from shares
),

cost_months as (
    select
        channel,
        month_start,
        cast(sum(cents) as bigint) as total_cents,
        cast(sum(allocated_cents) as bigint) as allocated_cents,
        cast(coalesce(sum(cents) filter (where is_operational), 0) as bigint) as operational_cents,
        cast(coalesce(sum(cents) filter (where cost_kind = 'media'), 0) as bigint) as media_cents,
        cast(coalesce(sum(cents) filter (where cost_kind = 'lead_purchase'), 0) as bigint) as lead_purchase_cents,
        cast(coalesce(sum(cents) filter (where cost_kind = 'labour'), 0) as bigint) as labour_cents,
        cast(coalesce(sum(cents) filter (where cost_kind = 'telephony'), 0) as bigint) as telephony_cents,
        cast(coalesce(sum(cents) filter (where cost_kind = 'system'), 0) as bigint) as system_cents
    from placed_costs
    group by channel, month_start
),

channel_months as (
    select channel, month_start from lead_months
    union
    select channel, month_start from deal_months
    union
    select channel, month_start from order_months
    union
    select channel, month_start from revenue_months
    union
    select channel, month_start from cost_months
),

-- Customers whose first order lies in the window that ends with the month; point in time, so a rerun agrees.
repurchases as (
    select
        channel_months.channel,
        channel_months.month_start,
        count(*) as repurchase_denominator,
        count(*) filter (where customers.second_order_date <= last_day(channel_months.month_start)) as repurchase_numerator
    from channel_months
    cross join settings
    inner join customers
        on channel_months.channel = customers.channel
        and customers.first_order_date <= last_day(channel_months.month_start)
        and customers.first_order_date > {{ add_days('last_day(channel_months.month_start)', '-settings.window_days') }}
    group by channel_months.channel, channel_months.month_start
),

sums as (
    select
        channel_months.channel,
        channel_months.month_start,
        coalesce(lead_months.leads, 0) as leads,
        coalesce(lead_months.valid_leads, 0) as valid_leads,
        coalesce(lead_months.dialled_leads, 0) as dialled_leads,
        coalesce(lead_months.connected_leads, 0) as connected_leads,
        coalesce(lead_months.intent_leads, 0) as intent_leads,
        coalesce(lead_months.cohort_deals, 0) as cohort_deals,
        coalesce(deal_months.deals, 0) as deals,
        coalesce(order_months.orders, 0) as orders,
        coalesce(order_months.customers_won, 0) as customers_won,
        coalesce(order_months.priced_orders, 0) as priced_orders,
        cast(case when order_months.orders > order_months.priced_orders then revenue_months.revenue_cny
            else coalesce(revenue_months.revenue_cny, 0) end as decimal(18, 2)) as revenue_cny,
        {% for name in ['media', 'lead_purchase', 'labour', 'telephony', 'system', 'operational', 'total', 'allocated'] -%}
        cast(coalesce(cost_months.{{ name }}_cents, 0) * cast(0.01 as decimal(3, 2)) as decimal(18, 2))
            as {{ name }}_cost_cny,
        {% endfor -%}
        coalesce(repurchases.repurchase_numerator, 0) as repurchase_numerator,
        coalesce(repurchases.repurchase_denominator, 0) as repurchase_denominator
    from channel_months
    left join lead_months using (channel, month_start)
    left join deal_months using (channel, month_start)
    left join order_months using (channel, month_start)
    left join revenue_months using (channel, month_start)
    left join cost_months using (channel, month_start)
    left join repurchases using (channel, month_start)
),

ratios as (
    select
        sums.*,
        settings.lifetime_years,
        settings.min_n,
        settings.healthy_ratio,
        {% set columns = {'monthly_leads': 'leads', 'monthly_intent_leads': 'intent_leads', 'monthly_revenue_cny': 'revenue_cny',
            'monthly_priced_orders': 'priced_orders', 'repurchasing_customers': 'repurchase_numerator',
            'repurchase_base': 'repurchase_denominator', 'lifetime_years': 'settings.lifetime_years'} -%}
        {% for metric in ['cac_operational_cny', 'cac_full_cny', 'cost_per_lead_cny', 'cost_per_intent_lead_cny', 'average_order_value_cny',
            'clv_simple_cny', 'roi', 'roas'] -%}
        {{ metric_rate(metric, 'sums', columns) }},
        {% endfor -%}
        {{ metric_rate('repurchase_rate', 'sums', columns, z='settings.z') }}
    from sums
    cross join settings
),

valued as (
    select
        ratios.*,
        {{ metric_rate('ltv_cac', 'ratios') }},
        customers_won >= min_n and repurchase_denominator >= min_n as n_ok
    from ratios
)

select
    channel,
    month_start,
    leads,
    valid_leads,
    dialled_leads,
    connected_leads,
    intent_leads,
    cohort_deals,
    deals,
    orders,
    priced_orders,
    customers_won,
    revenue_cny,
    media_cost_cny,
    lead_purchase_cost_cny,
    labour_cost_cny,
    telephony_cost_cny,
    system_cost_cny,
    operational_cost_cny,
    total_cost_cny,
    allocated_cost_cny,
    cac_operational_cny,
    cac_full_cny,
    cost_per_lead_cny,
    cost_per_intent_lead_cny,
    average_order_value_cny,
    repurchase_numerator,
    repurchase_denominator,
    repurchase_rate,
    repurchase_wilson_low,
    repurchase_wilson_high,
    lifetime_years,
    clv_simple_cny,
    ltv_cac,
    case when n_ok then ltv_cac > healthy_ratio end as is_ltv_cac_healthy,
    roi,
    roas,
    n_ok
from valued
