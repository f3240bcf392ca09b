{{ config(materialized='table') }}
with {{ latest_delivery('own_numbers') }}

select
    {{ native_key('own_numbers', 'r._source', 'r._row_key') }} as own_number_row_key,
    r._source as source_system,
    {{ parse_clean_number('r.own_number') }} as own_number,
    nullif(trim(r.business_line), '') as business_line,
    nullif(trim(r.number_type), '') as number_type,
    {{ place('r.area') }} as area,
    {{ parse_day('r.valid_from') }} as valid_from,
    {{ parse_day('r.valid_to') }} as valid_to,
    nullif(trim(r.line_id), '') as line_id,
    nullif(trim(r.carrier), '') as carrier,
    nullif(trim(r.mark_status), '') as mark_status,
    {{ parse_ts('r.marked_at') }} as marked_at,
    {{ provenance('r') }}
from latest as r
