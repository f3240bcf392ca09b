-- Leads created from $start to $end and the stages they had reached by the end of $end. A stage counts as reached
-- when it or a later one was; stages and their evidence are policy.
with leads as (
    select * from fct_leads where created_date between $start and $end
),

evidence as (
    select lead_key, 'call' as kind, cast(null as varchar) as value, first_dial_at as occurred_at from leads
    union all
    select lead_key, 'connected_call', null, first_connect_at from leads
    union all
    select lead_key, 'high_intent_call', null, first_high_intent_at from leads
    union all
    select lead_key, 'order', null, deal_at from leads
    union all
    select lead_key, 'repeat_order', null, repurchase_at from leads
    union all
    select lead_key, 'referral', null, referral_at from leads
    union all
    select lead_key, 'stage_event', stage, occurred_at from fct_lead_events semi join leads using (lead_key)
),

furthest as (
    select evidence.lead_key, max(stages.ordinal) as ordinal
    from evidence
    inner join policy.funnel_evidence as rules
        on evidence.kind = rules.evidence_kind
        and (rules.evidence_value is null or rules.evidence_value = evidence.value)
        and cast(evidence.occurred_at as date) between coalesce(rules.valid_from, date '0001-01-01')
            and coalesce(rules.valid_to, date '9999-12-31')
    inner join policy.funnel_stages as stages on rules.preset = stages.preset and rules.stage = stages.stage
    where rules.preset = $preset and cast(evidence.occurred_at as date) <= $end
    group by evidence.lead_key
),

deal as (
    select min(stages.ordinal) as ordinal
    from policy.funnel_stages as stages
    inner join policy.funnel_evidence as rules using (preset, stage)
    where preset = $preset and rules.evidence_kind = 'order'
)

select
    stages.stage,
    stages.ordinal,
    stages.is_optional,
    stages.label_zh,
    stages.label_en,
    stages.ordinal > (select ordinal from deal) as is_after_deal,
    (select count(*) from leads) as entered,
    (select count(*) from furthest where furthest.ordinal >= stages.ordinal) as reached
from policy.funnel_stages as stages
where stages.preset = $preset
order by stages.ordinal
