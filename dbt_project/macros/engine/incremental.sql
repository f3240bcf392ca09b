{# Incremental building by touched dates or keys, on both engines.
   ops.build_dates: dates to rebuild, by feed (raw feeds for staging and quality, fct_* for facts and marts).
   ops.touched_keys: keys whose rows were replaced since the last complete build; written in the transaction
   that replaces them and emptied only after a complete build, so a killed build forgets nothing. #}

{# Model config of a table replaced by dates. `touched_keys`: {kind: column} remembered of rows that differ before and
   after, in whatever column: a list of those that matter would one day miss one. #}
{% macro by_date(date_column, feeds, touched_keys=none, feed_column=none) %}
    {{ return(adapter.dispatch('by_date', 'dial2deal')(date_column, feeds, touched_keys, feed_column)) }}
{% endmacro %}
{% macro duckdb__by_date(date_column, feeds, touched_keys, feed_column) %}
    {{ return({'materialized': 'incremental', 'incremental_strategy': 'touched_dates', 'meta': {
        'publish': {'date_column': date_column, 'feeds': feeds},
        'touched': {'date_column': date_column, 'feeds': feeds, 'feed_column': feed_column, 'keys': touched_keys or {}}}}) }}
{% endmacro %}
{# An emptied day writes no partition on Spark: its old one is dropped beforehand. #}
{% macro spark__by_date(date_column, feeds, touched_keys, feed_column) %}
    {{ return({'materialized': 'incremental', 'incremental_strategy': 'insert_overwrite',
        'partition_by': [date_column], 'file_format': 'parquet',
        'pre_hook': "{{ remember_and_drop_touched() }}", 'meta': {
        'publish': {'date_column': date_column, 'feeds': feeds},
        'touched': {'date_column': date_column, 'feeds': feeds, 'feed_column': feed_column, 'keys': touched_keys or {}}}}) }}
{% endmacro %}

{# Model config of a table replaced by key: the rows where {{ is_touched_key(keys) }} holds.
   `keys`: {column: kind in ops.touched_keys}; the dates of replaced rows are reported as `feed`. #}
{% macro by_key(keys, date_column=none, feed=none, touched_keys=none) %}
    {{ return(adapter.dispatch('by_key', 'dial2deal')(keys, date_column, feed, touched_keys)) }}
{% endmacro %}
{% macro duckdb__by_key(keys, date_column, feed, touched_keys) %}
    {{ return({'materialized': 'incremental', 'incremental_strategy': 'touched_keys', 'meta': {
        'publish': {'date_column': date_column, 'feeds': [feed] if feed else []},
        'touched': {'by_key': keys, 'date_column': date_column, 'feed': feed, 'keys': touched_keys or {}}}}) }}
{% endmacro %}
{# Spark's parquet tables know no delete by key: the table is written whole. #}
{% macro spark__by_key(keys, date_column, feed, touched_keys) %}
    {{ return({'materialized': 'table', 'meta': {'publish': {'date_column': none, 'feeds': []}}}) }}
{% endmacro %}

{# The rows of an incremental run: true for every row in a full build. #}
{% macro is_touched(date_column, feeds, feed_column=none) -%}
    {%- if is_incremental() -%}{{ in_build_dates(date_column, feeds, feed_column) }}{%- else -%}true{%- endif -%}
{%- endmacro %}

{% macro in_build_dates(date_column, feeds, feed_column=none) -%}
    {%- if feed_column -%}
    ({{ feed_column }}, {{ date_column }}) in (select feed, event_date from {{ source('ops', 'build_dates') }})
    {%- else -%}
    {{ date_column }} in (select event_date from {{ source('ops', 'build_dates') }} where feed in ('{{ feeds | join("', '") }}'))
    {%- endif -%}
{%- endmacro %}

{% macro is_touched_key(keys) -%}
    {%- if is_incremental() -%}{{ in_touched_keys(keys) }}{%- else -%}true{%- endif -%}
{%- endmacro %}

{% macro in_touched_keys(keys) -%}
    (
    {%- for column, kind in keys.items() -%}
    {{ ' or ' if not loop.first }}{{ column }} in (select key from {{ source('ops', 'touched_keys') }} where kind = '{{ kind }}')
    {%- endfor -%}
    )
{%- endmacro %}

{# dbt finds a strategy by this name. One statement batch in one transaction: remember, delete, insert. #}
{% macro get_incremental_touched_dates_sql(arg_dict) %}
    {%- set touched = config.get('meta').touched -%}
    {%- set condition = in_build_dates(touched.date_column, touched.feeds, touched.feed_column) -%}
    {{ remember_keys_sql(arg_dict, touched, condition) }}
    delete from {{ arg_dict['target_relation'] }} where {{ condition }};
    {{ insert_new_sql(arg_dict) }}
{% endmacro %}

{% macro get_incremental_touched_keys_sql(arg_dict) %}
    {%- set touched = config.get('meta').touched -%}
    {%- set condition = in_touched_keys(touched.by_key) -%}
    {{ remember_keys_sql(arg_dict, touched, condition) }}
    {%- if touched.feed %}
    insert into {{ source('ops', 'build_dates') }}
    select '{{ touched.feed }}', {{ touched.date_column }} from (
        select {{ touched.date_column }} from {{ arg_dict['target_relation'] }} where {{ condition }}
        union select {{ touched.date_column }} from {{ arg_dict['temp_relation'] }}) as changed
    except select feed, event_date from {{ source('ops', 'build_dates') }};
    {%- endif %}
    delete from {{ arg_dict['target_relation'] }} where {{ condition }};
    {{ insert_new_sql(arg_dict) }}
{% endmacro %}

{# Keys of rows that are not the same before and after. #}
{% macro remember_keys_sql(arg_dict, touched, condition) %}
    {%- if touched['keys'] %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}
    insert into {{ source('ops', 'touched_keys') }}
    with changed as (
        (select {{ columns }} from {{ arg_dict['target_relation'] }} where {{ condition }}
         except select {{ columns }} from {{ arg_dict['temp_relation'] }})
        union all
        (select {{ columns }} from {{ arg_dict['temp_relation'] }}
         except select {{ columns }} from {{ arg_dict['target_relation'] }} where {{ condition }})
    )
    {%- for kind, column in touched['keys'].items() %}
    select '{{ kind }}' as kind, {{ column }} as key from changed where {{ column }} is not null
    {{ 'union' if not loop.last }}
    {%- endfor %}
    except select kind, key from {{ source('ops', 'touched_keys') }};
    {%- endif %}
{% endmacro %}

{% macro insert_new_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
{% endmacro %}

{# Spark's pre-hook: old keys are remembered and the touched partitions dropped; new keys follow from the new rows. #}
{% macro remember_and_drop_touched() %}
    {%- if execute and load_relation(this) is not none and not should_full_refresh() -%}
    {%- set touched = config.get('meta').touched -%}
    {%- set condition = in_build_dates(touched.date_column, touched.feeds, touched.feed_column) -%}
    {%- for kind, column in touched['keys'].items() -%}
        {%- do run_query("insert into " ~ source('ops', 'touched_keys') ~ " select distinct '" ~ kind ~ "', " ~ column
            ~ " from " ~ this ~ " where " ~ condition ~ " and " ~ column ~ " is not null") -%}
    {%- endfor -%}
    {%- for row in run_query("select distinct " ~ touched.date_column ~ " from " ~ this ~ " where " ~ condition).rows -%}
        {%- do run_query("alter table " ~ this ~ " drop if exists partition (" ~ touched.date_column ~ " = date '" ~ row[0] ~ "')") -%}
    {%- endfor -%}
    {%- endif -%}
{% endmacro %}
