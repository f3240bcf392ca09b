-- depends_on: {{ ref('int_ad_costs') }}
{{ config(post_hook=['{{ announce_dates() }}']) }}
-- A period's spend lies on days that no row names, and delivered media costs end a month of it. Apart from
-- int_propagation: news of costs alone then concern no call.
{%- set old_costs = earlier_build('marts', 'fct_costs') %}
{%- set columns %}cost_key, cost_date, amount_cny, source_file, source_line{% endset %}

{%- if old_costs %}
with cost_rows as (
    (select {{ columns }} from {{ ref('int_ad_costs') }}
     except select {{ columns }} from {{ old_costs }} where cost_source = 'ad_statistics')
    union all
    (select {{ columns }} from {{ old_costs }} where cost_source = 'ad_statistics'
     except select {{ columns }} from {{ ref('int_ad_costs') }})
)

select distinct 'fct_costs' as target, cost_date as event_date from cost_rows
{%- else %}
select 'fct_costs' as target, cast(null as date) as event_date
where false
{%- endif %}
