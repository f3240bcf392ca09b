{{ config(materialized='incremental', incremental_strategy='touched_keys', event_time='created_date', meta={'announces': 'fct_leads',
    'by_key': {'lead_key': 'lead', 'customer_key': 'order_customer'}, 'remembers': {'customer': 'customer_key'}}) }}
-- Only leads whose own data, calls, events or orders changed are computed; the others stay as they are.
with leads as (
    select * from {{ ref('int_leads') }} where {{ is_touched_key() }}
),

-- Calls before the lead existed are not its doing. The date bound keeps old calls unread.
own_calls as (
    select
        calls.lead_key,
        calls.started_at,
        calls.is_connected,
        calls.is_high_intent,
        calls.is_dial,
        calls.talk_seconds,
        lead(calls.started_at) over (
            partition by calls.lead_key, calls.is_connected
            order by calls.started_at nulls last, calls.call_key nulls last) as next_at
    from {{ ref('fct_calls') }} as calls
    inner join leads on calls.lead_key = leads.lead_key
    where calls.call_date >= (select min(created_date) from leads)
        and calls.call_date >= leads.created_date
        and (calls.is_dial or calls.direction = 'inbound')
),

call_evidence as (
    select
        lead_key,
        min(started_at) as first_dial_at,
        min(started_at) filter (where is_connected) as first_connect_at,
        min(next_at) filter (where is_connected) as second_connect_at,
        min(started_at) filter (where is_high_intent) as first_high_intent_at,
        max(started_at) as last_call_at,
        count(*) filter (where is_dial) as dial_count,
        count(*) filter (where is_connected) as connect_count,
        sum(case when is_connected then talk_seconds end) as talk_seconds
    from own_calls
    group by lead_key
),

closing_events as (
    select
        events.lead_key,
        min(events.occurred_at) filter (where events.stage = 'lost') as lost_at,
        min(events.occurred_at) filter (where events.stage = 'invalid') as invalid_at
    from {{ ref('fct_lead_events') }} as events
    inner join leads on events.lead_key = leads.lead_key
    group by events.lead_key
),

own_orders as (
    select
        orders.lead_key,
        min(orders.ordered_at) as first_order_at,
        count(*) as order_count
    from {{ ref('fct_orders') }} as orders
    inner join leads on orders.lead_key = leads.lead_key
    where orders.is_won
    group by orders.lead_key
),

own_revenue as (
    select revenue.lead_key, sum(revenue.amount_cny) as revenue_cny
    from {{ ref('fct_revenue') }} as revenue
    inner join leads on revenue.lead_key = leads.lead_key
    group by revenue.lead_key
),

first_orders as (
    select orders.lead_key, orders.order_key as first_order_key
    from {{ ref('fct_orders') }} as orders
    inner join leads on orders.lead_key = leads.lead_key
    where orders.is_won
    qualify row_number() over (
        partition by orders.lead_key order by orders.ordered_at nulls last, orders.order_key nulls last) = 1
),

-- A later order of the customer is a repurchase, whatever it is attributed to.
repurchases as (
    select leads.lead_key, min(orders.ordered_at) as repurchase_at
    from leads
    inner join own_orders on leads.lead_key = own_orders.lead_key
    inner join first_orders on leads.lead_key = first_orders.lead_key
    inner join {{ ref('fct_orders') }} as orders
        on orders.is_won
        and orders.ordered_at >= own_orders.first_order_at
        and orders.order_key <> first_orders.first_order_key
        and leads.customer_key = orders.customer_key
    group by leads.lead_key
),

own_repurchases as (
    select orders.lead_key, min(orders.ordered_at) as repurchase_at
    from {{ ref('fct_orders') }} as orders
    inner join first_orders on orders.lead_key = first_orders.lead_key and orders.order_key <> first_orders.first_order_key
    where orders.is_won
    group by orders.lead_key
),

gathered as (
    select
        leads.*,
        call_evidence.first_dial_at,
        call_evidence.first_connect_at,
        call_evidence.second_connect_at,
        call_evidence.first_high_intent_at,
        call_evidence.last_call_at,
        coalesce(closing_events.lost_at, case when leads.status = 'lost' then leads.last_followed_up_at end) as lost_at,
        closing_events.invalid_at,
        own_orders.first_order_at,
        coalesce(own_orders.first_order_at, leads.converted_at) as deal_at,
        first_orders.first_order_key,
        least(repurchases.repurchase_at, own_repurchases.repurchase_at) as repurchase_at,
        coalesce(call_evidence.dial_count, 0) as dial_count,
        coalesce(call_evidence.connect_count, 0) as connect_count,
        coalesce(call_evidence.talk_seconds, 0) as talk_seconds,
        coalesce(own_orders.order_count, 0) as order_count,
        case when own_orders.lead_key is null then 0 else own_revenue.revenue_cny end as revenue_cny
    from leads
    left join call_evidence on leads.lead_key = call_evidence.lead_key
    left join closing_events on leads.lead_key = closing_events.lead_key
    left join own_orders on leads.lead_key = own_orders.lead_key
    left join own_revenue on leads.lead_key = own_revenue.lead_key
    left join first_orders on leads.lead_key = first_orders.lead_key
    left join repurchases on leads.lead_key = repurchases.lead_key
    left join own_repurchases on leads.lead_key = own_repurchases.lead_key
),

