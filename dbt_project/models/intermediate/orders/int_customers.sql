-- Since when somebody is a customer: the first won order, or earlier by the customer list.
with listed as (
    select customer_key, min(customer_since_at) as listed_since_at
    from {{ ref('int_customer_ids') }}
    where customer_since_at is not null
    group by customer_key
),

ordered as (
    select customer_key, min(ordered_at) as first_order_at
    from {{ ref('int_orders') }}
    where is_won and customer_key is not null
    group by customer_key
)

select
    customer_key,
    ordered.first_order_at,
    listed.listed_since_at,
    least(ordered.first_order_at, listed.listed_since_at) as customer_since_at
from listed
full outer join ordered using (customer_key)
