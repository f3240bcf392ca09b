{# Rules from the policy schema: current values as scalars, dated values as joins. #}

{# The rule in force now (without end of validity), as a scalar subquery. #}
{% macro policy_number(key) -%}
(select max(value_number) from {{ source('policy', 'settings') }} where key = '{{ key }}' and scope = '' and valid_to is null)
{%- endmacro %}

{% macro policy_text(key) -%}
(select max(value_text) from {{ source('policy', 'settings') }} where key = '{{ key }}' and scope = '' and valid_to is null)
{%- endmacro %}

{# True when the validity of the row `rule` covers `day`; open ends are NULL. #}
{% macro is_valid_on(rule, day) -%}
(({{ rule }}.valid_from is null or {{ rule }}.valid_from <= {{ day }}) and ({{ rule }}.valid_to is null or {{ rule }}.valid_to >= {{ day }}))
{%- endmacro %}

{# Joins the global value of a setting valid on `day` as `alias`.value_number / value_text. #}
{% macro join_setting(alias, key, day) -%}
left join {{ source('policy', 'settings') }} as {{ alias }}
    on {{ alias }}.key = '{{ key }}' and {{ alias }}.scope = '' and {{ is_valid_on(alias, day) }}
{%- endmacro %}
