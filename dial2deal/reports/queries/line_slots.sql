-- Dials of the period by line, region and hour: where a line jams.
select
    line_id,
    region_province,
    call_hour as hour,
    count(*) as dials,
    count(*) filter (where is_connected) as connected_dials
from fct_calls
where call_date between $start and $end and direction = 'outbound' and is_dial
    and line_id is not null and region_province is not null
group by line_id, region_province, call_hour
order by line_id, region_province, call_hour
