select 'fct_calls' as output, count(*) as n, sum(talk_seconds) as a, count(lead_id) as b, sum(attempt_number) as c from fct_calls
union all select 'agent_days', count(*), sum(k), sum(high_intent), round(sum(low) * 1000) from agent_days
union all select 'funnel', count(*), sum(connect), sum(intent), sum(deal) from funnel
union all select 'channel_months', count(*), round(sum(revenue)), round(sum(cost)), sum(orders) from channel_months
union all select 'high_intent', count(*), sum(calls), sum(longest), sum(long_calls) from high_intent
order by 1
