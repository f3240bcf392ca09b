{{ config(materialized='table') }}
with {{ latest_delivery('agents') }}

select
    {{ native_key('agents', 'r._source', 'trim(r.agent_id)') }} as agent_row_key,
    r._source as source_system,
    trim(r.agent_id) as agent_id,
    nullif(trim(r.agent_name), '') as agent_name,
    nullif(trim(r.team), '') as team,
    nullif(trim(r.department), '') as department,
    nullif(trim(r.skill_group), '') as skill_group,
    {{ parse_day('r.hired_on') }} as hired_on,
    {{ parse_day('r.left_on') }} as left_on,
    {{ place('r.region_city') }} as region_city,
    nullif(trim(r.mentor_agent_id), '') as mentor_agent_id,
    {{ split_list('r.skills', policy_constant('list.separators')) }} as skills,
    {{ split_list('r.industry_skills', policy_constant('list.separators')) }} as industry_skills,
    nullif(trim(r.style), '') as style,
    {{ parse_num('r.service_years') }} as service_years,
    {{ provenance('r') }}
from latest as r
