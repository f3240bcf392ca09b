-- What the marts add up to is what the facts say, to the cent; any row returned is a broken total.
{{ config(severity='error', tags=['marts']) }}
with totals as (
    select 'channel_roi.revenue_cny' as total,
        (select coalesce(sum(revenue_cny), 0) from {{ ref('channel_roi') }}) as in_mart,
        (select coalesce(sum(amount_cny), 0) from {{ ref('fct_revenue') }}) as in_facts
    union all
    select 'channel_roi.total_cost_cny',
        (select coalesce(sum(total_cost_cny), 0) from {{ ref('channel_roi') }}),
        (select coalesce(sum(amount_cny), 0) from {{ ref('fct_costs') }})
    union all
    select 'channel_roi.operational_cost_cny',
        (select coalesce(sum(operational_cost_cny), 0) from {{ ref('channel_roi') }}),
        (select coalesce(sum(amount_cny), 0) from {{ ref('fct_costs') }} where is_operational)
    union all
    select 'channel_roi.allocated_cost_cny',
        (select coalesce(sum(allocated_cost_cny), 0) from {{ ref('channel_roi') }}), 0
    union all
    select 'channel_roi.orders',
        (select coalesce(sum(orders), 0) from {{ ref('channel_roi') }}),
        (select count(*) from {{ ref('fct_orders') }} where is_won)
    union all
    select 'channel_roi.leads',
        (select coalesce(sum(leads), 0) from {{ ref('channel_roi') }}), (select count(*) from {{ ref('fct_leads') }})
    union all
    select 'channel_roi.deals',
        (select coalesce(sum(deals), 0) from {{ ref('channel_roi') }}),
        (select count(*) from {{ ref('fct_leads') }} where deal_at is not null)
    union all
    select 'lead_quality.leads',
        (select coalesce(sum(leads), 0) from {{ ref('lead_quality') }}), (select count(*) from {{ ref('fct_leads') }})
    {% for mart, column, date_column, condition in [
        ('call_efficiency', 'calls', 'call_date', 'is_customer_call'), ('intent_by_business_line', 'calls', 'call_date', 'is_customer_call'),
        ('agent_performance', 'calls', 'activity_date', 'is_customer_call'),
        ('duration_distribution', 'calls', 'call_date', 'is_customer_call and is_connected'),
        ('high_intent_slots', 'connected_calls', 'call_date', 'is_customer_call and is_connected')] -%}
    union all
    select '{{ mart }}.{{ column }}',
        (select coalesce(sum({{ column }}), 0) from {{ ref(mart) }} where {{ in_build_dates(date_column, ['fct_calls']) }}),
        (select count(*) from {{ ref('fct_calls') }} where {{ condition }} and {{ in_build_dates('call_date', ['fct_calls']) }})
    {% endfor %}
    union all
    -- Talk is each agent's own part.
    select 'agent_performance.talk_seconds',
        (select coalesce(sum(talk_seconds), 0) from {{ ref('agent_performance') }} where {{ in_build_dates('activity_date', ['fct_calls']) }}),
        (select coalesce(sum(talk_seconds), 0) from {{ ref('fct_call_agents') }}
            where has_talked and is_customer_call and {{ in_build_dates('call_date', ['fct_calls']) }})
)

select * from totals where in_mart <> in_facts
