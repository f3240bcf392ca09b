{{ config(materialized='table') }}
select
    source as source_system,
    feed,
    column_name,
    lower(trim(raw_value)) as raw_value,
    max(canonical_value) as canonical_value
from {{ source('ops', 'value_maps') }}
group by source, feed, column_name, lower(trim(raw_value))
