{# First day of the weekend in ISO numbering; a fact of the calendar, not a rule. #}
{% macro saturday() %}6{% endmacro %}

{# Larger than any duration: stands for an open upper limit. #}
{% macro endless_seconds() %}2147483647{% endmacro %}

{# Years of which holidays are known, as a relation with the column year. #}
{% macro calendar_years() -%}
(select distinct extract(year from calendar_date) as year from {{ source('policy', 'holidays') }})
{%- endmacro %}

{# Working day, NULL in a year without calendar: whether a Monday is one there, nobody knows. Joins `holidays` by day and
   calendar_years() by year. #}
{% macro is_workday(day, holidays, years) -%}
case when {{ years }}.year is not null then coalesce({{ holidays }}.is_workday, {{ iso_weekday(day) }} < {{ saturday() }}) end
{%- endmacro %}
