{# Staging models of the feeds that need nothing but typing: a list of columns with their kinds, generated from
   feeds/<feed>.yml. #}

{# A whole model: the latest delivery of each row under `key`, dated by `dated` where the feed has an event column. #}
{% macro staged(feed, key, columns, dated=none) %}
{%- set undelivered = execute and not has_rows(source('raw', feed)) %}
with {{ latest_delivery(feed) }}

select
    {{ native_key(feed, 'r._source', 'r._row_key') }} as {{ key }},
    r._source as source_system,
    {% if dated %}r._event_date as {{ dated }},
    {% endif %}
    {%- for column, kind in columns.items() -%}
    {{ staged_column('r', feed, column, kind, undelivered) }},
    {% endfor %}
    {{- provenance('r') }}
from latest as r
{%- if 'customer_number' in columns %}
cross join {{ source('ops', 'secrets') }} as secrets
{%- endif %}
{%- for column, kind in columns.items() if kind == 'map' %}
{{ join_value_map('r', feed, column) }}
{%- endfor %}
{%- if 'channel' in columns %}
{{ join_channel('r') }}
{%- endif %}
{% endmacro %}

{# One canonical column as typed columns: a map also says whether the vendor's value was unknown, a
   currency keeps its code, the customer's number becomes a mask, a status and a key. #}
{% macro staged_column(row, feed, column, kind, undelivered=false) -%}
    {%- set text = row ~ '.' ~ column -%}
    {%- if undelivered and column == 'customer_number' -%}
    cast(null as string) as number_status, cast(null as string) as customer_phone_masked, cast(null as string) as customer_key
    {%- elif undelivered and kind in parsed_types() -%}
    cast(null as {{ parsed_types()[kind] }}) as {{ column }}
    {%- elif column == 'customer_number' -%}
    {{ staged_customer(row) }}
    {%- elif column == 'channel' -%}
    {{ channel_of(row) }} as channel
    {%- elif kind == 'phone' -%}
    {{ parse_clean_number(text) }} as {{ column }}
    {%- elif column == 'currency' -%}
    coalesce(m_currency.canonical_value, lower(nullif(trim({{ text }}), '')), 'cny') as currency,
    {{ is_unmapped(row, column) }} as is_currency_unmapped
    {%- elif kind == 'map' -%}
    {{ mapped(row, column) }} as {{ column }},
    {{ is_unmapped(row, column) }} as is_{{ column }}_unmapped
    {%- elif kind == 'timestamp' -%}
    {{ parse_ts(text) }} as {{ column }}
    {%- elif kind == 'date' -%}
    {{ parse_day(text) }} as {{ column }}
    {%- elif kind == 'seconds' -%}
    {{ parse_seconds(text) }} as {{ column }}
    {%- elif kind == 'money' -%}
    {{ parse_money(text) }} as {{ column }}
    {%- elif kind == 'number' -%}
    {{ parse_num(text) }} as {{ column }}
    {%- elif kind == 'boolean' -%}
    {{ parse_bool(text) }} as {{ column }}
    {%- elif kind == 'list' -%}
    {{ split_list(text, policy_constant('list.separators')) }} as {{ column }}
    {%- elif kind in ('text', 'id') -%}
    nullif(trim({{ text }}), '') as {{ column }}
    {%- else -%}
    {{ exceptions.raise_compiler_error('unknown kind ' ~ kind ~ ' of column ' ~ column) }}
    {%- endif -%}
{%- endmacro %}

{# What reading a kind gives. Of a feed that was never delivered only the types are told: DuckDB needs 0.1 CPU s to
   understand the SQL that reads one feed, and a first build has thirty of them. #}
{% macro parsed_types() -%}
    {{ return({'timestamp': 'timestamp', 'date': 'date', 'seconds': 'int', 'money': 'decimal(18, 2)', 'number': 'double',
               'boolean': 'boolean', 'phone': 'string'}) }}
{%- endmacro %}

{# The customer a row is about: the number masked, and the key by number, else by the CRM's id. Needs `secrets`. #}
{% macro staged_customer(row) -%}
    {%- set number = row ~ '.customer_number' -%}
    {{ parse_number_status(number) }} as number_status,
    {{ parse_mask(number) }} as customer_phone_masked,
    case when coalesce({{ parse_e164(number) }}, nullif(trim({{ row }}.customer_id), '')) is not null
        then {{ customer_key(parse_e164(number), row ~ '._source', 'trim(' ~ row ~ '.customer_id)') }} end as customer_key
{%- endmacro %}
