{# Functions whose name or meaning differs between the engines. Each macro takes SQL expressions as text. #}

{# dbt.safe_cast gives NULL instead of an error: found before the adapters' plain casts by the order in dbt_project.yml. #}
{% macro duckdb__safe_cast(field, type) %}try_cast({{ field }} as {{ type }}){% endmacro %}
{% macro spark__safe_cast(field, type) %}try_cast({{ field }} as {{ type }}){% endmacro %}

{# Whole seconds from `earlier` to `later` (timestamps). #}
{% macro seconds_between(earlier, later) %}{{ return(adapter.dispatch('seconds_between', 'dial2deal')(earlier, later)) }}{% endmacro %}
{% macro duckdb__seconds_between(earlier, later) %}cast(date_diff('second', {{ earlier }}, {{ later }}) as bigint){% endmacro %}
{% macro spark__seconds_between(earlier, later) -%}
    (unix_timestamp(cast({{ later }} as timestamp)) - unix_timestamp(cast({{ earlier }} as timestamp)))
{%- endmacro %}

{# Days as a fraction, for durations such as lead to deal. #}
{% macro days_between(earlier, later) %}({{ seconds_between(earlier, later) }} / cast(86400 as double)){% endmacro %}

{# The number that up to 15 hexadecimal digits write; NULL for NULL. #}
{% macro hex_number(digits) %}{{ return(adapter.dispatch('hex_number', 'dial2deal')(digits)) }}{% endmacro %}
{% macro duckdb__hex_number(digits) %}cast('0x' || {{ digits }} as bigint){% endmacro %}
{% macro spark__hex_number(digits) %}cast(conv({{ digits }}, 16, 10) as bigint){% endmacro %}

{# A date `days` later, or a timestamp `hours` later; the count is an expression and may be negative. #}
{% macro add_days(moment, days) %}{{ return(adapter.dispatch('add_days', 'dial2deal')(moment, days)) }}{% endmacro %}
{% macro duckdb__add_days(moment, days) %}({{ moment }} + cast({{ days }} as integer)){% endmacro %}
{% macro spark__add_days(moment, days) %}date_add({{ moment }}, cast({{ days }} as int)){% endmacro %}

{% macro add_days_to_time(moment, days) %}{{ return(add_hours(moment, '24 * (' ~ days ~ ')')) }}{% endmacro %}
{% macro add_hours(moment, hours) %}{{ return(adapter.dispatch('add_hours', 'dial2deal')(moment, hours)) }}{% endmacro %}
{% macro duckdb__add_hours(moment, hours) %}({{ moment }} + to_hours(cast({{ hours }} as bigint))){% endmacro %}
{% macro spark__add_hours(moment, hours) %}({{ moment }} + make_interval(0, 0, 0, 0, cast({{ hours }} as int))){% endmacro %}

{# 1 = Monday … 7 = Sunday. #}
{% macro iso_weekday(day) %}{{ return(adapter.dispatch('iso_weekday', 'dial2deal')(day)) }}{% endmacro %}
{% macro duckdb__iso_weekday(day) %}cast(isodow({{ day }}) as integer){% endmacro %}
{% macro spark__iso_weekday(day) %}(weekday({{ day }}) + 1){% endmacro %}

{# Text such as 2026-01 or 2026-01-05; `unit` is day or month. #}
{% macro date_text(day, unit='day') %}{{ return(adapter.dispatch('date_text', 'dial2deal')(day, unit)) }}{% endmacro %}
{% macro duckdb__date_text(day, unit) %}strftime({{ day }}, '{{ {"day": "%Y-%m-%d", "month": "%Y-%m"}[unit] }}'){% endmacro %}
{% macro spark__date_text(day, unit) %}date_format({{ day }}, '{{ {"day": "yyyy-MM-dd", "month": "yyyy-MM"}[unit] }}'){% endmacro %}

{# Date of ISO text such as 2026-01-05; NULL when it is none. #}
{% macro date_of_text(text) %}{{ return(adapter.dispatch('date_of_text', 'dial2deal')(text)) }}{% endmacro %}
{% macro duckdb__date_of_text(text) %}cast(try_strptime({{ text }}, '%Y-%m-%d') as date){% endmacro %}
{% macro spark__date_of_text(text) %}cast(try_to_timestamp({{ text }}, 'yyyy-MM-dd') as date){% endmacro %}

{# One row per value of an array; stands alone in the select list. #}
{% macro rows_of_list(values) %}{{ return(adapter.dispatch('rows_of_list', 'dial2deal')(values)) }}{% endmacro %}
{% macro duckdb__rows_of_list(values) %}unnest({{ values }}){% endmacro %}
{% macro spark__rows_of_list(values) %}explode({{ values }}){% endmacro %}
