{%- set checks = {
    'calls': {'model': ref('dq_calls'), 'date': 'call_date', 'flags': ['negative_talk', 'duration_mismatch', 'over_max_seconds',
        'midnight_crossing', 'unmapped_direction', 'unmapped_result', 'missing_agent', 'answered_before_start', 'ended_before_start',
        'talk_without_connect', 'connected_without_talk', 'short_answer', 'unusable_number']},
    'leads': {'model': ref('dq_leads'), 'date': 'created_date', 'flags': ['missing_channel', 'unmapped_channel', 'unmapped_status',
        'no_contact', 'unusable_number', 'followed_up_before_created']},
    'orders': {'model': ref('dq_orders'), 'date': 'order_date', 'flags': ['missing_amount', 'won_without_revenue', 'unmapped_status',
        'no_customer', 'paid_before_ordered']}} -%}
{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='event_date',
    meta={'follows': ['calls', 'leads', 'orders'], 'feed_column': 'feed'}) }}
{%- for feed, check in checks.items() %}
{%- set sums = 'sums_of_' ~ feed %}
{{ 'with' if loop.first }} {{ sums }} as (
    select
        source_system,
        {{ check.date }} as event_date,
        count(*) as rows_checked,
        {% for flag in check.flags -%}
        cast(sum({{ flag }}) as bigint) as {{ flag }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ check.model }}
    where {{ is_touched(check.date, [feed]) }}
    group by source_system, {{ check.date }}
){{ ',' if not loop.last }}
{%- endfor %}

{% for feed, check in checks.items() %}
{%- set outer_last = loop.last %}
{%- for flag in check.flags -%}
select '{{ feed }}' as feed, source_system, event_date, '{{ flag }}' as flag, rows_checked, {{ flag }} as rows_flagged
from sums_of_{{ feed }}
{{ 'union all' if not (loop.last and outer_last) }}
{% endfor %}
{%- endfor %}
