{%- set flags = ['missing_channel', 'unmapped_channel', 'unmapped_status', 'no_contact', 'unusable_number', 'followed_up_before_created'] -%}
{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='created_date',
    meta={'follows': ['leads']}) }}
with judged as (
    select
        lead_key,
        source_system,
        created_date,
        channel is null as missing_channel,
        is_channel_unmapped as unmapped_channel,
        is_status_unmapped as unmapped_status,
        phone_e164 is null and source_customer_id is null as no_contact,
        number_status in ('lossy', 'invalid') as unusable_number,
        last_followed_up_at < created_at as followed_up_before_created
    from {{ ref('stg_leads') }}
    where {{ is_touched('created_date') }}
),

flagged as (
    select
        lead_key,
        source_system,
        created_date,
        {% for flag in flags -%}
        cast(coalesce({{ flag }}, false) as integer) as {{ flag }}{{ ',' if not loop.last }}
        {% endfor %}
    from judged
)

select flagged.*, {{ flags | join(' + ') }} as flag_count
from flagged
