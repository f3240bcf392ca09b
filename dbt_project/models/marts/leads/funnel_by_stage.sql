-- Stages and what proves them come from policy; a lead has reached a stage when it reached it or a later one in time.
with settings as (
    select
        {{ as_of_date() }} as as_of_date,
        {{ policy_number('funnel.horizon_days') }} as horizon_days,
        {{ policy_number('min_n') }} as min_n,
        {{ policy_number('wilson.z') }} as z
),

leads as (
    select lead_key, cohort_week, channel, created_at, false as is_all_channels from {{ ref('fct_leads') }}
    union all
    select lead_key, cohort_week, 'all' as channel, created_at, true as is_all_channels from {{ ref('fct_leads') }}
),

evidence as (
    {% for kind, column in [('call', 'first_dial_at'), ('connected_call', 'first_connect_at'),
        ('high_intent_call', 'first_high_intent_at'), ('order', 'deal_at'), ('repeat_order', 'repurchase_at'),
        ('referral', 'referral_at')] -%}
    select lead_key, '{{ kind }}' as evidence_kind, cast(null as string) as evidence_value, {{ column }} as occurred_at
    from {{ ref('fct_leads') }} where {{ column }} is not null
    union all
    {% endfor -%}
    select lead_key, 'stage_event', stage, occurred_at from {{ ref('fct_lead_events') }}
),

-- First own evidence of each stage within the horizon.
stage_times as (
    select
        leads.lead_key,
        leads.cohort_week,
        leads.channel,
        leads.is_all_channels,
        leads.created_at,
        stages.preset,
        stages.stage,
        stages.ordinal,
        min(evidence.occurred_at) as stage_at
    from leads
    cross join settings
    inner join evidence
        on leads.lead_key = evidence.lead_key
        and cast(evidence.occurred_at as date) < {{ add_days('cast(leads.created_at as date)', 'settings.horizon_days') }}
    inner join {{ source('policy', 'funnel_evidence') }} as rules
        on evidence.evidence_kind = rules.evidence_kind
        and (rules.evidence_value is null or rules.evidence_value = evidence.evidence_value)
        and {{ is_valid_on('rules', 'cast(evidence.occurred_at as date)') }}
    inner join {{ source('policy', 'funnel_stages') }} as stages
        on rules.preset = stages.preset and rules.stage = stages.stage
    group by
        leads.lead_key, leads.cohort_week, leads.channel, leads.is_all_channels, leads.created_at,
        stages.preset, stages.stage, stages.ordinal
),

with_previous as (
    select
        *,
        lag(stage_at) over (
            partition by lead_key, is_all_channels, preset order by ordinal) as previous_at,
        lag(ordinal) over (
            partition by lead_key, is_all_channels, preset order by ordinal) as previous_ordinal,
        max(ordinal) over (partition by lead_key, is_all_channels, preset) as furthest_ordinal
    from stage_times
),

-- Whole seconds until the mean is taken: a mean of fractions depends on the order of the rows.
timings as (
    select
        *,
        greatest(0, {{ seconds_between('created_at', 'stage_at') }}) as seconds_from_creation,
        case when previous_ordinal = ordinal - 1 and stage_at >= previous_at
            then {{ seconds_between('previous_at', 'stage_at') }} end as seconds_from_previous
    from with_previous
),

measured as (
    select
        preset, cohort_week, channel, is_all_channels, stage,
        count(*) as directly_reached,
        count(seconds_from_previous) as timed_leads,
        avg(seconds_from_previous) / 86400 as mean_days_from_previous,
        percentile_cont(0.5) within group (order by seconds_from_previous) / 86400 as median_days_from_previous,
        percentile_cont(0.9) within group (order by seconds_from_previous) / 86400 as p90_days_from_previous,
        avg(seconds_from_creation) / 86400 as mean_days_from_creation,
        percentile_cont(0.5) within group (order by seconds_from_creation) / 86400 as median_days_from_creation,
        percentile_cont(0.9) within group (order by seconds_from_creation) / 86400 as p90_days_from_creation
    from timings
    group by preset, cohort_week, channel, is_all_channels, stage
),

furthest as (
    select preset, cohort_week, channel, is_all_channels, furthest_ordinal, count(*) as leads
    from with_previous
    where ordinal = furthest_ordinal
    group by preset, cohort_week, channel, is_all_channels, furthest_ordinal
),

cohorts as (
    select cohort_week, channel, is_all_channels, count(*) as entered
    from leads
    group by cohort_week, channel, is_all_channels
),

