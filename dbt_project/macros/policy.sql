{# Rules from the policy schema: current values as scalars, dated values as joins. #}

{# The rule in force now (without end of validity), as a scalar subquery. #}
{% macro policy_number(key) -%}
(select max(value_number) from {{ source('policy', 'settings') }} where key = '{{ key }}' and scope = '' and valid_to is null)
{%- endmacro %}

{% macro policy_text(key) -%}
(select max(value_text) from {{ source('policy', 'settings') }} where key = '{{ key }}' and scope = '' and valid_to is null)
{%- endmacro %}

{# The rule in force now as text of the statement itself: where an engine is fast only with a constant. A changed
   policy rebuilds every model. #}
{% macro policy_constant(key) -%}
    {%- if not execute -%}{{ return('') }}{%- endif -%}
    {{ return(run_query('select ' ~ policy_text(key)).columns[0].values()[0]) }}
{%- endmacro %}

{# True when the validity of the row `rule` covers `day`; open ends are NULL. Comparisons only: with OR, DuckDB joins
   row by row instead of by hash. #}
{% macro is_valid_on(rule, day) -%}
(coalesce({{ rule }}.valid_from, date '0001-01-01') <= {{ day }} and coalesce({{ rule }}.valid_to, date '9999-12-31') >= {{ day }})
{%- endmacro %}

{# Relation of the distinct days of `relation` (those where `condition` holds) with the settings valid on each:
   {column: setting key}. Joined by day. #}
{% macro settings_by_day(relation, date_column, settings, condition='true') -%}
(
    select
        days.day{% for column, key in settings.items() %},
        {{ column }}.value_number as {{ column }}{% endfor %}
    from (select distinct {{ date_column }} as day from {{ relation }} where {{ condition }}) as days
    {%- for column, key in settings.items() %}
    left join {{ source('policy', 'settings') }} as {{ column }}
        on {{ column }}.key = '{{ key }}' and {{ column }}.scope = '' and {{ is_valid_on(column, 'days.day') }}
    {%- endfor %}
)
{%- endmacro %}
