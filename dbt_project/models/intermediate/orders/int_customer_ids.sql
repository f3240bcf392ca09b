-- Ids of merged customers lead to the one they were merged into, through up to three merges one after the other.
with merges as (
    select * from {{ merges(ref('stg_customers'), 'source_customer_id') }}
),

survivors as (
    select * from {{ merge_survivors('merges', 'source_customer_id') }}
),

ids as (
    select source_system, source_customer_id from {{ ref('stg_customers') }}
    union
    select source_system, source_customer_id from survivors
)

select
    ids.source_system,
    ids.source_customer_id,
    coalesce(kept.source_customer_id, own.source_customer_id) as survivor_id,
    coalesce(kept.customer_key, own.customer_key) as customer_key,
    coalesce(kept.customer_phone_masked, own.customer_phone_masked) as customer_phone_masked,
    coalesce(kept.region_province, own.region_province) as region_province,
    case when kept.region_province is not null then kept.region_city else own.region_city end as region_city,
    own.customer_since_at
from ids
left join survivors on ids.source_system = survivors.source_system and ids.source_customer_id = survivors.source_customer_id
left join {{ ref('stg_customers') }} as kept
    on ids.source_system = kept.source_system and survivors.survivor_id = kept.source_customer_id
left join {{ ref('stg_customers') }} as own
    on ids.source_system = own.source_system and ids.source_customer_id = own.source_customer_id
where coalesce(kept.customer_key, own.customer_key) is not null
