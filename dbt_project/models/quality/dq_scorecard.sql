{{ config(materialized='table') }}
select
    feed,
    source_system,
    cast(date_trunc('month', event_date) as date) as month_start,
    flag,
    cast(sum(rows_checked) as bigint) as rows_checked,
    cast(sum(rows_flagged) as bigint) as rows_flagged,
    cast(sum(rows_flagged) as double) / nullif(sum(rows_checked), 0) as flagged_share
from {{ ref('dq_daily') }}
group by feed, source_system, cast(date_trunc('month', event_date) as date), flag
