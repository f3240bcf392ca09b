select
    product_row_key as product_key,
    source_system,
    product_id,
    coalesce(product_name, product_id) as product_name,
    series,
    category,
    business_line,
    case when currency = 'cny' then list_price end as list_price_cny,
    list_price as list_price_delivered,
    currency,
    status,
    valid_from,
    valid_to
from {{ ref('stg_products') }}
