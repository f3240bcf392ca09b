{# A table as the last build left it, or none. Read by name: a ref would close a circle, because the table itself is
   rebuilt later in this run. None in a full build, where everything is rebuilt anyway. #}
{% macro earlier_build(schema, name) %}
    {%- if not execute or flags.FULL_REFRESH -%}{{ return(none) }}{%- endif -%}
    {{ return(adapter.get_relation(this.database, generate_schema_name(schema, none), name)) }}
{% endmacro %}

{# Names of the columns that a table built before in this run has in common with what was made of it. #}
{% macro shared_columns(fresh, old) %}
    {%- set kept = adapter.get_columns_in_relation(old) | map(attribute='name') | list -%}
    {{ return(adapter.get_columns_in_relation(fresh) | map(attribute='name') | select('in', kept) | list) }}
{% endmacro %}

{# Hand the result of int_propagation and int_cost_propagation to the tables that follow. #}
{% macro announce_dates() %}
    insert into {{ source('ops', 'build_dates') }}
    select distinct target, event_date from {{ this }} where event_date is not null
    except select feed, event_date from {{ source('ops', 'build_dates') }}
{% endmacro %}

{% macro announce_keys() %}
    insert into {{ source('ops', 'touched_keys') }}
    select distinct key_kind, key from {{ this }} where key_kind is not null
    except select kind, key from {{ source('ops', 'touched_keys') }}
{% endmacro %}

{# Whether a table built before in this run holds anything; true while the project is only parsed. #}
{% macro has_rows(relation) %}
    {%- if not execute -%}{{ return(true) }}{%- endif -%}
    {{ return(run_query('select 1 from ' ~ relation ~ ' limit 1').rows | length > 0) }}
{% endmacro %}
