select leads.lead_key, leads.created_date, merges.into_id
from {{ merges(ref('stg_leads'), 'source_lead_id') }} as merges
inner join {{ ref('stg_leads') }} as leads
    on merges.source_system = leads.source_system and merges.source_lead_id = leads.source_lead_id
