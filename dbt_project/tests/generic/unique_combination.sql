{# Fails with every combination of `columns` that occurs more than once. With `date_column` and `feeds` only the dates
   that the build replaces are read: over a long history the whole table would cost more than the build. #}
{% test unique_combination(model, columns, date_column=none, feeds=none) %}
select {{ columns | join(', ') }}, count(*) as occurrences
from {{ model }}
{% if date_column %}where {{ in_build_dates(date_column, feeds) }}{% endif %}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
