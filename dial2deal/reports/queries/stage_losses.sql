-- Expected deals lost at each step (mart funnel_by_stage), summed over the cohorts that were mature at the end of $end
-- and whose week began at most another horizon earlier. A row is named after the stage that its step leads to.
with cohorts as (
    select stage, ordinal, cohort_week, reached, lost_to_next, expected_deals_lost
    from funnel_by_stage
    where preset = $preset and is_all_channels and is_mature
        and cohort_week + cast(6 + $horizon as integer) <= $end
        and cohort_week > $end - cast(6 + 2 * $horizon as integer)
),

lost as (
    select
        ordinal,
        sum(reached) as reached,
        sum(lost_to_next) as lost,
        -- Rounded: a sum of fractions depends on the order of its rows.
        round(sum(expected_deals_lost), 6) as expected_deals_lost,
        min(cohort_week) as first_day,
        max(cohort_week) + 6 as last_day
    from cohorts
    where lost_to_next is not null
    group by ordinal
)

select
    following.stage,
    following.label_zh,
    following.label_en,
    stages.label_zh as before_zh,
    stages.label_en as before_en,
    lost.reached,
    lost.lost,
    lost.expected_deals_lost,
    lost.first_day,
    lost.last_day
from lost
inner join policy.funnel_stages as stages on stages.preset = $preset and stages.ordinal = lost.ordinal
inner join policy.funnel_stages as following on following.preset = $preset and following.ordinal = lost.ordinal + 1
order by lost.ordinal
