{# How delivered statistics are read: what span a row covers, and totals where the export has parts or averages only. #}

{# Hour of the row's beginning, NULL for whole days and longer: a column of its own (9, 09:30, 9点-10点), else the time
   of the start where the file's other rows of the day have one too. #}
{% macro statistics_hour(row, day) -%}
    coalesce(
        cast(nullif(regexp_extract({{ row }}.period_time, '([0-9]{1,2})', 1), '') as integer),
        case when max(case when {{ row }}.period_start <> cast({{ day }} as timestamp) then 1 else 0 end)
                over (partition by {{ row }}.file_id, {{ day }}) = 1
            then cast(extract(hour from {{ row }}.period_start) as integer) end)
{%- endmacro %}

{# hour (any span shorter than a day), day or period (several days). An end at midnight of the next day is a day's end,
   a later date without time of day is the last day of the period. #}
{% macro statistics_span(hour, row, day) -%}
    case
        when {{ hour }} is not null then 'hour'
        when {{ row }}.period_end > {{ add_days_to_time('cast(' ~ day ~ ' as timestamp)', 1) }} then 'period'
        else 'day'
    end
{%- endmacro %}

{# Days that a row covers; NULL for spans shorter than a day. #}
{% macro statistics_days(span, row, day) -%}
    case {{ span }} when 'day' then 1
        when 'period' then cast({{ days_between(day, 'cast(' ~ row ~ '.period_end as date)') }} as integer) + 1 end
{%- endmacro %}

{# The sum of what is there; NULL when nothing is. #}
{% macro sum_of_parts(parts) -%}
    case when coalesce({{ parts | join(', ') }}) is not null
        then {% for part in parts %}coalesce({{ part }}, 0){{ ' + ' if not loop.last }}{% endfor %} end
{%- endmacro %}

{% macro whole(number) %}cast(round({{ number }}) as bigint){% endmacro %}

{# A row counts in its day unless a coarser row of the same subject states the day already; periods never do. #}
{% macro counts_in_day(span, keys) -%}
    ({{ span }} = 'day' or ({{ span }} = 'hour' and max(case when {{ span }} = 'day' then 1 else 0 end) over (partition by {{ keys }}) = 0))
{%- endmacro %}

{# The numerator of an interval when it is one: delivered counts may contradict each other, and then there is none. #}
{% macro part_of(part, whole) -%}
    case when {{ part }} >= 0 and {{ part }} <= {{ whole }} then {{ part }} end
{%- endmacro %}
