{# Fails with every row for which `expression` is not true. #}
{% test expression_is_true(model, expression) %}
select *
from {{ model }}
where ({{ expression }}) is distinct from true
{% endtest %}
