-- A connected customer call with a known talk time has exactly one tier: a gap between the limits of a profile shows here.
select call_key, tier_profile, call_date, talk_seconds
from {{ ref('fct_calls') }}
where is_customer_call and is_connected and talk_seconds is not null and duration_tier is null
    and {{ in_build_dates('call_date', ['fct_calls']) }}
