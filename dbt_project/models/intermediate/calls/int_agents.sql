-- An agent id that several sources list is the same person; the first source by name that lists the id wins.
select agent_id, source_system, agent_name, team, department, skill_group, hired_on, left_on, region_city, mentor_agent_id
from {{ ref('stg_agents') }}
qualify row_number() over (partition by agent_id order by source_system nulls last, agent_row_key nulls last) = 1
