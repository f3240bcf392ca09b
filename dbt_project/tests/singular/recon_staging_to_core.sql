-- Between staging and the facts no row is lost or doubled and no yuan appears: per fact and touched date. Of leads
-- merged in the CRM one is left.
with counts as (
    {%- for feed, fact, date_column, model in [('fct_calls', 'fct_calls', 'call_date', 'stg_calls'),
        ('fct_orders', 'fct_orders', 'order_date', 'int_sales'), ('fct_lead_events', 'fct_lead_events', 'event_date', 'stg_lead_events'),
        ('fct_costs', 'fct_costs', 'cost_date', 'stg_channel_costs'), ('fct_leads', 'fct_leads', 'created_date', 'stg_leads')] %}
    {%- set amount = 'amount_cny' if fact in ('fct_orders', 'fct_costs') else '0' %}
    select '{{ fact }}' as fact, {{ date_column }} as event_date, 1 as staged_rows, 0 as fact_rows,
        coalesce({{ amount }}, 0) as staged_amount, 0 as fact_amount
    from {{ ref(model) }}
    where {{ in_build_dates(date_column, [feed]) }}
    union all
    select '{{ fact }}', {{ date_column }}, 0, 1, 0, coalesce({{ amount }}, 0)
    from {{ ref(fact) }}
    where {{ in_build_dates(date_column, [feed]) }}{{ " and cost_source = 'channel_costs'" if fact == 'fct_costs' }}
    union all
    {%- endfor %}
    select 'fct_leads', created_date, -1, 0, 0, 0
    from {{ ref('int_merged_leads') }}
    where {{ in_build_dates('created_date', ['fct_leads']) }}
)

select fact, event_date, sum(staged_rows) as staged_rows, sum(fact_rows) as fact_rows,
    sum(staged_amount) as staged_amount, sum(fact_amount) as fact_amount
from counts
group by fact, event_date
having sum(staged_rows) <> sum(fact_rows) or sum(staged_amount) <> sum(fact_amount)
