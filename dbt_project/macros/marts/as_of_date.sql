{# The data's own today: date of the latest call, else of the latest lead or order. Never the clock. #}
{% macro as_of_date() -%}
(select coalesce(
    (select max(call_date) from {{ ref('fct_calls') }}),
    greatest(
        (select max(created_date) from {{ ref('fct_leads') }}),
        (select max(order_date) from {{ ref('fct_orders') }}))))
{%- endmacro %}
