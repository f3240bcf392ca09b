{{ config(schema='core', materialized='incremental', incremental_strategy='touched_keys', meta={'by_key': {'customer_key': 'customer'}}) }}
-- The only place outside raw and staging that knows full numbers; never published. A key is made of its number, so a
-- number once seen stays right for as long as the customer exists.
with seen as (
    select customer_key, phone_e164 from {{ ref('stg_calls') }}
    where phone_e164 is not null and {{ is_touched('call_date', ['fct_calls']) }}
    union
    select phone_customer_key, phone_e164 from {{ ref('stg_leads') }} where phone_e164 is not null
    union
    select phone_customer_key, phone_e164 from {{ ref('stg_orders') }} where phone_e164 is not null
    union
    select customer_key, phone_e164 from {{ ref('stg_customers') }} where phone_e164 is not null
    {%- if is_incremental() %}
    union
    select customer_key, phone_e164 from {{ this }} where {{ is_touched_key() }}
    {%- endif %}
)

select seen.customer_key, seen.phone_e164
from seen
inner join {{ ref('dim_customers') }} as customers on seen.customer_key = customers.customer_key
where {{ is_touched_key(alias='seen') }}
