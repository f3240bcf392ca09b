{# Contacts with several persons, rings, queues or menus: stretches of each agent, then one sweep over all clocks. #}
{% macro hard_contacts(handover, together) -%}
judged as (
    select
        l.*,
        max(case when role in ('pair', 'agent', 'customer', 'whole') then 1 else 0 end) over contact as is_outside,
        max(case when role in ('customer', 'whole') then 1 else 0 end) over contact as has_line,
        max(case when role in ('pair', 'agent') then 1 else 0 end) over contact as has_person,
        max(case when role = 'customer' and ring_to > ring_from then 1 else 0 end) over contact as has_customer_ring,
        max(case when role not in ({{ unheard() }}) then ends end) over contact as last_end,
        max(case when role in ({{ talkers() }}) and agent_id <> '' then ends end) over contact as last_person_end,
        max(case when role not in ({{ unheard() }}) and agent_id <> '' then ends end) over contact as last_named_end,
        sum(case when role not in ({{ unheard() }}) then 1 else 0 end) over contact as heard
    from placed as l
    where not l.is_simple
    window contact as (partition by call_key, contact_no)
),

-- Rows that join customer and person, and an agent's own row cut to the customer's.
talks as (
    select call_key, contact_no, coalesce(agent_id, '') as agent_id, talk_from as s, talk_to as e, coalesce(hold, 0) as hold
    from judged
    where talk_to > talk_from and (role = 'pair' or (role = 'agent' and has_line = 0)
        or (role = 'whole' and has_person = 0) or (role = 'inside' and is_outside = 0))
    union all
    select p.call_key, p.contact_no, coalesce(p.agent_id, '') as agent_id,
        greatest(p.talk_from, c.talk_from) as s, least(p.talk_to, c.talk_to) as e, coalesce(p.hold, 0) as hold
    from judged as p
    inner join judged as c
        on p.call_key = c.call_key and p.contact_no = c.contact_no and p.talk_from < c.talk_to and c.talk_from < p.talk_to
    where p.role = 'agent' and c.role in ('customer', 'whole') and p.talk_to > p.talk_from and c.talk_to > c.talk_from
),

-- Rows of an agent that overlap are one stretch, in which hold counts once; rows that only touch stay two.
stretches as (
    select call_key, contact_no, agent_id, min(s) as s, max(e) as e, max(hold) as hold
    from (
        select reached.*, sum(case when reach is null or s >= reach then 1 else 0 end) over (
            partition by call_key, contact_no, agent_id order by s, e
            rows between unbounded preceding and current row) as stretch
        from (
            select talks.*, max(e) over (
                partition by call_key, contact_no, agent_id order by s, e
                rows between unbounded preceding and 1 preceding) as reach
            from talks) as reached) as numbered
    group by call_key, contact_no, agent_id, stretch
),

changes as (
    select call_key, contact_no,
        sum(case when agent_id <> before and s >= reach - {{ handover }} then 1 else 0 end) as transfers,
        sum(case when agent_id <> before and s < reach - {{ handover }} then 1 else 0 end) as joins
    from (
        select stretches.*,
            lag(agent_id) over (partition by call_key, contact_no order by s, e, agent_id) as before,
            max(e) over (partition by call_key, contact_no order by s, e, agent_id
                rows between unbounded preceding and 1 preceding) as reach
        from stretches) as ordered
    group by call_key, contact_no
),

-- While an agent's phone rings first in a double call, the customer waits for nothing.
rings as (
    select call_key, contact_no, role, coalesce(agent_id, '') as agent_id, ring_from as s, ring_to as e,
        has_customer_ring = 0 or role = 'customer' as is_waited
    from judged
    where ring_to > ring_from and role not in ({{ unheard() }}) and (role <> 'inside' or is_outside = 0)
),

-- +1 where something begins, -1 where it ends; what holds in between tells talk from waiting.
events as (
    select call_key, contact_no, s as t, 1 as talk, 0 as ring, 0 as queue, 0 as menu from stretches
    union all select call_key, contact_no, e, -1, 0, 0, 0 from stretches
    union all select call_key, contact_no, s, 0, 1, 0, 0 from rings where is_waited
    union all select call_key, contact_no, e, 0, -1, 0, 0 from rings where is_waited
    {% for kind, columns in [('queue', '1, 0'), ('menu', '0, 1')] -%}
    union all select call_key, contact_no, {{ kind }}_from, 0, 0, {{ columns }} from judged
    where {{ kind }}_to > {{ kind }}_from and role not in ({{ unheard() }})
    union all select call_key, contact_no, {{ kind }}_to, 0, 0, {{ columns | replace('1', '-1') }} from judged
    where {{ kind }}_to > {{ kind }}_from and role not in ({{ unheard() }})
    {% endfor %}
),

totals as (
    select call_key, contact_no,
        sum(case when talk > 0 then lasted else 0 end) as presence,
        sum(case when talk = 0 and ring > 0 then lasted else 0 end) as ring,
        sum(case when talk = 0 and queue > 0 then lasted else 0 end) as queue,
        sum(case when talk = 0 and ring + queue > 0 then lasted else 0 end) as wait,
        sum(case when talk = 0 and ring + queue = 0 and menu > 0 then lasted else 0 end) as menu,
        min(case when talk > 0 and lasted > 0 then t end) as first_talk,
        max(case when talk > 0 and lasted > 0 then t + lasted end) as last_talk
    from (
        select call_key, contact_no, t,
            sum(talk) over sweep as talk, sum(ring) over sweep as ring,
            sum(queue) over sweep as queue, sum(menu) over sweep as menu,
            coalesce(lead(t) over (partition by call_key, contact_no order by t) - t, 0) as lasted
        from events
        window sweep as (partition by call_key, contact_no order by t range between unbounded preceding and current row)) as states
    group by call_key, contact_no
),
{% for name, source in [('consults', "(select call_key, contact_no, coalesce(agent_id, '') as agent_id, talk_from as s, talk_to as e from judged
        where role = 'inside' and is_outside = 1 and talk_to > talk_from)"),
    ('own_rings', "(select call_key, contact_no, agent_id, s, e from rings where role in ('pair', 'agent', 'whole', 'inside') and agent_id <> '')")] %}
-- A union without islands: each row adds what lies beyond the running end.
{{ name }} as (
    select call_key, contact_no, agent_id, sum(greatest(e - greatest(s, coalesce(reach, s)), 0)) as lasted
    from (
        select spans.*, max(e) over (
            partition by call_key, contact_no, agent_id order by s, e
            rows between unbounded preceding and 1 preceding) as reach
        from {{ source }} as spans) as reached
    group by call_key, contact_no, agent_id
),
{% endfor %}
offers as (
    select o.call_key, o.contact_no, o.agent_id,
        case when t.call_key is not null then 'elsewhere' when o.ends >= o.last_end - {{ together }} then 'gave_up' else 'missed' end as outcome
    from judged as o
    left join (
        select distinct u.call_key, u.contact_no, u.leg_id
        from judged as u
        inner join judged as w
            on u.call_key = w.call_key and u.contact_no = w.contact_no
                and w.talk_from > u.starts and w.talk_from <= u.ends + {{ handover }}
        where w.role in ({{ offered() }}) and u.is_answered = 0 and u.role in ({{ offered() }})) as t
        on o.call_key = t.call_key and o.contact_no = t.contact_no and o.leg_id = t.leg_id
    where o.role in ({{ offered() }}) and o.is_answered = 0 and o.agent_id <> ''
),

-- The owner of a call without talk is who was there at its end, alone: of phones that rang together nobody is.
last_rung as (
    select call_key, contact_no, case when min(agent_id) = max(agent_id) then min(agent_id) end as rung
    from judged
    where agent_id <> '' and (role in ({{ talkers() }}) and ends >= last_person_end - {{ together }}
        or last_person_end is null and role not in ({{ unheard() }}) and ends >= last_named_end - {{ together }})
    group by call_key, contact_no
),

own_talks as (
    select call_key, contact_no, agent_id, sum(e - s) as presence, least(sum(hold), sum(e - s)) as hold, min(s) as first_start, max(s) as last_start
    from stretches
    group by call_key, contact_no, agent_id
),

-- Policy call.owner: who talked last, first or most; then the later, then the greater id.
owners as (
    select call_key, contact_no, agent_id as owner
    from (
        select own_talks.*, row_number() over (
            partition by call_key, contact_no
            order by {{ {'most_talk': 'presence desc, ', 'first_agent': 'first_start, '}.get(policy_constant('call.owner'), '') -}}
                last_start desc, agent_id desc) as place
        from own_talks
        where agent_id <> '') as ranked
    where place = 1
),

hard_parts as (
    select parts.call_key, parts.contact_no, parts.agent_id,
        {% for figure in ['presence', 'hold', 'ring', 'consult', 'offers', 'missed', 'elsewhere', 'gave_up'] -%}
        sum(parts.{{ figure }}) as {{ figure }},
        {% endfor -%}
        parts.agent_id <> '' and parts.agent_id = coalesce(max(owners.owner),
            case when coalesce(max(totals.presence), 0) = 0 then max(last_rung.rung) end, '') as is_owner
    from (
        select call_key, contact_no, agent_id, presence, hold, 0 as ring, 0 as consult, 0 as offers, 0 as missed, 0 as elsewhere, 0 as gave_up
        from own_talks
        union all select call_key, contact_no, agent_id, 0, 0, lasted, 0, 0, 0, 0, 0 from own_rings
        union all select call_key, contact_no, agent_id, 0, 0, 0, lasted, 0, 0, 0, 0 from consults
        union all select call_key, contact_no, agent_id, 0, 0, 0, 0, 1,
            case when outcome = 'missed' then 1 else 0 end, case when outcome = 'elsewhere' then 1 else 0 end,
            case when outcome = 'gave_up' then 1 else 0 end from offers
        union all select call_key, contact_no, rung, 0, 0, 0, 0, 0, 0, 0, 0 from last_rung where rung is not null) as parts
    left join owners on parts.call_key = owners.call_key and parts.contact_no = owners.contact_no
    left join last_rung on parts.call_key = last_rung.call_key and parts.contact_no = last_rung.contact_no
    left join totals on parts.call_key = totals.call_key and parts.contact_no = totals.contact_no
    group by parts.call_key, parts.contact_no, parts.agent_id
),

hard_contacts as (
    select k.call_key, k.contact_no,
        coalesce(totals.presence, 0) as presence, coalesce(totals.ring, 0) as ring, coalesce(totals.queue, 0) as queue,
        coalesce(totals.wait, 0) as wait, coalesce(totals.menu, 0) as menu,
        least(coalesce(g.hold, 0), coalesce(totals.presence, 0)) as hold,
        totals.first_talk, totals.last_talk,
        owners.owner,
        case when coalesce(totals.presence, 0) = 0 then last_rung.rung end as rung,
        coalesce(changes.transfers, 0) as transfers, coalesce(changes.joins, 0) as joins,
        coalesce(g.agents, 0) as agents, coalesce(g.consult, 0) as consult,
        coalesce(g.missed, 0) as missed, coalesce(g.elsewhere, 0) as elsewhere, coalesce(g.gave_up, 0) as gave_up
    from (select distinct call_key, contact_no from judged where heard > 0) as k
    left join totals on k.call_key = totals.call_key and k.contact_no = totals.contact_no
    left join changes on k.call_key = changes.call_key and k.contact_no = changes.contact_no
    left join owners on k.call_key = owners.call_key and k.contact_no = owners.contact_no
    left join last_rung on k.call_key = last_rung.call_key and k.contact_no = last_rung.contact_no
    left join (
        select call_key, contact_no, sum(hold) as hold, count(case when presence > 0 then 1 end) as agents, sum(consult) as consult,
            sum(missed) as missed, sum(elsewhere) as elsewhere, sum(gave_up) as gave_up
        from hard_parts
        group by call_key, contact_no) as g on k.call_key = g.call_key and k.contact_no = g.contact_no
)
{%- endmacro %}
