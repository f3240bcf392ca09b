{{ config(**by_date('call_date', ['fct_calls'], touched_keys={'lead': 'lead_key', 'customer': 'customer_key'},
    touched_columns=['call_key', 'lead_key', 'customer_key', 'customer_phone_masked', 'started_at', 'direction', 'is_dial',
        'is_connected', 'is_high_intent', 'talk_seconds'])) }}
-- depends_on: {{ ref('int_propagation') }}
with calls as (
    select * from {{ ref('stg_calls') }} where {{ is_touched('call_date', ['fct_calls']) }}
),

flags as (
    select call_key, flag_count from {{ ref('dq_calls') }} where {{ is_touched('call_date', ['fct_calls']) }}
),

-- The lead the export names, else the customer's last lead before the call (one at most, see int_leads).
attributed as (
    select
        calls.*,
        coalesce(same_source.lead_key, any_source.lead_key, last_lead.lead_key) as lead_key,
        nullif(coalesce(same_source.channel, any_source.channel, last_lead.channel), 'unattributed') as lead_channel,
        nullif(coalesce(same_source.business_line, any_source.business_line, last_lead.business_line), 'unknown')
            as lead_business_line,
        case
            when coalesce(same_source.lead_key, any_source.lead_key) is not null then 'lead_id'
            when last_lead.lead_key is not null then 'last_touch'
            when calls.channel is not null then 'export'
            else 'unattributed'
        end as attribution
    from calls
    left join {{ ref('int_leads') }} as same_source
        on calls.source_lead_id = same_source.source_lead_id and calls.source_system = same_source.source_system
    left join {{ ref('int_leads') }} as any_source
        on calls.source_lead_id = any_source.source_lead_id and any_source.is_first_with_id
    left join {{ ref('int_leads') }} as last_lead
        on same_source.lead_key is null and any_source.lead_key is null
        and calls.direction <> 'internal'
        and calls.customer_key = last_lead.customer_key
        and calls.started_at >= last_lead.created_at
        and calls.started_at < last_lead.attributed_until
),

lined as (
    select
        a.*,
        coalesce(numbers.business_line, a.lead_business_line, 'unknown') as line,
        agents.agent_name as roster_name,
        agents.team as roster_team,
        agents.skill_group as roster_skill_group,
        case when a.direction = 'outbound' and a.customer_key is not null then row_number() over (
            partition by a.customer_key, a.call_date, a.direction
            order by a.started_at nulls last, a.call_key nulls last) end as attempt_number,
        maximum.value_number as max_seconds,
        shortest.value_number as min_unanswered_seconds
    from attributed as a
    left join {{ ref('int_own_numbers') }} as numbers
        on a.own_number = numbers.own_number and {{ is_valid_on('numbers', 'a.call_date') }}
    left join {{ ref('int_agents') }} as agents on a.agent_id = agents.agent_id
    {{ join_setting('maximum', 'call.max_seconds', 'a.call_date') }}
    {{ join_setting('shortest', 'clean.min_unanswered_seconds', 'a.call_date') }}
),

-- A business line without rule of its own, or on a day that its rules do not cover, follows the row '*'.
profiled as (
    select
        l.*,
        coalesce(own_rule.tier_profile, common_rule.tier_profile) as tier_profile,
        l.is_connected and l.talk_seconds is not null and l.talk_seconds <= l.max_seconds as is_valid_for_tiers
    from lined as l
    left join {{ source('policy', 'business_lines') }} as own_rule
        on l.line = own_rule.business_line and {{ is_valid_on('own_rule', 'l.call_date') }}
    left join {{ source('policy', 'business_lines') }} as common_rule
        on common_rule.business_line = '*' and {{ is_valid_on('common_rule', 'l.call_date') }}
)

select
    p.call_key,
    p.source_system,
    p.source_call_id,
    p.direction,
    p.started_at,
    p.ringing_at,
    p.answered_at,
    p.ended_at,
    p.call_date,
    cast(extract(hour from p.started_at) as integer) as call_hour,
    {{ iso_weekday('p.call_date') }} as weekday,
    coalesce(holidays.is_workday, {{ iso_weekday('p.call_date') }} < {{ saturday() }}) as is_workday,
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
    p.direction = 'inbound' and not p.is_connected and coalesce(results.is_abandoned, false) as is_abandoned,
    coalesce(results.is_platform_block, false) as is_platform_block,
    coalesce(results.is_number_invalid, false) as is_number_invalid,
    not p.is_connected and coalesce(p.ring_seconds, p.total_seconds, {{ seconds_between('p.started_at', 'p.ended_at') }})
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
    p.customer_phone_masked,
    p.number_status,
    coalesce(first_orders.ordered_at < p.started_at, false) as is_existing_customer,
    cast(p.attempt_number as integer) as attempt_number,
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
    p.recording_ref,
    p.related_order_id,
    p.csat_score,
    p.notes is not null as has_notes,
    p.tags is not null as has_tags,
    cast(coalesce(flags.flag_count, 0) as integer) as dq_flag_count,
    p.source_file,
    p.source_line
from profiled as p
left join {{ source('policy', 'holidays') }} as holidays on p.call_date = holidays.calendar_date
left join {{ source('policy', 'tech_results') }} as results on p.tech_result = results.tech_result
left join {{ source('policy', 'tier_rules') }} as tiers
    on p.is_connected
    and p.tier_profile = tiers.profile
    and {{ is_valid_on('tiers', 'p.call_date') }}
    and (p.talk_seconds > tiers.lower_seconds or (tiers.lower_inclusive and p.talk_seconds = tiers.lower_seconds))
    and (tiers.upper_seconds is null or p.talk_seconds < tiers.upper_seconds
        or (tiers.upper_inclusive and p.talk_seconds = tiers.upper_seconds))
left join {{ source('policy', 'duration_bands') }} as bands
    on p.is_connected
    and p.talk_seconds >= bands.lower_seconds
    and (bands.upper_seconds is null or p.talk_seconds < bands.upper_seconds)
left join {{ ref('int_orders') }} as first_orders
    on first_orders.order_number = 1 and p.customer_key = first_orders.customer_key
left join flags on p.call_key = flags.call_key
