{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='stat_date', meta={'follows': ['agent_statistics', 'queue_statistics', 'fct_calls', 'fct_queue_waits']}) }}
-- Delivered statistics against what the calls say, of the same source where it delivered calls that day, else of all
-- sources; internal calls are in neither. Queues are held against the queue's own events where there are any.
{%- set agent_measures = {'calls': 'calls', 'inbound_calls': 'calls', 'inbound_answered_calls': 'calls', 'outbound_calls': 'calls',
    'outbound_connected_calls': 'calls', 'answered_calls': 'calls', 'talk_seconds': 'seconds'} %}
{%- set queue_measures = {'offered_calls': 'calls', 'answered_calls': 'calls', 'abandoned_calls': 'calls', 'talk_seconds': 'seconds',
    'answer_wait_seconds': 'seconds'} %}
with policy as (
    select
        {{ policy_number('statistics.tolerance_share') }} as tolerance_share,
        {{ policy_number('statistics.tolerance_calls') }} as tolerance_calls,
        {{ policy_number('statistics.tolerance_seconds') }} as tolerance_seconds
),

delivered_agents as (
    select * from {{ ref('agent_statistics_daily') }} where {{ is_touched('stat_date') }}
),

queue_days as (
    select * from {{ ref('queue_statistics_daily') }} where queue <> 'unknown' and {{ is_touched('stat_date') }}
),

-- Only days with statistics are read from the calls: without any, nothing is.
calls as (
    select
        call_date, source_system, agent_id, agent_name, coalesce(queue, skill_group) as queue, direction, is_connected, is_abandoned, is_end_known,
        case when is_connected then coalesce(talk_seconds, 0) else 0 end as talk_seconds,
        case when is_connected then queue_seconds end as queue_seconds
    from {{ ref('fct_calls') }}
    where is_customer_call and {{ is_touched('call_date') }}
        and call_date in (select stat_date from delivered_agents union select stat_date from queue_days)
),

-- Statistics that know agents by name only: the day's one agent of that name is meant.
names as (
    select call_date, agent_name, min(agent_id) as agent_id
    from calls
    where agent_name is not null and agent_id is not null
    group by call_date, agent_name
    having count(distinct agent_id) = 1
),

agent_days as (
    select days.*, coalesce(names.agent_id, days.agent_id) as subject
    from delivered_agents as days
    left join names on days.stat_date = names.call_date and days.agent_id = names.agent_name
),

call_sources as (select distinct call_date, source_system from calls),

call_days as (select distinct call_date from calls),

delivering as (
    {% for kind in ['agent', 'queue'] -%}
    select distinct
        '{{ kind }}' as subject_kind,
        days.stat_date,
        days.source_system,
        case when own.call_date is not null then days.source_system end as calls_of
    from {{ kind }}_days as days
    inner join call_days on days.stat_date = call_days.call_date
    left join call_sources as own on days.stat_date = own.call_date and days.source_system = own.source_system
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

agent_calls as (
    select
        d.stat_date,
        d.source_system,
        calls.agent_id as subject,
        count(*) as calls,
        count(*) filter (where calls.direction = 'inbound') as inbound_calls,
        count(*) filter (where calls.direction = 'inbound' and calls.is_connected) as inbound_answered_calls,
        count(*) filter (where calls.direction = 'outbound') as outbound_calls,
        count(*) filter (where calls.direction = 'outbound' and calls.is_connected) as outbound_connected_calls,
        count(*) filter (where calls.is_connected) as answered_calls,
        sum(calls.talk_seconds) as talk_seconds
    from delivering as d
    inner join calls on d.stat_date = calls.call_date and (d.calls_of is null or d.calls_of = calls.source_system)
    where d.subject_kind = 'agent' and calls.agent_id is not null
    group by d.stat_date, d.source_system, calls.agent_id
),

queue_calls as (
    select
        d.stat_date,
        d.source_system,
        calls.queue as subject,
        count(*) as offered_calls,
        count(*) filter (where calls.is_connected) as answered_calls,
        case when count(*) filter (where calls.is_end_known) > 0 then count(*) filter (where calls.is_abandoned) end as abandoned_calls,
        sum(calls.talk_seconds) as talk_seconds,
        sum(calls.queue_seconds) as answer_wait_seconds
    from delivering as d
    inner join calls on d.stat_date = calls.call_date and (d.calls_of is null or d.calls_of = calls.source_system)
    where d.subject_kind = 'queue' and calls.queue is not null and calls.direction = 'inbound'
    group by d.stat_date, d.source_system, calls.queue
),

queue_events as (
    select wait_date as stat_date, source_system, queue as subject, offered_calls, answered_calls, abandoned_calls, answer_wait_seconds
    from {{ ref('queue_waits_daily') }}
    where {{ is_touched('wait_date') }}
),

compared as (
    {% for measure, unit in agent_measures.items() -%}
    select
        coalesce(days.stat_date, computed.stat_date) as stat_date,
        'agent' as subject_kind,
        coalesce(days.source_system, computed.source_system) as source_system,
        coalesce(days.subject, computed.subject) as subject,
        '{{ measure }}' as measure,
        '{{ unit }}' as unit,
        'calls' as compared_with,
        days.subject is not null as is_delivered,
        days.{{ measure }} as delivered,
        cast(case when computed.subject is null then 0 else computed.{{ measure }} end as bigint) as computed
    from agent_days as days
    full outer join agent_calls as computed
        on days.stat_date = computed.stat_date and days.source_system = computed.source_system and days.subject = computed.subject
    where (days.{{ measure }} is not null and days.stat_date in (select call_date from call_days))
        {% if measure == 'calls' %}or days.subject is null{% endif %}
    union all
    {% endfor -%}
    {% for measure, unit in queue_measures.items() -%}
    {%- set in_events = measure != 'talk_seconds' -%}
    select
        coalesce(days.stat_date, computed.stat_date),
        'queue',
        coalesce(days.source_system, computed.source_system),
        coalesce(days.queue, computed.subject),
        '{{ measure }}',
        '{{ unit }}',
        {% if in_events %}case when events.subject is not null then 'queue_events' else 'calls' end{% else %}'calls'{% endif %},
        days.queue is not null,
        days.{{ measure }},
        cast(case {% if in_events %}when events.subject is not null then events.{{ measure }} {% endif %}when computed.subject is null then 0
            else computed.{{ measure }} end as bigint)
    from queue_days as days
    full outer join queue_calls as computed
        on days.stat_date = computed.stat_date and days.source_system = computed.source_system and days.queue = computed.subject
    {%- if in_events %}
    left join queue_events as events
        on days.stat_date = events.stat_date and days.source_system = events.source_system and days.queue = events.subject
    {%- endif %}
    where (days.{{ measure }} is not null and (days.stat_date in (select call_date from call_days){% if in_events %} or events.subject is not null{% endif %}))
        {% if measure == 'offered_calls' %}or days.queue is null{% endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

judged as (
    select
        compared.*,
        delivered - computed as difference,
        cast(ceil(greatest(tolerance_share * greatest(delivered, computed),
            case unit when 'calls' then tolerance_calls else tolerance_seconds end)) as bigint) as tolerance
    from compared
    cross join policy
)

select
    stat_date,
    subject_kind,
    source_system,
    subject,
    measure,
    unit,
    compared_with,
    delivered,
    computed,
    difference,
    tolerance,
    case
        when not is_delivered then 'not_delivered'
        when computed is null then 'not_comparable'
        when abs(difference) <= tolerance then 'agrees'
        else 'differs'
    end as verdict
from judged
