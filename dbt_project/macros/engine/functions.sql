{# Functions whose name or meaning differs between the engines. Each macro takes SQL expressions as text. #}

{# True when `pattern` is found anywhere in `text`; NULL for NULL. #}
{% macro regexp_test(text, pattern) %}{{ return(adapter.dispatch('regexp_test', 'dial2deal')(text, pattern)) }}{% endmacro %}
{% macro duckdb__regexp_test(text, pattern) %}regexp_matches({{ text }}, '{{ pattern }}'){% endmacro %}
{% macro spark__regexp_test(text, pattern) %}regexp_like({{ text }}, '{{ pattern }}'){% endmacro %}

{# Every match of `pattern` replaced; no back references, whose syntax differs. #}
{% macro regexp_replace_all(text, pattern, replacement) %}
    {{- return(adapter.dispatch('regexp_replace_all', 'dial2deal')(text, pattern, replacement)) -}}
{% endmacro %}
{% macro duckdb__regexp_replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}
{% macro spark__regexp_replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

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

{# A moment in UTC as wall time of the policy's zone. #}
{% macro local_time(moment) %}{{ return(adapter.dispatch('local_time', 'dial2deal')(moment)) }}{% endmacro %}
{% macro duckdb__local_time(moment) %}timezone({{ policy_text('time_zone') }}, timezone('UTC', {{ moment }})){% endmacro %}
{% macro spark__local_time(moment) %}from_utc_timestamp({{ moment }}, {{ policy_text('time_zone') }}){% endmacro %}

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

{# Text at the top-level `key` of a JSON object. #}
{% macro json_text(json, key) %}{{ return(adapter.dispatch('json_text', 'dial2deal')(json, key)) }}{% endmacro %}
{% macro duckdb__json_text(json, key) %}json_extract_string({{ json }}, '$."{{ key }}"'){% endmacro %}
{% macro spark__json_text(json, key) %}get_json_object({{ json }}, '$["{{ key }}"]'){% endmacro %}

{# SHA-256 as 64 hexadecimal characters. #}
{% macro sha256_hex(text) %}{{ return(adapter.dispatch('sha256_hex', 'dial2deal')(text)) }}{% endmacro %}
{% macro duckdb__sha256_hex(text) %}sha256({{ text }}){% endmacro %}
{% macro spark__sha256_hex(text) %}sha2({{ text }}, 256){% endmacro %}

{# Distinct-safe, ordered list of `text` in one string. #}
{% macro string_agg(text, separator, order_by) %}
    {{- return(adapter.dispatch('string_agg', 'dial2deal')(text, separator, order_by)) -}}
{% endmacro %}
{% macro duckdb__string_agg(text, separator, order_by) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ order_by }} nulls last)
{%- endmacro %}
{% macro spark__string_agg(text, separator, order_by) -%}
    listagg({{ text }}, '{{ separator }}') within group (order by {{ order_by }} nulls last)
{%- endmacro %}
