{# DuckDB's alone: what staging needs to read raw text. Parsing and typing end with staging, so nothing here has a
   Spark version, and a structure test keeps later layers from using it (docs/adr/0029). #}

{# Vendors' text to values: the macros of dial2deal/parsing/parse.sql, the loader's own. One definition. #}
{% macro parse_seconds(text) %}parse.seconds({{ text }}){% endmacro %}
{% macro parse_ts(text) %}parse.ts({{ text }}){% endmacro %}

{# The moment on a clock without changes: UTC, or local time itself where the policy's zone never changes its clocks. #}
{% macro parse_instant(text) %}parse.instant({{ text }}){% endmacro %}
{% macro parse_day(text) %}parse.day({{ text }}){% endmacro %}
{% macro parse_money(text) %}parse.money({{ text }}){% endmacro %}
{% macro parse_num(text) %}parse.num({{ text }}){% endmacro %}
{% macro parse_bool(text) %}parse.bool({{ text }}){% endmacro %}
{% macro parse_clean_number(text) %}parse.clean_number({{ text }}){% endmacro %}
{% macro parse_e164(text) %}parse.e164({{ text }}){% endmacro %}
{% macro parse_number_status(text) %}parse.number_status({{ text }}){% endmacro %}
{% macro parse_mask(text) %}parse.mask({{ text }}){% endmacro %}
{% macro parse_number_prefix(e164) %}parse.number_prefix({{ e164 }}){% endmacro %}

{# True when `pattern` is found anywhere in `text`; NULL for NULL. #}
{% macro regexp_test(text, pattern) %}regexp_matches({{ text }}, '{{ pattern }}'){% endmacro %}

{# Every match of `pattern` replaced; no back references, whose syntax differs. #}
{% macro regexp_replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{# A moment in UTC as wall time of the policy's zone. #}
{% macro local_time(moment) %}timezone({{ policy_text('time_zone') }}, timezone('UTC', {{ moment }})){% endmacro %}

{# SHA-256 as 64 hexadecimal characters. #}
{% macro sha256_hex(text) %}sha256({{ text }}){% endmacro %}

{# Distinct-safe, ordered list of `text` in one string. #}
{% macro string_agg(text, separator, order_by) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ order_by }} nulls last)
{%- endmacro %}

{# Multi-valued cells. `separators`: the characters between the values, as text (policy list.separators). #}

{# The values of a cell such as 价格敏感、决策人 or ["a","b"] as an array without blanks; NULL when there is none. Most
   cells hold one value: translating every one doubled the time of the whole model. #}
{% macro split_list(text, separators) -%}
    case
        when {{ text }} is null then null
        when not regexp_matches({{ text }}, '[{{ separators }}"]') then nullif([nullif(trim({{ text }}), '')], [null])
        else nullif(list_filter(list_transform(string_split({{ evenly_separated(text, separators) }}, '|'),
            lambda value: trim(value)), lambda value: value <> ''), [])
    end
{%- endmacro %}

{# The first value of such a cell; NULL when there is none. #}
{% macro first_of_list(text, separators) -%}
    nullif(trim(case when {{ regexp_test(text, '[' ~ separators ~ '"]') }}
        then split_part({{ evenly_separated(text, separators) }}, '|', 1) else {{ text }} end), '')
{%- endmacro %}

{# The cell with `|` between its values, whatever stood there, and without the brackets and quotes of JSON. #}
{% macro evenly_separated(text, separators) -%}
    translate(case when {{ text }} like '[%' then translate({{ text }}, '[]"', '') else {{ text }} end,
        '{{ separators }}', '{{ '|' * (separators | length) }}')
{%- endmacro %}

{# Canonical columns of raw.<feed> that no file has filled yet: the loader keeps them virtual. #}
{% macro unfilled_columns(feed) %}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {{ return(run_query("select column_name from duckdb_columns() where schema_name = 'raw' and table_name = '" ~ feed ~ "' "
        ~ "and database_name = current_database() and column_default is not null").columns[0].values() | list) }}
{% endmacro %}
