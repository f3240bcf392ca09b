{# What every staging model does with raw rows. #}

{# CTEs `files` and `latest`: rows of accepted files on the touched dates, of each native id only the latest
   delivery. Ids delivered with several dates (ops.moved_ids) compete across these dates. `unit`: the raw column that
   ops.moved_ids names for this feed (united_by). Of feeds that add up, every row of an id's latest file. #}
{% macro latest_delivery(feed, unit='_row_key') -%}
{%- set whole_files = feed in feeds_that_add_up() -%}
{%- set raw = source('raw', feed) -%}
{%- set touched = is_touched('r._event_date') -%}
files as (
    select file_id, path, delivered_at, modified_at
    from {{ source('ops', 'export_files') }}
    where feed = '{{ feed }}' and status = 'accepted'
),

candidates as (
    select r._source, r._row_key, r._file_id, r._line, r.source_updated_at
    from {{ raw }} as r
    where {{ touched }} and r._file_id in (select file_id from files)
    {%- if is_incremental() %}
    union all
    select r._source, r._row_key, r._file_id, r._line, r.source_updated_at
    from {{ raw }} as r
    inner join (
        select distinct m.source, m.row_key, m.event_date
        from {{ source('ops', 'moved_ids') }} as m
        where m.feed = '{{ feed }}'
            and not ({{ in_build_dates('m.event_date', [feed]) }})
            and (m.source, m.row_key) in (
                select here.source, here.row_key from {{ source('ops', 'moved_ids') }} as here
                where here.feed = '{{ feed }}' and {{ in_build_dates('here.event_date', [feed]) }})
    ) as elsewhere
        on r._event_date = elsewhere.event_date and r._source = elsewhere.source and r.{{ unit }} = elsewhere.row_key
    where r._file_id in (select file_id from files)
    {%- endif %}
),

-- Only ids delivered more than once are ranked: ranking every row cost most of a full build.
repeated as (
    select _source, _row_key from candidates group by _source, _row_key having count(*) > 1
),

superseded as (
    select ranked._file_id, ranked._line
    from (
        select
            c._file_id,
            c._line,
            {{ 'dense_rank' if whole_files else 'row_number' }}() over (
                partition by c._source, c._row_key
                order by {{ '' if whole_files else parse_ts('c.source_updated_at') ~ ' desc nulls last,' }}
                    f.delivered_at desc nulls last, f.modified_at desc nulls last, f.path desc nulls last
                    {{- '' if whole_files else ', c._line desc nulls last' }}
            ) as delivery_rank
        from candidates as c
        inner join repeated on c._source = repeated._source and c._row_key = repeated._row_key
        inner join files as f on c._file_id = f.file_id
    ) as ranked
    where ranked.delivery_rank > 1
),

latest as (
    select r.*, files.path as source_file
    from {{ raw }} as r
    inner join files on r._file_id = files.file_id
    left join superseded on r._file_id = superseded._file_id and r._line = superseded._line
    where {{ touched }} and superseded._line is null
)
{%- endmacro %}

{# Provenance columns of a staging row. #}
{% macro provenance(row) -%}
    {{ row }}._row_key as row_key,
    {{ row }}._row_hash as row_hash,
    {{ row }}._file_id as file_id,
    {{ row }}.source_file,
    {{ row }}._line as source_line,
    {{ row }}._loaded_at as loaded_at
{%- endmacro %}

{# Joins the canonical value of a vendor's text as m_<column>.canonical_value. #}
{% macro join_value_map(row, feed, column) -%}
left join {{ ref('stg_value_maps') }} as m_{{ column }}
    on m_{{ column }}.source_system = {{ row }}._source and m_{{ column }}.feed = '{{ feed }}'
    and m_{{ column }}.column_name = '{{ column }}' and m_{{ column }}.raw_value = lower(trim({{ row }}.{{ column }}))
{%- endmacro %}

{# Canonical value, 'unknown' when the vendor's text is not mapped, NULL when there is none. #}
{% macro mapped(row, column) -%}
    case when nullif(trim({{ row }}.{{ column }}), '') is null then null
         else coalesce(m_{{ column }}.canonical_value, 'unknown') end
{%- endmacro %}

{% macro is_unmapped(row, column) -%}
    (nullif(trim({{ row }}.{{ column }}), '') is not null and m_{{ column }}.canonical_value is null)
{%- endmacro %}

{# Key of a native row: stable across deliveries, different between feeds and sources. #}
{% macro native_key(feed, source, row_key) -%}
    md5('{{ feed }}|' || {{ source }} || '|' || {{ row_key }})
{%- endmacro %}

{# Keyed hash that identifies a customer without showing the number: first half of SHA-256. `secrets` is joined. #}
{% macro customer_key(e164, source, customer_id) -%}
    left({{ sha256_hex("secrets.customer_hash_key || '|' || coalesce(" ~ e164 ~ ", 'crm:' || " ~ source ~ " || ':' || " ~ customer_id ~ ")") }}, 32)
{%- endmacro %}

{# The customer as a number, for counting different ones: 60 bits of the key, so the same in every build. Two of ten
   million customers share one with a probability of 0.00004. Counting numbers takes a third less CPU than texts. #}
{% macro customer_no(customer_key) -%}
    {{ hex_number('substring(' ~ customer_key ~ ', 1, 15)') }}
{%- endmacro %}

{# Channel spelling to channel: alias, else the text itself; NULL when empty. Needs join_channel. #}
{% macro join_channel(row) -%}
left join {{ source('policy', 'channel_aliases') }} as alias
    on lower(trim(alias.alias)) = lower(trim({{ row }}.channel))
left join {{ source('policy', 'channels') }} as known_channel
    on lower(trim(known_channel.channel)) = lower(trim({{ row }}.channel))
{%- endmacro %}

{% macro channel_of(row) -%}
    coalesce(alias.channel, known_channel.channel, nullif(trim({{ row }}.channel), ''))
{%- endmacro %}

{# 天津市 and 天津, 内蒙古自治区 and 内蒙古 are one place. #}
{% macro place(text) -%}
    nullif({{ regexp_replace_all('trim(' ~ text ~ ')', '(省|市|特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区)$', '') }}, '')
{%- endmacro %}

{# Twelve letters that stand for a customer on a call list: short, and no digits that look like a telephone number. #}
{% macro list_code(customer_key) -%}
    translate(substring({{ customer_key }}, 1, 12), '0123456789abcdef', 'ABCDEFGHIJKLMNOP')
{%- endmacro %}

{# Those of `feeds` with dates in this build; all while the project is only parsed. #}
{% macro feeds_to_build(feeds) %}
    {%- if not execute -%}{{ return(feeds) }}{%- endif -%}
    {%- set found = run_query('select distinct feed from ' ~ source('ops', 'build_dates')).columns[0].values() -%}
    {%- set chosen = {} -%}
    {%- for feed, names in feeds.items() if feed in found -%}{%- do chosen.update({feed: names}) -%}{%- endfor -%}
    {{ return(chosen) }}
{% endmacro %}
