{# First day of the weekend in ISO numbering; a fact of the calendar, not a rule. #}
{% macro saturday() %}6{% endmacro %}
