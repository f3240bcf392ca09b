{# Wilson score interval of numerator / denominator (formulas.md D.8; Wilson 1927). NULL without trials.
   z is the standard normal quantile: a column or scalar subquery, policy wilson.z. #}
{% macro rate(numerator, denominator) -%}
cast({{ numerator }} as double) / nullif({{ denominator }}, 0)
{%- endmacro %}

{% macro wilson_centre(numerator, denominator, z) -%}
({{ rate(numerator, denominator) }} + {{ z }} * {{ z }} / (2 * nullif({{ denominator }}, 0)))
{%- endmacro %}

{% macro wilson_half(numerator, denominator, z) -%}
({{ z }} * sqrt({{ rate(numerator, denominator) }} * (1 - {{ rate(numerator, denominator) }}) / nullif({{ denominator }}, 0)
    + {{ z }} * {{ z }} / (4.0 * nullif({{ denominator }}, 0) * nullif({{ denominator }}, 0))))
{%- endmacro %}

{% macro wilson_scale(denominator, z) -%}
(1 + {{ z }} * {{ z }} / nullif({{ denominator }}, 0))
{%- endmacro %}

{% macro wilson_low(numerator, denominator, z) -%}
case
    when coalesce({{ denominator }}, 0) = 0 or {{ numerator }} is null then null
    when {{ numerator }} = 0 then cast(0 as double)
    else greatest(cast(0 as double), ({{ wilson_centre(numerator, denominator, z) }} - {{ wilson_half(numerator, denominator, z) }})
        / {{ wilson_scale(denominator, z) }})
end
{%- endmacro %}

{% macro wilson_high(numerator, denominator, z) -%}
case
    when coalesce({{ denominator }}, 0) = 0 or {{ numerator }} is null then null
    when {{ numerator }} = {{ denominator }} then cast(1 as double)
    else least(cast(1 as double), ({{ wilson_centre(numerator, denominator, z) }} + {{ wilson_half(numerator, denominator, z) }})
        / {{ wilson_scale(denominator, z) }})
end
{%- endmacro %}
