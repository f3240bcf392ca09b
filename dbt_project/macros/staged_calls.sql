{# A call and a leg of a call are read alike. #}

{% macro call_maps() -%}
    {{ return(['direction', 'dial_mode', 'tech_result', 'platform_block', 'business_result', 'handling_type', 'hangup_side', 'sentiment']) }}
{%- endmacro %}

{# Names and SQL of the typed columns of a row of raw.calls or raw.call_legs; needs join_call_maps. #}
{% macro typed_call(row) %}
    {%- set typed = {} -%}
    {%- for column in ['started_at', 'ringing_at', 'answered_at', 'ended_at', 'next_contact_at'] -%}
        {%- do typed.update({column: parse_ts(row ~ '.' ~ column)}) -%}
    {%- endfor -%}
    {%- for column in ['ivr', 'queue', 'ring', 'hold', 'talk', 'acw', 'total'] -%}
        {%- do typed.update({column ~ '_seconds': parse_seconds(row ~ '.' ~ column ~ '_seconds')}) -%}
    {%- endfor -%}
    {%- for column in ['is_connected', 'csat_offered', 'is_marketing_opted_in', 'is_do_not_call', 'is_compliant'] -%}
        {%- do typed.update({column: parse_bool(row ~ '.' ~ column)}) -%}
    {%- endfor -%}
    {%- for column in ['csat_score', 'qa_score', 'mos_score', 'leg_count', 'transfer_count'] -%}
        {%- do typed.update({column: parse_num(row ~ '.' ~ column)}) -%}
    {%- endfor -%}
    {%- for column in call_maps() -%}
        {%- do typed.update({column: mapped(row, column)}) -%}
    {%- endfor -%}
    {%- for column in ['direction', 'tech_result', 'business_result'] -%}
        {%- do typed.update({'is_' ~ column ~ '_unmapped': is_unmapped(row, column)}) -%}
    {%- endfor -%}
    {%- for column in call_texts() -%}
        {%- do typed.update({column: 'nullif(trim(' ~ row ~ '.' ~ column ~ "), '')"}) -%}
    {%- endfor -%}
    {%- set tag_separators = policy_text('list.separators') -%}
    {%- set id_separators = policy_text('list.id_separators') -%}
    {%- do typed.update({
        'tags': split_list(row ~ '.tags', tag_separators),
        'customer_tags': split_list(row ~ '.customer_tags', tag_separators),
        'agent_id': first_of_list('coalesce(' ~ row ~ '.agent_id, ' ~ row ~ '.agent_ids)', id_separators),
        'agent_ids': split_list('coalesce(' ~ row ~ '.agent_ids, ' ~ row ~ '.agent_id)', id_separators),
        'export_province': place(row ~ '.region_province'),
        'export_city': place(row ~ '.region_city'),
        'phone_e164': parse_e164(row ~ '.customer_number'),
        'number_status': parse_number_status(row ~ '.customer_number'),
        'customer_phone_masked': parse_mask(row ~ '.customer_number'),
        'own_number': parse_clean_number(row ~ '.own_number')}) -%}
    {{ return(typed) }}
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
    {%- for column in call_maps() %}
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

{# Talk as delivered, else from answer to end; 0 without connection, NULL when negative or unknown. #}
{% macro talk_of_call(row, is_connected) -%}
    case
        when {{ row }}.talk_seconds < 0 then null
        when {{ row }}.talk_seconds is not null then {{ row }}.talk_seconds
        when not {{ is_connected }} then 0
        when {{ row }}.ended_at >= {{ row }}.answered_at then
            cast({{ seconds_between(row ~ '.answered_at', row ~ '.ended_at') }} as integer) - coalesce({{ row }}.hold_seconds, 0)
    end
{%- endmacro %}
