{%- set texts = ['agent_name', 'team', 'department', 'skill_group'] -%}
{{ config(materialized='table') }}
-- Every delivery of the rosters, not only the latest: what a delivery changed was true from its day on (Q37).
with delivered as (
    select
        r._source as source_system,
        trim(r.agent_id) as agent_id,
        {% for column in texts -%}
        nullif(trim(r.{{ column }}), '') as {{ column }},
        {% endfor -%}
        {{ parse_day('r.hired_on') }} as hired_on,
        {{ parse_day('r.left_on') }} as left_on,
        cast({{ local_time('files.delivered_at') }} as date) as delivered_on,
        row_number() over (
            partition by r._source, trim(r.agent_id), cast({{ local_time('files.delivered_at') }} as date)
            order by files.delivered_at desc nulls last, files.modified_at desc nulls last, files.path desc nulls last,
                r._line desc nulls last
        ) as delivery_rank
    from {{ source('raw', 'agents') }} as r
    inner join {{ source('ops', 'export_files') }} as files on r._file_id = files.file_id and files.status = 'accepted'
)

select
    {{ native_key('agents', 'source_system', "agent_id || '|' || cast(delivered_on as string)") }} as agent_delivery_key,
    source_system,
    agent_id,
    {{ texts | join(', ') }},
    hired_on,
    left_on,
    delivered_on
from delivered
where delivery_rank = 1
