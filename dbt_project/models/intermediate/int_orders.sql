-- Orders with customer, lead and channel: the lead the export names, else the customer's last lead before the
-- order, else the channel the export names.
with named as (
    select
        orders.*,
        coalesce(same_source.lead_key, any_source.lead_key) as named_lead_key,
        coalesce(same_source.channel, any_source.channel) as named_lead_channel,
        coalesce(same_source.business_line, any_source.business_line) as named_lead_business_line,
        coalesce(
            orders.phone_customer_key, customers.customer_key, same_source.customer_key, any_source.customer_key,
            orders.crm_customer_key) as customer_key,
        case when same_source.lead_key is null and any_source.lead_key is null then
            coalesce(orders.phone_customer_key, customers.customer_key, orders.crm_customer_key) end as touching_customer
    from {{ ref('int_sales') }} as orders
    left join {{ ref('stg_customers') }} as customers
        on orders.source_system = customers.source_system and orders.source_customer_id = customers.source_customer_id
    left join {{ ref('int_leads') }} as same_source
        on orders.source_system = same_source.source_system and orders.source_lead_id = same_source.source_lead_id
    left join {{ ref('int_leads') }} as any_source
        on orders.source_lead_id = any_source.source_lead_id and any_source.is_first_with_id
),

attributed as (
    select
        named.*,
        coalesce(named.named_lead_key, last_lead.lead_key) as lead_key,
        last_lead.channel as last_lead_channel,
        coalesce(named.business_line, named.named_lead_business_line, last_lead.business_line, 'unknown') as sold_line
    from named
    left join {{ ref('int_leads') }} as last_lead
        on named.touching_customer = last_lead.customer_key
        and named.ordered_at >= last_lead.created_at
        and named.ordered_at < last_lead.attributed_until
),

numbered as (
    select
        attributed.*,
        case when status = 'won' then row_number() over (
            partition by coalesce(customer_key, order_key), status = 'won'
            order by ordered_at nulls last, order_key nulls last) end as order_number
    from attributed
)

select
    o.order_key,
    o.source_system,
    o.source_order_id,
    o.customer_key,
    o.lead_key,
    o.ordered_at,
    o.order_date,
    o.amount_cny,
    o.status,
    o.status = 'won' as is_won,
    o.product,
    o.sold_line as business_line,
    case
        when o.lead_key is not null then coalesce(nullif(coalesce(o.named_lead_channel, o.last_lead_channel), 'unattributed'), o.channel, 'unattributed')
        else coalesce(o.channel, 'unattributed')
    end as channel,
    case
        when o.named_lead_key is not null then 'lead_id'
        when o.lead_key is not null then 'last_touch'
        when o.channel is not null then 'export'
        else 'unattributed'
    end as attribution,
    o.campaign_id,
    o.agent_id,
    agents.team,
    cast(o.order_number as integer) as order_number,
    coalesce(o.order_number > 1, false) as is_repeat,
    o.paid_at,
    o.source_file,
    o.source_line
from numbered as o
left join {{ ref('int_agents') }} as agents on o.agent_id = agents.agent_id
