{# Multi-valued cells. `separators` is SQL for the characters that separate the values (policy list.separators). #}

{# The values of a cell such as 价格敏感、决策人 or ["a","b"] as an array without blanks; NULL when there is none. #}
{% macro split_list(text, separators) %}{{ return(adapter.dispatch('split_list', 'dial2deal')(text, separators)) }}{% endmacro %}
{% macro duckdb__split_list(text, separators) -%}
    case when {{ text }} is not null then nullif(list_filter(list_transform(
        string_split(translate({{ bare_list(text) }}, {{ separators }}, repeat('|', length({{ separators }}))), '|'),
        lambda value: trim(value)), lambda value: value <> ''), []) end
{%- endmacro %}
{% macro spark__split_list(text, separators) -%}
    nullif(filter(transform(
        split(translate({{ bare_list(text) }}, {{ separators }}, repeat('|', length({{ separators }}))), '[|]'),
        value -> trim(value)), value -> value <> ''), array())
{%- endmacro %}

{% macro bare_list(text) %}case when {{ text }} like '[%' then translate({{ text }}, '[]"', '') else {{ text }} end{% endmacro %}

{# The first value of such a cell; NULL when there is none. #}
{% macro first_of_list(text, separators) -%}
    nullif(trim(split_part(translate({{ bare_list(text) }}, {{ separators }}, repeat('|', length({{ separators }}))), '|', 1)), '')
{%- endmacro %}
