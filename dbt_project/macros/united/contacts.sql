{# How legs become contacts: CTEs from `legs` to `contacts` (one row per call and contact) and `agent_parts` (one row
   per contact and agent). Definitions: docs/adr/0017-one-truth-about-a-call.md.

   `legs`: a relation with call_key, leg_id, role, agent_id, hold, is_callback, is_answered (0/1), starts, ends and the
   four intervals talk_from/talk_to, ring_…, queue_…, menu_… in whole seconds of one clock; no interval is NULL.
   No lists, no lambdas, no range joins: the same text runs on DuckDB and on Spark. #}
{% macro contact_ctes(legs) -%}
{%- set handover = policy_constant('call.handover_seconds') or '0' -%}
{%- set together = policy_constant('call.ring_end_seconds') or '0' -%}
{{ leg_shapes(legs) }},
{{ simple_contacts(together) }},
{{ hard_contacts(handover, together) }},

contacts as (
    select * from simple_contacts
    union all
    select * from hard_contacts
),

agent_parts as (
    select call_key, cast(0 as bigint) as contact_no, agent_id, te - ts as presence, least(hold, te - ts) as hold,
        case when agent_id <> '' then own_ring else 0 end as ring, 0 as consult, missed + gave_up as offers, missed,
        0 as elsewhere, gave_up, agent_id <> '' as is_owner
    from simple_spans
    where te > ts or agent_id <> ''
    union all
    select call_key, contact_no, agent_id, presence, hold, ring, consult, offers, missed, elsewhere, gave_up, is_owner from hard_parts
)
{%- endmacro %}