-- What proves a stage is policy. A stage of the same code in two presets is one moment here.
evidence as (
    {% for kind, column in [('call', 'first_dial_at'), ('connected_call', 'first_connect_at'),
        ('high_intent_call', 'first_high_intent_at'), ('order', 'deal_at'), ('repeat_order', 'repurchase_at'),
        ('referral', 'referral_at')] -%}
    select lead_key, '{{ kind }}' as evidence_kind, cast(null as string) as evidence_value, {{ column }} as occurred_at
    from gathered where {{ column }} is not null
    union all
    {% endfor -%}
    select events.lead_key, 'stage_event', events.stage, events.occurred_at
    from {{ ref('fct_lead_events') }} as events
    inner join leads on events.lead_key = leads.lead_key
),

proved as (
    select evidence.lead_key, evidence.occurred_at, rules.preset, rules.stage, stages.ordinal
    from evidence
    inner join {{ source('policy', 'funnel_evidence') }} as rules
        on evidence.evidence_kind = rules.evidence_kind
        and (rules.evidence_value is null or rules.evidence_value = evidence.evidence_value)
        and {{ is_valid_on('rules', 'cast(evidence.occurred_at as date)') }}
    inner join {{ source('policy', 'funnel_stages') }} as stages
        on rules.preset = stages.preset and rules.stage = stages.stage
),

stages_reached as (
    select
        lead_key,
        {% for stage in ['intent', 'need_confirmed', 'need_discovery', 'proposal'] -%}
        min(occurred_at) filter (where stage = '{{ stage }}') as {{ stage }}_at,
        {% endfor -%}
        max_by(stage, ordinal) filter (where preset = 'six_stage') as furthest_stage
    from proved
    group by lead_key
)

select
    g.lead_key,
    g.source_system,
    g.source_lead_id,
    g.source_customer_id,
    g.customer_key,
    g.customer_phone_masked,
    g.number_status,
    g.created_at,
    g.created_date,
    g.cohort_week,
    g.channel,
    g.channel_group,
    g.campaign_id,
    g.business_line,
    g.status,
    g.crm_intent,
    g.owner_agent_id,
    g.team,
    g.region_province,
    g.region_city,
    g.interested_product,
    g.occupation,
    g.lost_reason,
    g.need_confirmed,
    g.last_followed_up_at,
    g.converted_at,
    {% set is_refused = "(g.status = 'invalid' or g.invalid_at is not null)" -%}
    {% set has_need = "(coalesce(g.need_confirmed, false) or g.status in ('intent', 'converted')
            or coalesce(reached.intent_at, reached.need_discovery_at, reached.need_confirmed_at, reached.proposal_at) is not null)" -%}
    {% set is_well_formed = "coalesce(g.number_status = 'ok', false)" -%}
    not {{ is_refused }} and {{ has_need }}
        and (g.first_connect_at is not null or ({{ policy_text('lead.valid_contact') }} = 'well_formed' and {{ is_well_formed }}))
        as is_valid,
    not {{ is_refused }} and ({{ has_need }} or g.interested_product is not null)
        and (g.first_connect_at is not null or {{ is_well_formed }}) as is_plausible,
    g.first_dial_at,
    g.first_connect_at,
    g.second_connect_at,
    g.first_high_intent_at,
    g.last_call_at,
    reached.intent_at,
    coalesce(reached.need_confirmed_at, case when g.need_confirmed then g.last_followed_up_at end) as need_confirmed_at,
    reached.need_discovery_at,
    reached.proposal_at,
    g.first_order_at,
    g.deal_at,
    g.first_order_key,
    g.repurchase_at,
    g.referral_at,
    g.lost_at,
    cast(g.dial_count as integer) as dial_count,
    cast(g.connect_count as integer) as connect_count,
    cast(g.talk_seconds as bigint) as talk_seconds,
    cast(g.order_count as integer) as order_count,
    cast(g.revenue_cny as decimal(18, 2)) as revenue_cny,
    case when g.deal_at >= g.created_at
        then {{ days_between('g.created_at', 'g.deal_at') }} end as days_from_lead_to_deal,
    case when g.deal_at >= g.first_dial_at
        then {{ days_between('g.first_dial_at', 'g.deal_at') }} end as days_from_first_call_to_deal,
    coalesce(g.deal_at >= g.first_connect_at and (g.second_connect_at is null or g.deal_at <= g.second_connect_at), false)
        as is_first_contact_deal,
    reached.furthest_stage,
    g.source_file,
    g.source_line
from gathered as g
left join stages_reached as reached on g.lead_key = reached.lead_key
