-- Contacts without any attempt are in the list but not in the rates; the flags that an export lacks are NULL, not 0.
with z as (select {{ policy_number('wilson.z') }} as z, {{ policy_number('min_n') }} as min_n),

groups as (
    select
        source_system,
        coalesce(campaign_id, campaign_name, 'unknown') as campaign_id,
        max(campaign_name) as campaign_name,
        attempts,
        count(*) as contacts,
        count(*) filter (where is_dialled) as dialled_contacts,
        count(*) filter (where is_dialled and is_reached is not null) as contacts_with_outcome,
        count(*) filter (where is_reached) as reached_contacts,
        count(*) filter (where is_dialled and is_won is not null) as contacts_with_sale_flag,
        count(*) filter (where is_won) as won_contacts,
        cast(sum(attempts) as bigint) as attempt_count,
        cast(sum(connected_attempts) as bigint) as connected_attempts,
        cast(sum(total_talk_seconds) as bigint) as total_talk_seconds
    from {{ ref('fct_contact_results') }}
    group by source_system, coalesce(campaign_id, campaign_name, 'unknown'), attempts
)

select
    g.*,
    {{ metric_rate('contact_reach_rate', 'g', {'contacts_reached': 'reached_contacts'}) }},
    {{ metric_rate('contact_conversion_rate', 'g', {'contacts_won': 'won_contacts'}, 'conversion_rate') }},
    g.contacts >= z.min_n as n_ok
from groups as g
cross join z
