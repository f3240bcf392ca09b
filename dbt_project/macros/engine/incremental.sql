{# Incremental building by touched dates or keys, on both engines. What a model says in its config:
   incremental_strategy='touched_dates'  event_time: its date column; meta.follows: feeds or facts whose dates it replaces;
       meta.feed_column: the column with the feed, where each feed has rows of its own.
   incremental_strategy='touched_keys'   meta.by_key: {column: kind}, whose rows are replaced; event_time and
       meta.announces: the fact as whose dates those of the replaced rows are reported.
   both                                  meta.remembers: {kind: column}, keys kept of rows that differ before and after, in
       whatever column: a list of those that matter would one day miss one.
   ops.build_dates: dates to rebuild, by feed (raw feeds for staging and quality, fct_* for facts and marts).
   ops.touched_keys: keys whose rows were replaced since the last complete build; written in the transaction
   that replaces them and emptied only after a complete build, so a killed build forgets nothing. #}

{# The rows of an incremental run: true for every row in a full build. Without `feeds` those that the model follows. #}
{% macro is_touched(date_column, feeds=none) -%}
    {%- if is_incremental() -%}{{ in_build_dates(date_column, feeds or config.get('meta').follows) }}{%- else -%}true{%- endif -%}
{%- endmacro %}

{% macro in_build_dates(date_column, feeds, feed_column=none) -%}
    {%- if feed_column -%}
    ({{ feed_column }}, {{ date_column }}) in (select feed, event_date from {{ source('ops', 'build_dates') }})
    {%- else -%}
    {{ date_column }} in (select event_date from {{ source('ops', 'build_dates') }} where feed in ('{{ feeds | join("', '") }}'))
    {%- endif -%}
{%- endmacro %}

{# The same for a table replaced by key; `alias`: the name under which the statement reads the keys. #}
{% macro is_touched_key(alias=none) -%}
    {%- if is_incremental() -%}{{ in_touched_keys(config.get('meta').by_key, alias) }}{%- else -%}true{%- endif -%}
{%- endmacro %}

{% macro in_touched_keys(keys, alias=none) -%}
    (
    {%- for column, kind in keys.items() -%}
    {{ ' or ' if not loop.first }}{{ alias ~ '.' if alias }}{{ column }} in (select key from {{ source('ops', 'touched_keys') }} where kind = '{{ kind }}')
    {%- endfor -%}
    )
{%- endmacro %}

{# The rows of a model that a build replaces, by the model's config; none of a model that is computed whole. #}
{% macro replaced_rows(config) %}
    {%- set meta = config.meta or {} -%}
    {%- if config.incremental_strategy == 'touched_dates' -%}
    {{ return(in_build_dates(config.event_time, meta.follows, meta.feed_column)) }}
    {%- elif config.incremental_strategy == 'touched_keys' and meta.announces -%}
    {{ return(in_build_dates(config.event_time, [meta.announces])) }}
    {%- elif config.incremental_strategy == 'touched_keys' -%}
    {{ return(in_touched_keys(meta.by_key)) }}
    {%- endif -%}
{% endmacro %}

{# What a test of a model reads, by dbt's own hook: the rows that the build replaced, all of them in a full build or
   with meta.whole_table in the test's config; `where` comes on top. #}
{% macro get_where_subquery(relation) -%}
    {%- set conditions = [] -%}
    {%- set tested = graph.nodes[model.attached_node].config if execute and model.attached_node in graph.nodes else none -%}
    {%- if tested and not flags.FULL_REFRESH and not (config.get('meta') or {}).whole_table -%}
    {%- do conditions.append(replaced_rows(tested)) -%}
    {%- endif -%}
    {%- do conditions.append(config.get('where')) -%}
    {%- set conditions = conditions | select | list -%}
    {%- if conditions -%}
    {% do return('(select * from ' ~ relation ~ ' where (' ~ conditions | join(') and (') ~ ')) as tested_rows') %}
    {%- endif -%}
    {% do return(relation) %}
{%- endmacro %}

{# dbt finds a strategy by this name. One statement batch in one transaction: remember, delete, insert. #}
{% macro get_incremental_touched_dates_sql(arg_dict) %}
    {%- set condition = replaced_rows(model.config) -%}
    {{ remember_keys_sql(arg_dict, model.config.meta.remembers, condition) }}
    delete from {{ arg_dict['target_relation'] }} where {{ condition }};
    {{ insert_new_sql(arg_dict) }}
{% endmacro %}

{% macro get_incremental_touched_keys_sql(arg_dict) %}
    {%- set meta, date_column = config.get('meta'), config.get('event_time') -%}
    {%- set condition = in_touched_keys(meta.by_key) -%}
    {{ remember_keys_sql(arg_dict, meta.remembers, condition) }}
    {%- if meta.announces %}
    insert into {{ source('ops', 'build_dates') }}
    select '{{ meta.announces }}', {{ date_column }} from (
        select {{ date_column }} from {{ arg_dict['target_relation'] }} where {{ condition }}
        union select {{ date_column }} from {{ arg_dict['temp_relation'] }}) as changed
    except select feed, event_date from {{ source('ops', 'build_dates') }};
    {%- endif %}
    delete from {{ arg_dict['target_relation'] }} where {{ condition }};
    {{ insert_new_sql(arg_dict) }}
{% endmacro %}

{# Keys of rows that are not the same before and after. #}
{% macro remember_keys_sql(arg_dict, remembers, condition) %}
    {%- if remembers %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}
    insert into {{ source('ops', 'touched_keys') }}
    with changed as (
        (select {{ columns }} from {{ arg_dict['target_relation'] }} where {{ condition }}
         except select {{ columns }} from {{ arg_dict['temp_relation'] }})
        union all
        (select {{ columns }} from {{ arg_dict['temp_relation'] }}
         except select {{ columns }} from {{ arg_dict['target_relation'] }} where {{ condition }})
    )
    {%- for kind, column in remembers.items() %}
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

{# Spark: the same model, without changes. Partitions are exactly what is replaced; parquet tables know no delete by key,
   so that those are written whole. dbt looks for these names before the adapter's. #}
{% macro spark__file_format_clause() %}using parquet{% endmacro %}
{% macro spark__partition_cols(label, required=false) %}
    {%- set columns = touched_partitions() -%}
    {{ label ~ ' (' ~ columns | join(', ') ~ ')' if columns }}
{% endmacro %}

{# Columns that split a table replaced by date into what is replaced at once. #}
{% macro touched_partitions() %}
    {%- if config.get('incremental_strategy') != 'touched_dates' -%}{{ return([]) }}{%- endif -%}
    {{ return([config.get('meta').feed_column, config.get('event_time')] | select | list) }}
{% endmacro %}

{% materialization incremental, adapter='spark' %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set is_whole = load_relation(this) is none or should_full_refresh() or not touched_partitions() -%}
    {{ run_hooks(pre_hooks) }}
    {%- if not is_whole %}{% do remember_and_drop_touched() %}{% endif %}
    {% call statement('main') %}
        {%- if is_whole -%}
        create or replace table {{ target }} using parquet {{ spark__partition_cols('partitioned by') }} as {{ compiled_code }}
        {%- else -%}
        insert into {{ target }} by name {{ compiled_code }}
        {%- endif -%}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# Old keys are remembered and the touched partitions dropped, since an emptied day writes none; new keys follow from the
   new rows. #}
{% macro remember_and_drop_touched() %}
    {%- set meta, columns = config.get('meta'), touched_partitions() -%}
    {%- set condition = replaced_rows(model.config) -%}
    {%- for kind, column in (meta.remembers or {}).items() -%}
        {%- do run_query("insert into " ~ source('ops', 'touched_keys') ~ " select distinct '" ~ kind ~ "', " ~ column
            ~ " from " ~ this ~ " where " ~ condition ~ " and " ~ column ~ " is not null") -%}
    {%- endfor -%}
    {%- for row in run_query("select distinct " ~ columns | join(', ') ~ " from " ~ this ~ " where " ~ condition).rows -%}
        {%- set values = [] -%}
        {%- for column in columns -%}{%- do values.append(column ~ " = '" ~ row[loop.index0] ~ "'") -%}{%- endfor -%}
        {%- do run_query("alter table " ~ this ~ " drop if exists partition (" ~ values | join(', ') ~ ")") -%}
    {%- endfor -%}
{% endmacro %}
