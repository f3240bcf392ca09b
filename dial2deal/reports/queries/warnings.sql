-- Warnings that still stand: of the last audit of each accepted file that covers the period, and of each model.
with latest as (
    select *
    from ops.check_results
    where severity = 'warning' or outcome = 'not_evaluable'
    qualify row_number() over (
        partition by kind, feed_or_model, check_name, file_id
        order by checked_at desc nulls last, build_id desc nulls last) = 1
)

select
    latest.feed_or_model as subject,
    latest.check_name,
    latest.outcome,
    count(distinct latest.file_id) as files,
    cast(coalesce(sum(latest.rows_failed), 0) as bigint) as rows_failed,
    min(latest.message) as message
from latest
left join ops.export_files as files on latest.file_id = files.file_id
where latest.outcome <> 'passed'
    and (latest.file_id is null or (files.status = 'accepted' and (
        files.first_event_date is null or (files.first_event_date <= $end and files.last_event_date >= $start))))
group by latest.feed_or_model, latest.check_name, latest.outcome
order by rows_failed desc, subject, latest.check_name, latest.outcome
