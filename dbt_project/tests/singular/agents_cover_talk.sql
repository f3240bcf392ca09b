-- What a call's agents talked is at least what the call's talk is (more in a conference), and no one's part exceeds it.
{{ config(severity='error') }}
select calls.call_key, calls.talk_seconds, parts.talk_seconds as talk_of_agents, parts.longest_part
from {{ ref('fct_calls') }} as calls
left join (
    select call_key, sum(talk_seconds) as talk_seconds, max(talk_seconds) as longest_part
    from {{ ref('fct_call_agents') }}
    where {{ in_build_dates('call_date', ['fct_calls']) }}
    group by call_key
) as parts on calls.call_key = parts.call_key
where {{ in_build_dates('calls.call_date', ['fct_calls']) }}
    and calls.is_connected and calls.talk_seconds > 0
    and (coalesce(parts.talk_seconds, 0) < calls.talk_seconds or parts.longest_part > calls.talk_seconds + coalesce(calls.hold_seconds, 0))
