{# Amounts of other currencies in yuan, by the rate of policy exchange_rates that was valid on the row's day; NULL
   without one. `join_rates` gives `in_yuan` its rates. #}

{% macro in_yuan(amount, currency) -%}
case when {{ currency }} = 'cny' then {{ amount }}
        else cast(round({{ amount }} * rates.cny_per_unit, 2) as decimal(18, 2)) end
{%- endmacro %}

{% macro join_rates(currency, day) -%}
left join {{ source('policy', 'exchange_rates') }} as rates
    on lower(rates.currency) = {{ currency }} and {{ is_valid_on('rates', day) }}
{%- endmacro %}
