-- Orders with customer, lead and channel: the lead the export names, else the customer's last lead before the
-- order, else the channel the export names.
with merged as (
    select source_system, {{ rows_of_list('merged_ids') }} as source_order_id, source_order_id as into_id
    from {{ ref('int_sales') }}
    where merged_ids is not null
),

-- A row of a negative amount gives money back. A sale that was taken back on a later day, by the CRM's status, was
-- one until then; taken back the same day, or never paid, it was none.
judged as (
    select
        orders.*,
        orders.merged_into is not null or exists (
            select 1 from merged
            where merged.source_system = orders.source_system and merged.source_order_id = orders.source_order_id
                and merged.into_id <> orders.source_order_id) as is_merged,
        coalesce(orders.amount_cny < 0, false) or coalesce(orders.order_kind = 'refund', false) as is_refund,
        case when orders.status = 'refunded' or (orders.status = 'cancelled' and orders.paid_at is not null)
            then cast(coalesce(orders.refunded_at, orders.source_updated_at) as date) end as taken_back_date
    from {{ ref('int_sales') }} as orders
),

sold as (
    select
        judged.*,
        not is_merged and not is_refund and (status = 'won' or coalesce(taken_back_date > order_date, false)) as is_won,
        case when is_merged then null when is_refund then order_date when taken_back_date > order_date then taken_back_date end
            as refund_date,
        case when is_merged then null when is_refund or taken_back_date > order_date then abs(amount_cny) end as refund_cny
    from judged
),

named as (
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
    from sold as orders
    left join {{ ref('int_customer_ids') }} as customers
        on orders.source_system = customers.source_system and orders.source_customer_id = customers.source_customer_id
    left join {{ ref('int_lead_ids') }} as same_source
        on orders.source_system = same_source.source_system and orders.source_lead_id = same_source.source_lead_id
    left join {{ ref('int_lead_ids') }} as any_source
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

-- Who was a customer by the CRM's list before the first order bought before: that order is not the first.
listed as (
    select customer_key, min(customer_since_at) as listed_since_at
    from {{ ref('int_customer_ids') }}
    where customer_since_at is not null
    group by customer_key
),

numbered as (
    select
        attributed.*,
        case when attributed.is_won then row_number() over (
            partition by coalesce(attributed.customer_key, attributed.order_key), attributed.is_won
            order by attributed.ordered_at nulls last, attributed.order_key nulls last)
            + case when cast(listed.listed_since_at as date) < min(case when attributed.is_won then attributed.order_date end) over (
                partition by coalesce(attributed.customer_key, attributed.order_key)) then 1 else 0 end
        end as order_number
    from attributed
    left join listed on attributed.customer_key = listed.customer_key
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
    o.is_won,
    o.is_refund,
    o.is_merged,
    o.refund_date,
    o.refund_cny,
    o.currency,
    o.is_won and o.amount_cny is null as is_unpriced,
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
