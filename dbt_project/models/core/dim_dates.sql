-- Whole years around the data, so that weeks, months and comparisons always find their days.
with bounds as (
    select min(day) as first_day, max(day) as last_day
    from (
        select call_date as day from {{ ref('call_day_members') }}
        union all
        select created_date from {{ ref('int_leads') }}
        union all
        select order_date from {{ ref('int_orders') }}
        union all
        select event_date from {{ ref('fct_lead_events') }}
        union all
        select cost_date from {{ ref('fct_costs') }}
    ) as days
),

digits as (
    {% for digit in range(10) %}select {{ digit }} as digit{{ ' union all ' if not loop.last }}{% endfor %}
),

numbers as (
    select a.digit + 10 * b.digit + 100 * c.digit + 1000 * d.digit + 10000 * e.digit as number
    from digits as a cross join digits as b cross join digits as c cross join digits as d cross join digits as e
),

days as (
    select {{ add_days('cast(date_trunc(\'year\', bounds.first_day) as date)', 'numbers.number') }} as date_day, bounds.last_day
    from bounds
    cross join numbers
)

select
    days.date_day,
    cast(date_trunc('week', days.date_day) as date) as week_start,
    cast(date_trunc('month', days.date_day) as date) as month_start,
    cast(date_trunc('year', days.date_day) as date) as year_start,
    {{ iso_weekday('days.date_day') }} as weekday,
    {{ iso_weekday('days.date_day') }} >= {{ saturday() }} as is_weekend,
    {{ is_workday('days.date_day', 'holidays', 'known_years') }} as is_workday,
    holidays.name_zh as holiday_name,
    known_years.year is not null as is_calendar_known
from days
left join {{ source('policy', 'holidays') }} as holidays on days.date_day = holidays.calendar_date
left join {{ calendar_years() }} as known_years on extract(year from days.date_day) = known_years.year
where extract(year from days.date_day) <= extract(year from days.last_day)
