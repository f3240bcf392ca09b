{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='call_date',
    meta={'follows': ['fct_calls'], 'remembers': {'lead': 'lead_key', 'customer': 'customer_key'}}) }}
-- depends_on: {{ ref('int_propagation') }}
with calls as (
    select *, direction <> 'internal' as is_customer_call
    from {{ ref('stg_calls') }}
    where {{ is_touched('call_date') }}
),

flags as (
    select call_key, flag_count from {{ ref('dq_calls') }} where {{ is_touched('call_date') }}
),

-- Numbered apart from the wide rows: sorting those, or keeping them for a second use, took most of the time.
attempts as (
    select calls.call_key, row_number() over (
        partition by calls.customer_key, calls.call_date order by calls.started_at nulls last, calls.call_key nulls last)
        as attempt_number
    from {{ ref('stg_calls') }} as calls
    left join {{ source('policy', 'tech_results') }} as results on calls.tech_result = results.tech_result
    where calls.direction = 'outbound' and calls.customer_key is not null
        and (coalesce(results.is_dial, true)
            or (results.is_platform_block and {{ policy_text('attempt.blocked_dials') }} = 'counted'))
        and {{ is_touched('calls.call_date') }}
),

-- Whether a source says how calls end that nobody answered: one with an answered flag alone knows no abandoned call.
ends as (
    select calls.source_system, calls.call_date, count(*) filter (where calls.is_result_told) as told
    from {{ ref('stg_calls') }} as calls
    where calls.direction = 'inbound' and not calls.is_connected and {{ is_touched('calls.call_date') }}
    group by calls.source_system, calls.call_date
),

-- Keys of the joins that follow are made here: a condition on the calls' side of a left join would make it a loop.
named as (
    select
        calls.*,
        coalesce(same_source.lead_key, any_source.lead_key) as named_lead_key,
        coalesce(same_source.channel, any_source.channel) as named_channel,
        coalesce(same_source.business_line, any_source.business_line) as named_business_line,
        case when same_source.lead_key is null and any_source.lead_key is null and calls.is_customer_call
            then calls.customer_key end as touching_customer
    from calls
    left join {{ ref('int_lead_ids') }} as same_source
        on calls.source_lead_id = same_source.source_lead_id and calls.source_system = same_source.source_system
    left join {{ ref('int_lead_ids') }} as any_source
        on calls.source_lead_id = any_source.source_lead_id and any_source.is_first_with_id
),

-- The lead the export names, else the customer's last lead before the call (one at most, see int_leads).
attributed as (
    select
        named.*,
        coalesce(named.named_lead_key, last_lead.lead_key) as lead_key,
        nullif(coalesce(named.named_channel, last_lead.channel), 'unattributed') as lead_channel,
        coalesce(
            numbers.business_line,
            named.business_line,
            nullif(coalesce(named.named_business_line, last_lead.business_line), 'unknown'), 'unknown') as line,
        case
            when named.named_lead_key is not null then 'lead_id'
            when last_lead.lead_key is not null then 'last_touch'
            when named.channel is not null then 'export'
            else 'unattributed'
        end as attribution
    from named
    left join {{ ref('int_leads') }} as last_lead
        on named.touching_customer = last_lead.customer_key
        and named.started_at >= last_lead.created_at
        and named.started_at < last_lead.attributed_until
    left join {{ ref('int_own_numbers') }} as numbers
        on named.own_number = numbers.own_number and {{ is_valid_on('numbers', 'named.call_date') }}
),

days as (
    select
        settings.*,
        {{ is_workday('settings.day', 'holidays', 'known_years') }} as is_workday,
        rules.tier_profile
    from {{ settings_by_day(ref('stg_calls'), 'call_date', {'max_seconds': 'call.max_seconds',
        'min_unanswered_seconds': 'clean.min_unanswered_seconds'}, is_touched('call_date')) }} as settings
    left join {{ source('policy', 'holidays') }} as holidays on settings.day = holidays.calendar_date
    left join {{ calendar_years() }} as known_years on extract(year from settings.day) = known_years.year
    left join {{ source('policy', 'business_lines') }} as rules
        on rules.business_line = '*' and {{ is_valid_on('rules', 'settings.day') }}
),

-- A business line without rule of its own, or on a day that its rules do not cover, follows the row '*'.
profiled as (
    select
        a.*,
        days.is_workday,
        days.min_unanswered_seconds,
        coalesce(rules.tier_profile, days.tier_profile) as tier_profile,
        case when a.is_connected and a.is_customer_call then coalesce(rules.tier_profile, days.tier_profile) end as tiered_profile,
        case when a.is_connected and a.is_customer_call then 1 end as banded,
        a.is_connected and a.is_customer_call and a.talk_seconds is not null and a.talk_seconds <= days.max_seconds
            as is_valid_for_tiers,
        agents.agent_name as roster_name,
        agents.team as roster_team,
        agents.skill_group as roster_skill_group
    from attributed as a
    inner join days on a.call_date = days.day
    left join {{ source('policy', 'business_lines') }} as rules
        on a.line = rules.business_line and {{ is_valid_on('rules', 'a.call_date') }}
    left join {{ ref('int_agents') }} as agents on a.agent_id = agents.agent_id
),

