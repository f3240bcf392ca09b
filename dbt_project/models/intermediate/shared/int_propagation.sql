-- depends_on: {{ ref('int_leads') }}, {{ ref('int_lead_ids') }}, {{ ref('stg_lead_events') }}, {{ ref('int_orders') }}, {{ ref('int_customers') }}, {{ ref('int_agents') }}, {{ ref('int_own_numbers') }}, {{ ref('stg_calls') }}
{{ config(post_hook=['{{ announce_dates() }}', '{{ announce_keys() }}']) }}
-- What must be rebuilt although no new file touched it: a late lead changes the channel of calls on other days, a
-- first order makes later calls those of an existing customer, a roster renames. The new state is compared with
-- what the facts were last built with, so that a killed build loses nothing.
{%- set old_leads = earlier_build('marts', 'fct_leads') %}
{%- set old_orders = earlier_build('marts', 'fct_orders') %}
{%- set old_members = earlier_build('core', 'call_day_members') %}
{%- set old_customers = earlier_build('marts', 'dim_customers') %}
{%- set link_columns = ['customer_key', 'created_at', 'channel', 'business_line'] %}

{%- if old_leads and old_orders and old_members and old_customers %}
with lead_changes as (
    select
        coalesce(new.lead_key, old.lead_key) as lead_key,
        coalesce(new.source_lead_id, old.source_lead_id) as source_lead_id,
        new.customer_key as new_customer_key,
        old.customer_key as old_customer_key,
        least(new.created_at, old.created_at) as first_at,
        new.lead_key is null or old.lead_key is null
            {% for column in link_columns %}or new.{{ column }} is distinct from old.{{ column }} {% endfor %} as is_link_changed
    from {{ ref('int_leads') }} as new
    full outer join {{ old_leads }} as old on new.lead_key = old.lead_key
    where new.lead_key is null or old.lead_key is null
        {% for column in shared_columns(ref('int_leads'), old_leads) %}or new.{{ column }} is distinct from old.{{ column }} {% endfor %}
),

-- From the lead's creation on a customer's calls and orders may belong to another lead.
changed_links as (
    select new_customer_key as customer_key, first_at from lead_changes
    where is_link_changed and new_customer_key is not null
    union all
    select old_customer_key, first_at from lead_changes
    where is_link_changed and old_customer_key is not null
),

-- Ids by which other records name a lead that is another now: its own, or one that was merged into it.
changed_ids as (
    select source_lead_id from lead_changes where is_link_changed
    union
    select ids.source_lead_id
    from {{ ref('int_lead_ids') }} as ids
    inner join lead_changes as changes on ids.lead_key = changes.lead_key
    where ids.source_lead_id <> changes.source_lead_id
    union
    select ids.source_lead_id
    from {{ ref('int_lead_ids') }} as ids
    inner join lead_changes as changes on ids.into_id = changes.source_lead_id
),

changed_since as (
    select
        coalesce(new.customer_key, old.customer_key) as customer_key,
        least(new.customer_since_at, old.customer_since_at) as first_at
    from {{ ref('int_customers') }} as new
    full outer join (select customer_key, customer_since_at from {{ old_customers }} where customer_since_at is not null) as old
        on new.customer_key = old.customer_key
    where new.customer_since_at is distinct from old.customer_since_at
),

changed_customers as (
    select customer_key, min(first_at) as first_at
    from (select * from changed_links union all select * from changed_since) as changes
    group by customer_key
),

changed_members as (
    select members.call_date
    from {{ old_members }} as members
    left join {{ ref('int_agents') }} as agents on members.member = agents.agent_id
    where members.member_kind = 'agent'
        and (coalesce(agents.team, '') <> coalesce(members.roster_team, '')
            or coalesce(agents.agent_name, '') <> coalesce(members.roster_name, ''))
    union
    select members.call_date
    from {{ old_members }} as members
    left join {{ ref('int_own_numbers') }} as numbers
        on members.member = numbers.own_number and {{ is_valid_on('numbers', 'members.call_date') }}
    where members.member_kind = 'own_number'
        and coalesce(numbers.business_line, '') <> coalesce(members.roster_line, '')
),

order_rows as (
    {% set order_columns = shared_columns(ref('int_orders'), old_orders) | join(', ') %}
    (select {{ order_columns }} from {{ ref('int_orders') }} except select {{ order_columns }} from {{ old_orders }})
    union all
    (select {{ order_columns }} from {{ old_orders }} except select {{ order_columns }} from {{ ref('int_orders') }})
),

-- Bounded by the earliest change: a day's news concern the latest days, whatever the history's length.
changed_calls as (
    select distinct calls.call_date
    from {{ ref('stg_calls') }} as calls
    inner join changed_customers on calls.customer_key = changed_customers.customer_key
    where calls.call_date >= (select min(cast(first_at as date)) from changed_customers)
        and calls.started_at >= changed_customers.first_at
    union
    select distinct calls.call_date
    from {{ ref('stg_calls') }} as calls
    where calls.source_lead_id in (select source_lead_id from changed_ids)
    union
    select call_date from changed_members
)

select 'fct_calls' as target, call_date as event_date, cast(null as string) as key_kind, '' as key from changed_calls
union
select distinct 'fct_lead_events', event_date, cast(null as string), ''
from {{ ref('stg_lead_events') }}
where source_lead_id in (select source_lead_id from changed_ids)
union
select distinct 'fct_orders', order_date, cast(null as string), '' from order_rows where order_date is not null
union
select distinct 'fct_orders', refund_date, cast(null as string), '' from order_rows where refund_date is not null
union all
select 'fct_leads', cast(null as date), 'lead', lead_key from lead_changes
{%- else %}
select 'fct_calls' as target, cast(null as date) as event_date, cast(null as string) as key_kind, '' as key
where false
{%- endif %}