deal_stages as (
    select preset, max(stages.ordinal) as deal_ordinal
    from {{ source('policy', 'funnel_stages') }} as stages
    inner join {{ source('policy', 'funnel_evidence') }} as rules using (preset, stage)
    where rules.evidence_kind = 'order'
    group by preset
),

counted as (
    select
        stages.preset, cohorts.cohort_week, cohorts.channel, cohorts.is_all_channels,
        stages.stage, stages.ordinal, stages.is_optional, deal_stages.deal_ordinal, cohorts.entered,
        cast(coalesce(sum(furthest.leads) filter (where furthest.furthest_ordinal >= stages.ordinal), 0) as bigint)
            as reached
    from cohorts
    cross join {{ source('policy', 'funnel_stages') }} as stages
    left join deal_stages on stages.preset = deal_stages.preset
    left join furthest
        on stages.preset = furthest.preset and cohorts.cohort_week = furthest.cohort_week
        and cohorts.channel = furthest.channel and cohorts.is_all_channels = furthest.is_all_channels
    group by
        stages.preset, cohorts.cohort_week, cohorts.channel, cohorts.is_all_channels,
        stages.stage, stages.ordinal, stages.is_optional, deal_stages.deal_ordinal, cohorts.entered
),

chained as (
    select
        counted.*,
        lead(counted.reached) over by_stage as next_reached,
        max(case when counted.ordinal = counted.deal_ordinal then counted.reached end) over (
            partition by counted.preset, counted.cohort_week, counted.channel, counted.is_all_channels) as deals,
        {{ add_days('counted.cohort_week', '6 + settings.horizon_days') }} <= settings.as_of_date as is_mature,
        settings.min_n,
        settings.z
    from counted
    cross join settings
    window by_stage as (
        partition by counted.preset, counted.cohort_week, counted.channel, counted.is_all_channels
        order by counted.ordinal)
),

-- What a lead at a stage is worth in deals, pooled over mature cohorts so that small channels borrow strength.
worth as (
    select preset, ordinal, {{ rate('sum(deals)', 'sum(reached)') }} as deals_per_lead
    from chained
    where is_mature and not is_all_channels
    group by preset, ordinal
),

losses as (
    select
        chained.*,
        case when chained.ordinal < chained.deal_ordinal then chained.reached - chained.next_reached end as lost_to_next,
        case when chained.ordinal < chained.deal_ordinal and chained.is_mature
            then (chained.reached - chained.next_reached) * worth.deals_per_lead end as expected_deals_lost
    from chained
    left join worth on chained.preset = worth.preset and worth.ordinal = chained.ordinal + 1
),

ranked as (
    select
        *,
        row_number() over (
            partition by preset, cohort_week, channel, is_all_channels
            order by expected_deals_lost desc nulls last, ordinal nulls last) as loss_rank
    from losses
)

select
    ranked.preset,
    ranked.cohort_week,
    ranked.channel,
    ranked.is_all_channels,
    ranked.stage,
    ranked.ordinal,
    ranked.is_optional,
    ranked.entered,
    ranked.reached,
    coalesce(measured.directly_reached, 0) as directly_reached,
    ranked.next_reached,
    {%- set columns = {'funnel_next_reached': 'next_reached', 'funnel_reached': 'reached', 'funnel_entered': 'entered'} %}
    {{ metric_rate('funnel_conversion_rate', 'ranked', columns, 'conversion_rate', 'wilson', 'ranked.z') }},
    {{ metric_rate('funnel_reached_rate', 'ranked', columns, 'reached_rate', false) }},
    ranked.reached >= ranked.min_n as n_ok,
    ranked.is_mature,
    ranked.lost_to_next,
    ranked.expected_deals_lost,
    case when ranked.is_mature and ranked.entered >= ranked.min_n
        then ranked.loss_rank = 1 and coalesce(ranked.expected_deals_lost, 0) > 0 end as is_weakest,
    coalesce(measured.timed_leads, 0) as timed_leads,
    measured.mean_days_from_previous,
    measured.median_days_from_previous,
    measured.p90_days_from_previous,
    measured.mean_days_from_creation,
    measured.median_days_from_creation,
    measured.p90_days_from_creation
from ranked
left join measured
    on ranked.preset = measured.preset and ranked.cohort_week = measured.cohort_week
    and ranked.channel = measured.channel and ranked.is_all_channels = measured.is_all_channels
    and ranked.stage = measured.stage
