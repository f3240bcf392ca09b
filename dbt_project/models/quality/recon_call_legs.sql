{{ config(materialized='incremental', incremental_strategy='touched_dates', event_time='leg_date',
    meta={'follows': ['call_legs']}) }}
-- What becomes of every leg, and what told the direction: no row vanishes, and a guess is counted as one.
with legs as (
    select
        call_key, source_system, leg_date, file_id, role, direction, direction_basis,
        max(case when role in ({{ unheard() }}) then 0 else 1 end) over (partition by call_key, leg_date) as is_of_call
    from {{ ref('stg_call_legs') }}
    where {{ is_touched('leg_date') }}
)

select
    leg_date,
    file_id,
    min(source_system) as source_system,
    count(*) as legs,
    count(case when role in ({{ persons() }}) then 1 end) as legs_of_persons,
    count(case when role = 'copy' then 1 end) as copies,
    count(case when role = 'monitor' then 1 end) as monitors,
    count(case when role not in ({{ persons() }}, {{ unheard() }}) then 1 end) as legs_of_machines,
    count(case when is_of_call = 0 then 1 end) as legs_of_no_call,
    count(case when role not in ({{ unheard() }}) then direction end) as directions,
    {% for basis in ['plan', 'context', 'numbers', 'guess'] -%}
    count(case when role not in ({{ unheard() }}) and direction_basis = '{{ basis }}' then 1 end) as directions_by_{{ basis }},
    {% endfor -%}
    {{ rate("count(case when role not in (" ~ unheard() ~ ") and direction_basis = 'guess' then 1 end)", "count(case when role not in (" ~ unheard() ~ ") then direction end)") }}
        as guessed_share
from legs
group by leg_date, file_id
