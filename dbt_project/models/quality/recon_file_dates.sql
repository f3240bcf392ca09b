{%- set feeds = dated_feeds() -%}
{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='event_date',
    meta={'follows': feeds | list, 'feed_column': 'feed'}) }}
{#- Only what the build touches is looked at: with every feed in it, the statement took longer to plan than to run. -#}
{%- set work = feeds_to_build(feeds) -%}
-- Every row of an accepted file is current, or a newer delivery of its id is: same content (duplicate) or other (superseded).
{% for feed, (model, date_column, unit) in work.items() %}
{{ 'with' if loop.first }}
current_{{ feed }} as (
    select source_system, row_key, row_hash, file_id, source_line
    from {{ ref(model) }} as rows
    where {{ is_touched('rows.' ~ date_column, [feed]) }}
    {%- if is_incremental() %}
    union
    -- An id that moved to another date is current there.
    select rows.source_system, rows.row_key, rows.row_hash, rows.file_id, rows.source_line
    from {{ ref(model) }} as rows
    inner join {{ source('ops', 'moved_ids') }} as moved
        on moved.feed = '{{ feed }}' and rows.{{ date_column }} = moved.event_date
        and rows.source_system = moved.source and rows.{{ unit }} = moved.row_key
    {%- endif %}
),

-- Restricted before the join, or the join may be planned with the whole history as its hash table.
delivered_{{ feed }} as (
    select _source, _row_key, _row_hash, _event_date, _file_id, _line
    from {{ source('raw', feed) }}
    where {{ is_touched('_event_date', [feed]) }}
),

counted_{{ feed }} as (
    select
        '{{ feed }}' as feed,
        delivered._event_date as event_date,
        delivered._file_id as file_id,
        count(*) as rows_raw,
        {%- set is_current = 'held.file_id = delivered._file_id' if feed in feeds_that_add_up()
            else 'held.file_id = delivered._file_id and held.source_line = delivered._line' %}
        count(*) filter (where {{ is_current }}) as rows_current,
        count(*) filter (where not ({{ is_current }}) and held.row_hash = delivered._row_hash) as rows_duplicate,
        count(*) filter (where not ({{ is_current }}) and held.row_hash <> delivered._row_hash) as rows_superseded
    from delivered_{{ feed }} as delivered
    inner join {{ source('ops', 'export_files') }} as files
        on delivered._file_id = files.file_id and files.status = 'accepted'
    left join current_{{ feed }} as held
        on delivered._source = held.source_system and delivered._row_key = held.row_key
    group by delivered._event_date, delivered._file_id
){{ ',' if not loop.last }}
{% endfor %}

{% for feed in work -%}
select
    feed,
    event_date,
    file_id,
    cast(rows_raw as bigint) as rows_raw,
    cast(rows_current as bigint) as rows_current,
    cast(rows_duplicate as bigint) as rows_duplicate,
    cast(rows_superseded as bigint) as rows_superseded,
    cast(rows_raw - rows_current - rows_duplicate - rows_superseded as bigint) as rows_lost
from counted_{{ feed }}
{{ 'union all' if not loop.last }}
{% endfor %}
{%- if not work %}
select '' as feed, cast(null as date) as event_date, '' as file_id, cast(0 as bigint) as rows_raw, cast(0 as bigint) as rows_current,
    cast(0 as bigint) as rows_duplicate, cast(0 as bigint) as rows_superseded, cast(0 as bigint) as rows_lost
where false
{%- endif %}
