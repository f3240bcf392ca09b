{# A call and a leg of a call are read alike. #}

{% macro call_maps() -%}
    {{ return(['direction', 'dial_mode', 'tech_result', 'platform_block', 'business_result', 'handling_type', 'hangup_side', 'sentiment']) }}
{%- endmacro %}

{# Names and SQL of the typed columns of a row of raw.calls or raw.call_legs; needs join_call_maps. Columns that no
   file fills are constants: with most of them empty, reading them took a fifth of the model's time. #}
{% macro typed_call(row, feed) %}
    {%- set unfilled = unfilled_columns(feed) -%}
    {%- set cell = {} -%}
    {%- for column in call_cells() -%}
        {%- do cell.update({column: 'cast(null as string)' if column in unfilled else row ~ '.' ~ column}) -%}
    {%- endfor -%}
    {%- set typed = {} -%}
    {%- for column in ['started_at', 'ringing_at', 'answered_at', 'ended_at', 'next_contact_at'] -%}
        {%- do typed.update({column: parse_ts(cell[column])}) -%}
    {%- endfor -%}
    {%- for moment in ['started', 'ringing', 'answered', 'ended'] -%}
        {%- do typed.update({moment ~ '_utc': parse_instant(cell[moment ~ '_at'])}) -%}
    {%- endfor -%}
    {%- for column in ['ivr_seconds', 'queue_seconds', 'ring_seconds', 'hold_seconds', 'talk_seconds', 'acw_seconds', 'total_seconds'] -%}
        {%- do typed.update({column: parse_seconds(cell[column])}) -%}
    {%- endfor -%}
    {%- for column in ['is_connected', 'csat_offered', 'is_marketing_opted_in', 'is_do_not_call', 'is_compliant'] -%}
        {%- do typed.update({column: parse_bool(cell[column])}) -%}
    {%- endfor -%}
    {%- for column in ['csat_score', 'qa_score', 'mos_score', 'leg_count', 'transfer_count'] -%}
        {%- do typed.update({column: parse_num(cell[column])}) -%}
    {%- endfor -%}
    {%- for column in call_maps() -%}
        {%- do typed.update({column: cell[column] if column in unfilled else mapped(row, column)}) -%}
    {%- endfor -%}
    {%- for column in ['direction', 'tech_result', 'business_result'] -%}
        {%- do typed.update({'is_' ~ column ~ '_unmapped': 'false' if column in unfilled else is_unmapped(row, column)}) -%}
    {%- endfor -%}
    {%- for column in call_texts() -%}
        {%- do typed.update({column: 'nullif(trim(' ~ cell[column] ~ "), '')"}) -%}
    {%- endfor -%}
    {%- set tag_separators = policy_constant('list.separators') -%}
    {%- set id_separators = policy_constant('list.id_separators') -%}
    {%- do typed.update({
        'tags': split_list(cell['tags'], tag_separators),
        'customer_tags': split_list(cell['customer_tags'], tag_separators),
        'agent_id': first_of_list('coalesce(' ~ cell['agent_id'] ~ ', ' ~ cell['agent_ids'] ~ ')', id_separators),
        'agent_ids': split_list('coalesce(' ~ cell['agent_ids'] ~ ', ' ~ cell['agent_id'] ~ ')', id_separators),
        'export_province': place(cell['region_province']),
        'export_city': place(cell['region_city']),
        'phone_e164': parse_e164(cell['customer_number']),
        'number_status': parse_number_status(cell['customer_number']),
        'customer_phone_masked': parse_mask(cell['customer_number']),
        'own_number': parse_clean_number(cell['own_number'])}) -%}
    {{ return(typed) }}
{%- endmacro %}

{% macro call_cells() -%}
    {{ return(call_maps() + call_texts() + ['started_at', 'ringing_at', 'answered_at', 'ended_at', 'next_contact_at', 'ivr_seconds',
        'queue_seconds', 'ring_seconds', 'hold_seconds', 'talk_seconds', 'acw_seconds', 'total_seconds', 'is_connected',
        'csat_offered', 'is_marketing_opted_in', 'is_do_not_call', 'is_compliant', 'csat_score', 'qa_score', 'mos_score',
        'leg_count', 'transfer_count', 'tags', 'customer_tags', 'agent_id', 'agent_ids', 'region_province', 'region_city',
        'customer_number', 'own_number']) }}
{%- endmacro %}

{# What a call carries besides the typed columns: where it comes from and its day. #}
{% macro call_origin() -%}
    {{ return(['source_system', 'source_call_id', 'call_date', 'row_key', 'row_hash', 'file_id', 'source_file', 'source_line', 'loaded_at']) }}
{%- endmacro %}

{% macro call_texts() -%}
    {{ return(['agent_name', 'department', 'skill_group', 'queue', 'business_line', 'line_id', 'carrier', 'campaign_id',
        'script_id', 'script_version', 'channel', 'lead_id', 'customer_id', 'related_order_id', 'related_ticket_id',
        'recording_ref', 'failure_reason', 'hangup_reason', 'notes', 'topic', 'interested_product', 'pain_points',
        'main_objection', 'ai_intent', 'next_action']) }}
{%- endmacro %}

{% macro join_call_maps(row, feed) -%}
    {%- for column in call_maps() if column not in unfilled_columns(feed) %}
    {{ join_value_map(row, feed, column) }}
    {%- endfor %}
{%- endmacro %}

{# An explicit flag decides, then the technical result, then what the clocks say. `results` is policy.tech_results. #}
{% macro is_connected_call(row) -%}
    coalesce(
        {{ row }}.is_connected,
        case when {{ row }}.tech_result is not null and {{ row }}.tech_result <> 'unknown' then results.is_connected end,
        {{ row }}.answered_at is not null or {{ row }}.talk_seconds > 0, false)
{%- endmacro %}

{# Talk as delivered, else from answer to end on a clock without changes; 0 without connection, NULL when negative, absurd
   or unknown. Of a united call the legs have said all there is. #}
{% macro talk_of_call(row, is_connected, is_united='false') -%}
    case
        when {{ row }}.talk_seconds is not null then {{ sane_length(row ~ '.talk_seconds') }}
        when not {{ is_connected }} then 0
        when {{ is_united }} then null
        when {{ seconds_between(row ~ '.answered_utc', row ~ '.ended_utc') }} between 0 and {{ policy_constant('call.absurd_seconds') or '0' }} then
            cast(greatest({{ seconds_between(row ~ '.answered_utc', row ~ '.ended_utc') }} - coalesce({{ sane_length(row ~ '.hold_seconds') }}, 0), 0) as integer)
    end
{%- endmacro %}
