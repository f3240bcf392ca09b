{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='leg_date',
    meta={'follows': ['call_legs']}) }}
{%- set typed = typed_call('r', 'call_legs') -%}
with {{ latest_delivery('call_legs', unit='call_id') }},

{{ directed_legs() }},

read as (
    select
        r._source as source_system,
        r.call_id as source_call_id,
        r.leg_id,
        r._event_date as leg_date,
        {{ mapped('r', 'leg_role') }} as leg_role,
        {{ is_unmapped('r', 'leg_role') }} as is_leg_role_unmapped,
        coalesce({{ parse_bool('r.is_callback') }}, false) as is_callback,
        r.caller,
        r.called,
        r.direction_basis,
        {{ parse_clean_number('r.joins_number') }} as joins_number,
        {{ parse_clean_number('r.customer_number') }} as customer_number_clean,
        {% for column, sql in typed.items() -%}
        {{ sql }} as {{ column }},
        {% endfor -%}
        {{ provenance('r') }}
    from directed as r
    {{ join_value_map('r', 'call_legs', 'leg_role') }}
    {{ join_call_maps('r', 'call_legs') }}
),

decided as (
    select read.*, {{ is_connected_call('read') }} as is_connected_leg
    from read
    left join {{ source('policy', 'tech_results') }} as results on read.tech_result = results.tech_result
),

{{ leg_spans() }},

{{ joined_legs() }}

select
    {{ native_key('call_legs', 'd.source_system', 'd.row_key') }} as call_leg_key,
    {{ native_key('calls', 'd.source_system', 'd.joined_call_id') }} as call_key,
    d.source_system,
    d.joined_call_id as source_call_id,
    d.source_call_id as delivered_call_id,
    d.leg_id,
    d.leg_date,
    d.leg_role,
    d.role,
    d.is_leg_role_unmapped,
    d.direction_basis,
    d.caller,
    d.called,
    cast(d.is_callback as integer) as is_callback,
    cast(d.is_answered as integer) as is_answered,
    {% for column in typed if column not in ['is_connected', 'talk_seconds', 'leg_count', 'transfer_count'] -%}
    d.{{ column }},
    {% endfor -%}
    d.is_connected_leg as is_connected,
    {{ talk_of_call('d', 'd.is_connected_leg') }} as talk_seconds,
    d.hold_s as hold,
    d.starts,
    d.ends,
    {% for kind in ['talk', 'ring', 'queue', 'menu'] -%}
    d.{{ kind }}_from,
    case when d.{{ kind }}_from is not null then d.{{ kind }}_to end as {{ kind }}_to,
    {% endfor -%}
    d.row_key,
    d.row_hash,
    d.file_id,
    d.source_file,
    d.source_line,
    d.loaded_at
from joined as d
