{# Multi-valued cells. `separators`: the characters between the values, as text (policy list.separators). #}

{# The values of a cell such as 价格敏感、决策人 or ["a","b"] as an array without blanks; NULL when there is none. Most
   cells hold one value: translating every one doubled the time of the whole model. #}
{% macro split_list(text, separators) %}{{ return(adapter.dispatch('split_list', 'dial2deal')(text, separators)) }}{% endmacro %}
{% macro duckdb__split_list(text, separators) -%}
    case
        when {{ text }} is null then null
        when not regexp_matches({{ text }}, '[{{ separators }}"]') then nullif([nullif(trim({{ text }}), '')], [null])
        else nullif(list_filter(list_transform(string_split({{ evenly_separated(text, separators) }}, '|'),
            lambda value: trim(value)), lambda value: value <> ''), [])
    end
{%- endmacro %}
{% macro spark__split_list(text, separators) -%}
    nullif(filter(transform(split({{ evenly_separated(text, separators) }}, '[|]'), value -> trim(value)),
        value -> value <> ''), array())
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

{# One row per value of an array; stands alone in the select list. #}
{% macro rows_of_list(values) %}{{ return(adapter.dispatch('rows_of_list', 'dial2deal')(values)) }}{% endmacro %}
{% macro duckdb__rows_of_list(values) %}unnest({{ values }}){% endmacro %}
{% macro spark__rows_of_list(values) %}explode({{ values }}){% endmacro %}

{# Canonical columns of raw.<feed> that no file has filled yet: the loader keeps them virtual. #}
{% macro unfilled_columns(feed) %}{{ return(adapter.dispatch('unfilled_columns', 'dial2deal')(feed)) }}{% endmacro %}
{% macro duckdb__unfilled_columns(feed) %}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {{ return(run_query("select column_name from duckdb_columns() where schema_name = 'raw' and table_name = '" ~ feed ~ "' "
        ~ "and database_name = current_database() and column_default is not null").columns[0].values() | list) }}
{% endmacro %}
{% macro spark__unfilled_columns(feed) %}{{ return([]) }}{% endmacro %}
