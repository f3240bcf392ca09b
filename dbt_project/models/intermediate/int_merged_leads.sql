with told as (
    select source_system, {{ rows_of_list('merged_ids') }} as source_lead_id, source_lead_id as into_id
    from {{ ref('stg_leads') }}
    where merged_ids is not null
    union all
    select source_system, source_lead_id, merged_into
    from {{ ref('stg_leads') }}
    where merged_into is not null
)

select leads.lead_key, max(leads.created_date) as created_date, max(told.into_id) as into_id
from told
inner join {{ ref('stg_leads') }} as leads
    on told.source_system = leads.source_system and told.source_lead_id = leads.source_lead_id
where told.source_lead_id <> told.into_id
group by leads.lead_key
