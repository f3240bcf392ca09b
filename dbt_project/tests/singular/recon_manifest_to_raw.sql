-- What the manifest says was accepted from a file lies in raw: rows that repeat another file's are stored as well.
with stored as (
    select file_id, sum(rows_raw) as rows_raw
    from {{ ref('recon_file_dates') }}
    group by file_id
)

select files.path, files.rows_accepted, files.rows_duplicate, files.rows_superseded, coalesce(stored.rows_raw, 0) as rows_raw
from {{ ref('recon_files') }} as files
left join stored on files.file_id = stored.file_id
where files.status = 'accepted'
    and files.feed in ('{{ dated_feeds() | join("', '") }}')
    and not (coalesce(stored.rows_raw, 0) - files.rows_superseded
        between files.rows_accepted and files.rows_accepted + files.rows_duplicate)
