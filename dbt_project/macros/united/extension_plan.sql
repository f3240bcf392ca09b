{# What the installation itself knows of a leg's two numbers goes before digits and names of devices: agents' extensions
   (stg_agents) and own numbers (stg_own_numbers). Nothing is done where no profile tells the two numbers. #}

{# CTE `directed`: rows of `latest` with direction, parties and role as the plan says, where it says anything. #}
{% macro directed_legs() -%}
{%- set unfilled = unfilled_columns('call_legs') -%}
{%- set has_parties = 'caller_number' not in unfilled and 'called_number' not in unfilled -%}
{%- set decided = ['direction', 'customer_number', 'own_number', 'agent_id', 'leg_role', 'tech_result', 'direction_basis'] -%}
{%- set kept = [] -%}
{%- for column in call_cells() + ['call_id', 'leg_id', 'leg_role', 'is_callback', 'direction_basis', 'joins_number'] if not (has_parties and column in decided) -%}
    {%- do kept.append('r.' ~ column) -%}
{%- endfor -%}
{%- for column in ['_source', '_event_date', '_row_key', '_row_hash', '_file_id', '_line', '_loaded_at', 'source_file'] -%}
    {%- do kept.append('r.' ~ column) -%}
{%- endfor -%}
{%- if has_parties -%}
{%- set outside = policy_constant('call.outside_digits') or '0' -%}
plan as (
    select number, max(is_extension) as is_extension
    from (
        select agent_id as number, 1 as is_extension from {{ ref('stg_agents') }} where {{ regexp_test('agent_id', '^[0-9]{2,}$') }}
        union all
        select own_number, 0 from {{ ref('stg_own_numbers') }} where own_number is not null) as numbers
    group by number
),

with_parties as (
    select r.*, {{ parse_clean_number('r.caller_number') }} as caller, {{ parse_clean_number('r.called_number') }} as called
    from latest as r
),

planned as (
    select
        r.*,
        coalesce(c.is_extension, 0) as is_caller_extension,
        coalesce(d.is_extension, 0) as is_called_extension,
        case
            when c.number is not null and d.number is null and length(r.called) >= {{ outside }} then 'outbound'
            when d.number is not null and c.number is null and length(coalesce(r.caller, r.called)) >= {{ outside }} then 'inbound'
            when c.is_extension = 1 and d.is_extension = 1 then 'internal'
        end as plan_way
    from with_parties as r
    left join plan as c on r.caller = c.number
    left join plan as d on r.called = d.number
),

directed as (
    select
        {{ kept | join(', ') }},
        r.caller, r.called,
        coalesce(plan_way, direction) as direction,
        case when plan_way is null then direction_basis else 'plan' end as direction_basis,
        case plan_way when 'inbound' then caller_number when 'outbound' then called_number when 'internal' then null else customer_number end as customer_number,
        case
            when plan_way = 'inbound' and is_called_extension = 0 then called_number
            when plan_way = 'outbound' and is_caller_extension = 0 then caller_number
            when plan_way is null then own_number
            when plan_way = direction and own_number <> coalesce(case when plan_way = 'inbound' then called_number else caller_number end, '')
                then own_number
        end as own_number,
        case
            when plan_way in ('outbound', 'internal') and is_caller_extension = 1 then caller
            when plan_way = 'inbound' and is_called_extension = 1 and (agent_id is null or plan_way <> direction) then called
            when plan_way is null or plan_way = direction then agent_id
        end as agent_id,
        case when plan_way = 'internal' and leg_role = 'pair' then 'inside' when plan_way in ('inbound', 'outbound') and leg_role = 'inside' then 'pair'
            else leg_role end as leg_role,
        case when plan_way = 'inbound' and direction <> 'inbound' and upper(tech_result) = 'NO ANSWER' then 'abandoned_ring' else tech_result end as tech_result
    from planned as r
)
{%- else -%}
directed as (
    select {{ kept | join(', ') }}, cast(null as string) as caller, cast(null as string) as called
    from latest as r
)
{%- endif -%}
{%- endmacro %}

{# CTE `joined`: legs of `spanned`, of which those that show a customer's number instead of naming a call (an agent's
   browser called for a conference) belong to the call that the customer was in on that day when they began. #}
{% macro joined_legs() -%}
{%- if 'joins_number' in unfilled_columns('call_legs') -%}
joined as (
    select spanned.*, source_call_id as joined_call_id from spanned
)
{%- else -%}
hosts as (
    select source_system, row_key, host_call_id
    from (
        select guest.source_system, guest.row_key, host.source_call_id as host_call_id, row_number() over (
            partition by guest.source_system, guest.row_key order by host.starts desc nulls last, host.source_call_id desc) as place
        from spanned as guest
        inner join spanned as host
            on guest.source_system = host.source_system and guest.leg_date = host.leg_date and guest.joins_number = host.customer_number_clean
        where host.role in ('whole', 'customer') and host.starts <= guest.starts and guest.starts <= host.ends
            and host.source_call_id <> guest.source_call_id) as ranked
    where place = 1
),

joined as (
    select spanned.*, coalesce(hosts.host_call_id, spanned.source_call_id) as joined_call_id
    from spanned
    left join hosts on spanned.source_system = hosts.source_system and spanned.row_key = hosts.row_key and spanned.joins_number is not null
)
{%- endif -%}
{%- endmacro %}