-- Talk times are whole seconds, so every limit becomes an inclusive one.
tiers as (
    select
        rules.*,
        lower_seconds + case when lower_inclusive then 0 else 1 end as first_second,
        coalesce(upper_seconds - case when upper_inclusive then 0 else 1 end, {{ endless_seconds() }}) as last_second
    from {{ source('policy', 'tier_rules') }} as rules
),

bands as (
    select band, 1 as banded, lower_seconds as first_second, coalesce(upper_seconds - 1, {{ endless_seconds() }}) as last_second
    from {{ source('policy', 'duration_bands') }}
)

select
    p.call_key,
    p.source_system,
    p.source_call_id,
    p.direction,
    p.is_customer_call,
    p.started_at,
    p.ringing_at,
    p.answered_at,
    p.ended_at,
    p.call_date,
    cast(extract(hour from p.started_at) as integer) as call_hour,
    {{ iso_weekday('p.call_date') }} as weekday,
    p.is_workday,
    p.ivr_seconds,
    p.queue_seconds,
    p.ring_seconds,
    p.hold_seconds,
    p.talk_seconds,
    p.acw_seconds,
    p.total_seconds,
    p.tech_result,
    p.business_result,
    p.is_connected,
    p.direction = 'outbound' and coalesce(results.is_dial, true) as is_dial,
    case when p.direction <> 'inbound' or p.is_connected then false
        when p.is_result_told then coalesce(results.is_abandoned, false) end as is_abandoned,
    p.direction = 'inbound' and (p.is_result_told or (p.is_connected and coalesce(ends.told, 0) > 0)) as is_end_known,
    coalesce(results.is_platform_block, false) as is_platform_block,
    coalesce(results.is_number_invalid, false) as is_number_invalid,
    not p.is_connected and coalesce(p.ring_seconds, p.total_seconds, {{ seconds_between('p.started_utc', 'p.ended_utc') }})
        < p.min_unanswered_seconds as is_short_unanswered,
    p.handling_type,
    p.hangup_side,
    p.failure_reason,
    tiers.tier as duration_tier,
    tiers.tier_family,
    tiers.intent_level,
    p.tier_profile,
    coalesce(tiers.intent_level = 'high' and p.is_valid_for_tiers, false) as is_high_intent,
    p.is_valid_for_tiers,
    bands.band as duration_band,
    p.agent_id,
    coalesce(p.roster_name, p.agent_name) as agent_name,
    coalesce(p.roster_team, p.department) as team,
    coalesce(p.skill_group, p.roster_skill_group) as skill_group,
    p.queue,
    p.line as business_line,
    p.own_number,
    p.line_id,
    p.carrier,
    p.customer_key,
    {{ customer_no('p.customer_key') }} as customer_no,
    p.customer_phone_masked,
    p.number_status,
    p.is_customer_call and coalesce(known.customer_since_at < p.started_at, false) as is_existing_customer,
    cast(attempts.attempt_number as integer) as attempt_number,
    p.region_province,
    p.region_city,
    p.region_source,
    p.campaign_id,
    p.script_id,
    coalesce(p.lead_channel, p.channel, 'unattributed') as channel,
    p.attribution,
    p.lead_key,
    p.leg_count,
    p.transfer_count,
    p.join_count,
    p.agent_count,
    p.wait_seconds,
    p.consult_seconds,
    p.is_united,
    p.recording_ref,
    p.related_order_id,
    p.csat_score,
    p.notes is not null as has_notes,
    p.tags is not null as has_tags,
    cast(coalesce(flags.flag_count, 0) as integer) as dq_flag_count,
    p.source_file,
    p.source_line
from profiled as p
left join {{ source('policy', 'tech_results') }} as results on p.tech_result = results.tech_result
left join tiers
    on p.tiered_profile = tiers.profile
    and p.talk_seconds >= tiers.first_second
    and p.talk_seconds <= tiers.last_second
    and {{ is_valid_on('tiers', 'p.call_date') }}
left join bands
    on p.banded = bands.banded
    and p.talk_seconds >= bands.first_second
    and p.talk_seconds <= bands.last_second
left join {{ ref('int_customers') }} as known on p.customer_key = known.customer_key
left join attempts on p.call_key = attempts.call_key
left join ends on p.source_system = ends.source_system and p.call_date = ends.call_date
left join flags on p.call_key = flags.call_key
