{{ config(materialized='view') }}
select
    file_id,
    source as source_system,
    feed,
    path,
    status,
    rows_read,
    rows_accepted,
    rows_quarantined,
    rows_duplicate,
    rows_superseded,
    rows_read - rows_accepted - rows_quarantined - rows_duplicate - rows_superseded as rows_unexplained
from {{ source('ops', 'export_files') }}
where status in ('loaded', 'accepted', 'held')
