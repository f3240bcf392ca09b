{# Feeds with an event column: {feed: [staging model, its date column, column that ops.moved_ids names]}. #}
{% macro dated_feeds() -%}
    {{ return({
        'calls': ['stg_calls', 'call_date', 'row_key'],
        'leads': ['stg_leads', 'created_date', 'row_key'],
        'lead_events': ['stg_lead_events', 'event_date', 'row_key'],
        'customers': ['stg_customers', 'created_date', 'row_key'],
        'orders': ['stg_orders', 'order_date', 'row_key'],
        'channel_costs': ['stg_channel_costs', 'cost_date', 'row_key'],
        'call_legs': ['stg_call_legs', 'leg_date', 'delivered_call_id'],
        'queue_events': ['stg_queue_events', 'event_date', 'row_key'],
        'agent_states': ['stg_agent_states', 'state_date', 'row_key'],
        'script_experiments': ['stg_script_experiments', 'assigned_date', 'row_key'],
        'qa_scores': ['stg_qa_scores', 'scored_date', 'row_key'],
        'recordings': ['stg_recordings', 'recorded_date', 'row_key'],
        'transcripts': ['stg_transcripts', 'spoken_date', 'row_key'],
        'keyword_hits': ['stg_keyword_hits', 'hit_date', 'row_key'],
        'consents': ['stg_consents', 'recorded_date', 'row_key'],
        'do_not_call': ['stg_do_not_call', 'listed_date', 'row_key'],
        'complaints': ['stg_complaints', 'filed_date', 'row_key'],
        'csat_surveys': ['stg_csat_surveys', 'sent_date', 'row_key'],
        'tickets': ['stg_tickets', 'created_date', 'row_key'],
        'follow_ups': ['stg_follow_ups', 'planned_date', 'row_key'],
        'lines': ['stg_lines', 'started_date', 'row_key'],
        'trials': ['stg_trials', 'invited_date', 'row_key'],
        'courses': ['stg_courses', 'start_date', 'row_key'],
        'web_events': ['stg_web_events', 'event_date', 'row_key'],
        'app_events': ['stg_app_events', 'event_date', 'row_key'],
        'agent_statistics': ['stg_agent_statistics', 'stat_date', 'row_key'],
        'queue_statistics': ['stg_queue_statistics', 'stat_date', 'row_key'],
        'ad_statistics': ['stg_ad_statistics', 'stat_date', 'row_key'],
        'opportunities': ['stg_opportunities', 'opened_date', 'row_key'],
        'opportunity_events': ['stg_opportunity_events', 'event_date', 'row_key'],
        'contact_results': ['stg_contact_results', 'contact_date', 'row_key']}) }}
{%- endmacro %}

{# Feeds whose rows of one file and id are added up instead of replaced (adds_up in feeds.yml; a test compares them). #}
{% macro feeds_that_add_up() -%}
    {{ return(['channel_costs']) }}
{%- endmacro %}

{# Those of `feeds` with dates in this build; all while the project is only parsed. #}
{% macro feeds_to_build(feeds) %}
    {%- if not execute -%}{{ return(feeds) }}{%- endif -%}
    {%- set found = run_query('select distinct feed from ' ~ source('ops', 'build_dates')).columns[0].values() -%}
    {%- set chosen = {} -%}
    {%- for feed, names in feeds.items() if feed in found -%}{%- do chosen.update({feed: names}) -%}{%- endfor -%}
    {{ return(chosen) }}
{% endmacro %}
