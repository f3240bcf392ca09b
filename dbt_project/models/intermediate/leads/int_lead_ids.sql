-- Other records name leads by their ids. The id of a merged lead leads to the one that is left, through up to three
-- merges one after the other, whether or not the merged lead itself was ever delivered.
with merges as (
    select * from {{ merges(ref('stg_leads'), 'source_lead_id') }}
),

ids as (
    select source_system, source_lead_id, cast(null as string) as into_id, source_lead_id as survivor_id
    from {{ ref('int_leads') }}
    union all
    select source_system, source_lead_id, into_id, survivor_id
    from {{ merge_survivors('merges', 'source_lead_id') }}
)

select
    ids.source_system,
    ids.source_lead_id,
    ids.into_id,
    leads.lead_key,
    leads.customer_key,
    leads.channel,
    leads.business_line,
    -- Another source names a lead by its id alone: the first source by name that has the id is meant.
    row_number() over (
        partition by ids.source_lead_id order by ids.source_system nulls last, leads.lead_key nulls last) = 1
        as is_first_with_id
from ids
inner join {{ ref('int_leads') }} as leads
    on ids.source_system = leads.source_system and ids.survivor_id = leads.source_lead_id
