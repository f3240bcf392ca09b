{# Vendors' text to values. DuckDB uses the macros of dial2deal/parsing/parse.sql, the loader's own: one definition.
   The Spark versions read the common forms in plain Spark SQL and return NULL for the rest. #}

{% macro parse_seconds(text) %}{{ return(adapter.dispatch('parse_seconds', 'dial2deal')(text)) }}{% endmacro %}
{% macro duckdb__parse_seconds(text) %}parse.seconds({{ text }}){% endmacro %}
{% macro spark__parse_seconds(text) -%}
    cast(round(case
        when {{ text }} rlike '^-?[0-9]+([.][0-9]+)?$' then try_cast({{ text }} as double)
        when {{ text }} rlike '^[0-9]+:[0-9]{1,2}:[0-9]{1,2}$' then
            try_cast(split_part({{ text }}, ':', 1) as int) * 3600 + try_cast(split_part({{ text }}, ':', 2) as int) * 60
            + try_cast(split_part({{ text }}, ':', 3) as int)
        when {{ text }} rlike '^[0-9]+:[0-9]{1,2}$' then
            try_cast(split_part({{ text }}, ':', 1) as int) * 60 + try_cast(split_part({{ text }}, ':', 2) as int)
        when {{ text }} rlike '^[0-9.]+ms$' then try_cast(replace({{ text }}, 'ms', '') as double) / 1000
        when {{ text }} rlike '^[0-9.]+min$' then try_cast(replace({{ text }}, 'min', '') as double) * 60
        when {{ text }} rlike '^[0-9.]+d$' then try_cast(replace({{ text }}, 'd', '') as double) * 86400
        when {{ text }} rlike '(小时|分|秒)' then
            coalesce(try_cast(nullif(regexp_extract({{ text }}, '([0-9]+)小时', 1), '') as int), 0) * 3600
            + coalesce(try_cast(nullif(regexp_extract({{ text }}, '([0-9]+)分', 1), '') as int), 0) * 60
            + coalesce(try_cast(nullif(regexp_extract({{ text }}, '([0-9]+)秒', 1), '') as int), 0)
    end) as int)
{%- endmacro %}

{% macro parse_ts(text) %}{{ return(adapter.dispatch('parse_ts', 'dial2deal')(text)) }}{% endmacro %}
{% macro duckdb__parse_ts(text) %}parse.ts({{ text }}){% endmacro %}
{% macro spark__parse_ts(text) -%}
    coalesce(try_to_timestamp({{ text }}), try_to_timestamp({{ text }}, 'yyyy/M/d H:m:s'),
             try_to_timestamp({{ text }}, 'yyyy/M/d H:m'))
{%- endmacro %}

{# The moment on a clock without changes: UTC, or local time itself where the policy's zone never changes its clocks. #}
{% macro parse_instant(text) %}{{ return(adapter.dispatch('parse_instant', 'dial2deal')(text)) }}{% endmacro %}
{% macro duckdb__parse_instant(text) %}parse.instant({{ text }}){% endmacro %}
{% macro spark__parse_instant(text) -%}
    to_utc_timestamp({{ spark__parse_ts(text) }}, {{ policy_text('time_zone') }})
{%- endmacro %}

{% macro parse_day(text) %}{{ return(adapter.dispatch('parse_day', 'dial2deal')(text)) }}{% endmacro %}
{% macro duckdb__parse_day(text) %}parse.day({{ text }}){% endmacro %}
{% macro spark__parse_day(text) -%}
    cast(coalesce(try_to_timestamp({{ text }}), try_to_timestamp({{ text }}, 'yyyy/M/d'),
                  try_to_timestamp({{ text }}, 'yyyy-M')) as date)
{%- endmacro %}

{% macro parse_money(text) %}{{ return(adapter.dispatch('parse_money', 'dial2deal')(text)) }}{% endmacro %}
{% macro duckdb__parse_money(text) %}parse.money({{ text }}){% endmacro %}
{% macro spark__parse_money(text) -%}
    cast(try_cast(regexp_replace({{ text }}, '[^0-9.+-]', '') as decimal(18,4))
         * (case when {{ text }} rlike '亿' then 100000000 when {{ text }} rlike '万' then 10000 else 1 end)
         as decimal(18,2))
{%- endmacro %}

{% macro parse_num(text) %}{{ return(adapter.dispatch('parse_num', 'dial2deal')(text)) }}{% endmacro %}
{% macro duckdb__parse_num(text) %}parse.num({{ text }}){% endmacro %}
{% macro spark__parse_num(text) %}try_cast(regexp_replace({{ text }}, '[, ]', '') as double){% endmacro %}

{% macro parse_bool(text) %}{{ return(adapter.dispatch('parse_bool', 'dial2deal')(text)) }}{% endmacro %}
{% macro duckdb__parse_bool(text) %}parse.bool({{ text }}){% endmacro %}
{% macro spark__parse_bool(text) -%}
    (case when lower(trim({{ text }})) in ('1', 'y', 'yes', 'true', 't', '是', '√', '已接听', '已接通', '接通') then true
          when lower(trim({{ text }})) in ('0', 'n', 'no', 'false', 'f', '否', '×', '未接听', '未接通') then false end)
{%- endmacro %}

{% macro parse_clean_number(text) %}{{ return(adapter.dispatch('parse_clean_number', 'dial2deal')(text)) }}{% endmacro %}
{% macro duckdb__parse_clean_number(text) %}parse.clean_number({{ text }}){% endmacro %}
{% macro spark__parse_clean_number(text) %}nullif(regexp_replace({{ text }}, '[^0-9+*]', ''), ''){% endmacro %}

{% macro parse_e164(text) %}{{ return(adapter.dispatch('parse_e164', 'dial2deal')(text)) }}{% endmacro %}
{% macro duckdb__parse_e164(text) %}parse.e164({{ text }}){% endmacro %}
{% macro spark__parse_e164(text) -%}
    nullif(concat('+86', regexp_extract(regexp_replace({{ text }}, '[^0-9+*]', ''),
           '^([+]?86|0086|0)?(1[3-9][0-9]{9}|[1-9][0-9]{9,10})$', 2)), '+86')
{%- endmacro %}

{% macro parse_number_status(text) %}{{ return(adapter.dispatch('parse_number_status', 'dial2deal')(text)) }}{% endmacro %}
{% macro duckdb__parse_number_status(text) %}parse.number_status({{ text }}){% endmacro %}
{% macro spark__parse_number_status(text) -%}
    (case when {{ text }} is null or trim({{ text }}) in ('', '-', '未知', '隐藏', 'anonymous') then 'anonymous'
          when {{ text }} rlike '[*×•]' then 'masked'
          when {{ text }} rlike '[0-9][eE][+][0-9]' then 'lossy'
          when {{ spark__parse_e164(text) }} is not null then 'ok'
          when regexp_replace({{ text }}, '[^0-9]', '') rlike '^(400|800)[0-9]{7}$' then 'hotline'
          when regexp_replace({{ text }}, '[^0-9]', '') rlike '^[0-9]{3,6}$' then 'short_code'
          else 'invalid' end)
{%- endmacro %}

{% macro parse_mask(text) %}{{ return(adapter.dispatch('parse_mask', 'dial2deal')(text)) }}{% endmacro %}
{% macro duckdb__parse_mask(text) %}parse.mask({{ text }}){% endmacro %}
{% macro spark__parse_mask(text) -%}
    (case when regexp_replace({{ text }}, '[^0-9]', '') rlike '^.*[0-9]{11}$' then
          concat(left(right(regexp_replace({{ text }}, '[^0-9]', ''), 11), 3), '****',
                 right(regexp_replace({{ text }}, '[^0-9]', ''), 4))
          when {{ text }} is not null then concat('****', right(regexp_replace({{ text }}, '[^0-9]', ''), 2)) end)
{%- endmacro %}

{% macro parse_number_prefix(e164) %}{{ return(adapter.dispatch('parse_number_prefix', 'dial2deal')(e164)) }}{% endmacro %}
{% macro duckdb__parse_number_prefix(e164) %}parse.number_prefix({{ e164 }}){% endmacro %}
{% macro spark__parse_number_prefix(e164) -%}
    (case when {{ e164 }} rlike '^[+]861[3-9][0-9]{9}$' then substr({{ e164 }}, 4, 7)
          when {{ e164 }} rlike '^[+]86(10|2[0-9])[0-9]{8}$' then concat('0', substr({{ e164 }}, 4, 2))
          when {{ e164 }} rlike '^[+]86[3-9][0-9]{9,10}$' then concat('0', substr({{ e164 }}, 4, 3)) end)
{%- endmacro %}
