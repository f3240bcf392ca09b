-- Other records name leads by their ids. The id of a merged lead leads to the one that is left, through up to three
-- merges one after the other, whether or not the merged lead itself was ever delivered.
with told as (
    select source_system, {{ rows_of_list('merged_ids') }} as source_lead_id, source_lead_id as into_id
    from {{ ref('stg_leads') }}
    where merged_ids is not null
    union all
    select source_system, source_lead_id, merged_into
    from {{ ref('stg_leads') }}
    where merged_into is not null
),

merges as (
    select source_system, source_lead_id, max(into_id) as into_id
    from told
    where source_lead_id <> into_id
    group by source_system, source_lead_id
),

ids as (
    select source_system, source_lead_id, cast(null as string) as into_id, source_lead_id as survivor_id
    from {{ ref('int_leads') }}
    union all
    select
        first_merge.source_system,
        first_merge.source_lead_id,
        first_merge.into_id,
        coalesce(third_merge.into_id, second_merge.into_id, first_merge.into_id) as survivor_id
    from merges as first_merge
    left join merges as second_merge
        on first_merge.source_system = second_merge.source_system and first_merge.into_id = second_merge.source_lead_id
    left join merges as third_merge
        on second_merge.source_system = third_merge.source_system and second_merge.into_id = third_merge.source_lead_id
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