{# Roles: `pair` joins the customer's side and a person on one row, `agent` and `customer` are one party's own
   presence, `whole` is the call as the line saw it, `inside` are two of us. Others never talk. #}
{% macro persons() -%}'pair', 'agent', 'customer', 'whole', 'inside'{%- endmacro %}
{% macro talkers() -%}'pair', 'agent', 'whole', 'inside'{%- endmacro %}
{% macro offered() -%}'pair', 'agent'{%- endmacro %}
{% macro unheard() -%}'copy', 'monitor'{%- endmacro %}

{# At most one person, ring, queue and menu, and not two agents in a row without one. #}
{% macro is_simple() -%}
(shapes.persons <= 1 and shapes.rings <= 1 and shapes.queues <= 1 and shapes.menus <= 1
            and coalesce(shapes.any_agent = shapes.other_agent, true))
{%- endmacro %}

{# One aggregate over all legs. A contact with at most one person, ring, queue and menu needs no window. #}
{% macro leg_shapes(legs) -%}
shapes as (
    select
        call_key,
        count(*) as leg_count,
        sum(is_callback) as callbacks,
        count(case when role in ({{ persons() }}) then 1 end) as persons,
        count(case when role not in ({{ unheard() }}) then 1 end) as heard,
        {% for kind in ['ring', 'queue', 'menu'] -%}
        count(case when role not in ({{ unheard() }}) and {{ kind }}_to > {{ kind }}_from then 1 end) as {{ kind }}s,
        min(case when role not in ({{ unheard() }}) and {{ kind }}_to > {{ kind }}_from then {{ kind }}_from end) as {{ kind }}_from,
        min(case when role not in ({{ unheard() }}) and {{ kind }}_to > {{ kind }}_from then {{ kind }}_to end) as {{ kind }}_to,
        {% endfor -%}
        min(case when role in ({{ persons() }}) then role end) as role,
        min(case when role in ({{ talkers() }}) then nullif(agent_id, '') end) as person_agent,
        min(case when role not in ({{ unheard() }}) then nullif(agent_id, '') end) as any_agent,
        max(case when role not in ({{ unheard() }}) then nullif(agent_id, '') end) as other_agent,
        coalesce(max(case when role in ({{ persons() }}) then is_answered end), 0) as is_answered,
        min(case when role in ({{ talkers() }}) then talk_from end) as talk_from,
        min(case when role in ({{ talkers() }}) then talk_to end) as talk_to,
        min(case when role in ({{ persons() }}) then ends end) as ends,
        min(case when role in ({{ talkers() }}) then hold end) as hold,
        coalesce(max(case when role in ({{ talkers() }}) and ring_to > ring_from then ring_to - ring_from end), 0) as own_ring,
        max(case when role not in ({{ unheard() }}) then ends end) as last_end
    from {{ legs }}
    group by call_key
),

placed as (
    select l.*, cast(0 as bigint) as contact_no, shapes.leg_count, {{ is_simple() }} as is_simple
    from {{ legs }} as l
    inner join shapes on l.call_key = shapes.call_key
    where shapes.callbacks = 0 and shapes.heard > 0
    union all
    -- A callback and all that starts after it are a contact of their own: the night before it is nobody's wait.
    select l.*,
        sum(l.is_callback) over (
            partition by l.call_key order by l.starts nulls first, l.is_callback desc, l.leg_id
            rows between unbounded preceding and current row) as contact_no,
        shapes.leg_count, false
    from {{ legs }} as l
    inner join shapes on l.call_key = shapes.call_key
    where shapes.callbacks > 0 and shapes.heard > 0
)
{%- endmacro %}

{# Arithmetic on one interval of each kind: an empty one is [0, 0], because least() passes over NULL. #}
{% macro simple_contacts(together) -%}
simple_spans as (
    select
        call_key, role, last_end, is_answered, own_ring,
        coalesce(case when talk_to > talk_from then person_agent else coalesce(person_agent, any_agent) end, '') as agent_id,
        coalesce(hold, 0) as hold,
        case when talk_to > talk_from then talk_from else 0 end as ts,
        case when talk_to > talk_from then talk_to else 0 end as te,
        {% for kind in ['ring', 'queue', 'menu'] -%}
        coalesce({{ kind }}_from, 0) as {{ kind[0] }}s, coalesce({{ kind }}_to, 0) as {{ kind[0] }}e,
        {% endfor -%}
        case when talk_to > talk_from then person_agent end as owner,
        case when coalesce(talk_to > talk_from, false) then null else coalesce(person_agent, any_agent) end as rung,
        case when role in ({{ offered() }}) and is_answered = 0 and person_agent is not null and ends < last_end - {{ together }}
            then 1 else 0 end as missed,
        case when role in ({{ offered() }}) and is_answered = 0 and person_agent is not null and ends >= last_end - {{ together }}
            then 1 else 0 end as gave_up
    from shapes
    where {{ is_simple() }} and callbacks = 0 and heard > 0
),

simple_contacts as (
    select
        call_key,
        cast(0 as bigint) as contact_no,
        te - ts as presence,
        re - rs - {{ overlap('r', 't') }} as ring,
        qe - qs - {{ overlap('q', 't') }} as queue,
        re - rs - {{ overlap('r', 't') }} + qe - qs - {{ overlap('q', 't') }} - {{ overlap('q', 'r') }} + {{ overlap('q', 'r', 't') }} as wait,
        me - ms - {{ overlap('m', 't') }} - {{ overlap('m', 'r') }} - {{ overlap('m', 'q') }} + {{ overlap('m', 'q', 't') }}
            + {{ overlap('m', 'q', 'r') }} + {{ overlap('m', 'r', 't') }} - {{ overlap('m', 'q', 'r', 't') }} as menu,
        least(hold, te - ts) as hold,
        nullif(ts, 0) as first_talk,
        nullif(te, 0) as last_talk,
        owner,
        rung,
        0 as transfers,
        0 as joins,
        case when te > ts then 1 else 0 end as agents,
        0 as consult,
        missed,
        0 as elsewhere,
        gave_up
    from simple_spans
)
{%- endmacro %}

{# Seconds that the named intervals have in common. #}
{% macro overlap() -%}
greatest(least({% for v in varargs %}{{ v }}e{{ ', ' if not loop.last }}{% endfor %}) - greatest({% for v in varargs %}{{ v }}s{{ ', ' if not loop.last }}{% endfor %}), 0)
{%- endmacro %}
