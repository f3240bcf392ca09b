{%- set columns = ['agent_name', 'team', 'department', 'skill_group', 'hired_on', 'left_on'] -%}
-- Consecutive deliveries that say the same of an agent are one version.
with ranked as (
    select
        deliveries.*,
        dense_rank() over (partition by agent_id order by source_system nulls last) as source_rank
    from {{ ref('stg_agent_versions') }} as deliveries
),

numbered as (
    select
        ranked.*,
        row_number() over (partition by agent_id order by delivered_on nulls first) as delivery_number
    from ranked
    where source_rank = 1
),

changes as (
    select now.*
    from numbered as now
    left join numbered as before on now.agent_id = before.agent_id and now.delivery_number = before.delivery_number + 1
    where before.agent_id is null
        {% for column in columns %}or now.{{ column }} is distinct from before.{{ column }} {% endfor %}
),

versions as (
    select
        changes.*,
        row_number() over (partition by agent_id order by delivery_number nulls last) as version_number,
        lead(delivered_on) over (partition by agent_id order by delivery_number nulls last) as next_from
    from changes
)

select
    agent_id || '|' || cast(version_number as string) as agent_version_key,
    agent_id,
    cast(version_number as integer) as version_number,
    {{ columns | join(', ') }},
    case when version_number > 1 then delivered_on end as valid_from,
    {{ add_days('next_from', '-1') }} as valid_to,
    next_from is null as is_current
from versions
