{# A rate that the semantic layer defines, as columns of a mart: what is divided stands in the metric's entry alone, and
   a share gets its Wilson interval. Metrics are looked up when the model is compiled: parsing knows no other entries.
   columns: metric -> the mart's column (or any qualified one) where it has another name than the metric.
   name: the column's name; interval: begin of the names of the interval's columns, false for none.
   z: the standard normal quantile, policy wilson.z. #}
{% macro metric_rate(metric, relation, columns={}, name=none, interval=none, z='z.z') -%}
{%- if execute -%}
    {%- set entry = semantic_entry(metric) -%}
    {%- set name = name or metric -%}
    {%- if entry.type != 'ratio' -%}
{{ metric_expression(entry, relation, columns) }} as {{ name }}
    {%- else -%}
        {%- set numerator = metric_column(entry.type_params.numerator.name, relation, columns) -%}
        {%- set denominator = metric_column(entry.type_params.denominator.name, relation, columns) -%}
{{ rate(numerator, denominator) }} as {{ name }}
        {%- if entry.config.meta.kind == 'share' and interval is not sameas false -%}
            {%- set begin = interval or name | replace('_rate', '') ~ '_wilson' %},
    {{ wilson_low(part_of(numerator, denominator), denominator, z) }} as {{ begin }}_low,
    {{ wilson_high(part_of(numerator, denominator), denominator, z) }} as {{ begin }}_high
        {%- endif -%}
    {%- endif -%}
{%- else -%}
null as {{ name or metric }}
{%- endif -%}
{%- endmacro %}

{% macro semantic_entry(metric) -%}
    {%- set entry = graph.metrics.get('metric.' ~ project_name ~ '.' ~ metric) -%}
    {%- if not entry -%}{{ exceptions.raise_compiler_error('The semantic layer has no metric ' ~ metric) }}{%- endif -%}
    {{ return(entry) }}
{%- endmacro %}

{% macro metric_column(metric, relation, columns) -%}
    {%- set column = columns.get(metric, metric) -%}
    {{ return(column if '.' in column else relation ~ '.' ~ column) }}
{%- endmacro %}

{# A derived metric's expression over the mart's columns. #}
{% macro metric_expression(entry, relation, columns) -%}
    {%- set found = namespace(expression=entry.type_params.expr) -%}
    {%- for part in entry.type_params.metrics -%}
        {%- set pattern = '(?<![\\w.])' ~ part.name ~ '(?!\\w)' -%}
        {%- set found.expression = modules.re.sub(pattern, metric_column(part.name, relation, columns), found.expression) -%}
    {%- endfor -%}
    {{ return(found.expression) }}
{%- endmacro %}
