{# First day of the weekend in ISO numbering; a fact of the calendar, not a rule. #}
{% macro saturday() %}6{% endmacro %}

{# Larger than any duration: stands for an open upper limit. #}
{% macro endless_seconds() %}2147483647{% endmacro %}
