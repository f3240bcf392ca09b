-- How the vendors' text is read: the one definition, used by the loader and by dbt on DuckDB.
-- Forms and golden rows: formats.md C.17. Every macro returns NULL for what it cannot read and never raises.
-- The common form is tested first and cheaply; the rest goes through a one-element list, the only way
-- to name an intermediate value in a macro.
create schema if not exists parse;

-- Set by the loader from the policy (time_zone, expected_country_code).
create macro if not exists parse.zone() as 'Asia/Shanghai';
create macro if not exists parse.country_code() as '86';

-- Full-width digits and punctuation become ASCII; zero-width, no-break and ideographic spaces go.
create or replace macro parse.ascii(t) as trim(translate(
    t,
    '０１２３４５６７８９：／－．，＋（）＊￥％［］　' || chr(160) || chr(9) || chr(8203) || chr(8204) || chr(8205) || chr(65279),
    '0123456789:/-.,+()*¥%[]   '));
-- Excel's own wrappings of a text cell: ="138…" and a leading apostrophe.
create or replace macro parse.unwrapped(t) as
    regexp_replace(regexp_replace(t, '^="(.*)"$', '\1'), '^[''‘’]', '');
create or replace macro parse.blank(t) as
    t is null or (strlen(t) < 6 and lower(trim(t)) in ('', '-', '--', '—', '/', 'n/a', 'na', 'null', 'none', 'nan', '\n', '无'));
-- Excel's display of a long number: its digits are lost (Q06).
create or replace macro parse.is_lossy(t) as
    coalesce(contains(t, 'E+') or contains(t, 'e+'), false)
    and regexp_full_match(parse.unwrapped(parse.ascii(t)), '[+-]?[0-9](\.[0-9]+)?[Ee]\+[0-9]{1,3}');

-- ---------------------------------------------------------------- durations
create or replace macro parse.seconds_of_clock(s) as case
    when regexp_full_match(s, '-?[0-9]{1,5}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]+)?') then
        (case when starts_with(s, '-') then -1 else 1 end) * (
            abs(split_part(s, ':', 1)::integer) * 3600 + split_part(s, ':', 2)::integer * 60
            + split_part(s, ':', 3)::double)
    when regexp_full_match(s, '-?[0-9]{1,6}:[0-9]{1,2}(\.[0-9]+)?') then
        (case when starts_with(s, '-') then -1 else 1 end) * (
            abs(split_part(s, ':', 1)::integer) * 60 + split_part(s, ':', 2)::double)
    end;
create or replace macro parse.seconds_of_words(s) as case
    when regexp_full_match(s, '([0-9]{1,4}(天|d))?([0-9]{1,5}(小时|时|h))?([0-9]{1,6}(分钟|分|′|''|min|m))?([0-9]{1,9}(\.[0-9]+)?(秒钟|秒|″|"|sec|s))?')
        and regexp_matches(s, '[0-9]') then
        coalesce(try_cast(regexp_extract(s, '([0-9]+)(天|d)', 1) as double), 0) * 86400
        + coalesce(try_cast(regexp_extract(s, '([0-9]+)(小时|时|h)', 1) as double), 0) * 3600
        + coalesce(try_cast(regexp_extract(s, '([0-9]+)(分|′|''|m)', 1) as double), 0) * 60
        + coalesce(try_cast(regexp_extract(s, '([0-9.]+)(秒|″|"|s)', 1) as double), 0)
    end;
create or replace macro parse.seconds_slow(t) as list_transform(
    [replace(replace(lower(parse.ascii(t)), ' ', ''), ',', '')],
    lambda s: try_cast(round(case
        when s = '' then null
        when ends_with(s, '[h:m]') then parse.seconds_of_clock(replace(s, '[h:m]', ':00'))
        when regexp_full_match(s, '-?[0-9]+(\.[0-9]+)?ms') then try_cast(replace(s, 'ms', '') as double) / 1000
        when regexp_full_match(s, '-?[0-9]*\.?[0-9]+min') then try_cast(replace(s, 'min', '') as double) * 60
        when regexp_full_match(s, '-?[0-9]*\.?[0-9]+d') then try_cast(replace(s, 'd', '') as double) * 86400
        -- Five or more decimals below one is Excel's fraction of a day, not a fraction of a second.
        when regexp_full_match(s, '0?\.[0-9]{5,}') then try_cast(s as double) * 86400
        when regexp_full_match(s, '-?[0-9]+(\.[0-9]+)?') then try_cast(s as double)
        when contains(s, ':') then parse.seconds_of_clock(s)
        else parse.seconds_of_words(s)
    end) as integer))[1];
-- Whole seconds. Units other than seconds come as a suffix that the profile appends: ms, min, d, [h:m].
create or replace macro parse.seconds(t) as case
    when t is null then null
    when t like '__:__:__' then try_cast(t[1:2] as utinyint)::integer * 3600
        + try_cast(t[4:5] as utinyint)::integer * 60 + try_cast(t[7:8] as utinyint)::integer
    when try_cast(try_cast(t as integer) as varchar) = t then try_cast(t as integer)
    else parse.seconds_slow(t)
    end;
-- The quick variants read the common forms only, and these as their full namesakes do: cheap to plan and to run.
create or replace macro parse.quick_seconds(t) as case
    when t like '__:__:__' then try_cast(t[1:2] as utinyint)::integer * 3600
        + try_cast(t[4:5] as utinyint)::integer * 60 + try_cast(t[7:8] as utinyint)::integer
    when try_cast(try_cast(t as integer) as varchar) = t then try_cast(t as integer)
    end;

-- ---------------------------------------------------------------- times
-- 1970-01-01 and earlier means "never" in exports; 24:00:00 is no time of day (Q21).
create or replace macro parse.real_time(s, moment) as
    case when moment >= timestamp '1971-01-01' and not contains(s, ' 24:') then moment end;
create or replace macro parse.at_zone(zone_name, wall) as timezone(parse.zone(), timezone(zone_name, wall));
create or replace macro parse.clock_12(s, local) as case
    when local is null then null
    when regexp_matches(s, '(下午|晚上|pm)') and date_part('hour', local) < 12 then local + interval 12 hour
    when regexp_matches(s, '(上午|凌晨|早上|am)') and date_part('hour', local) = 12 then local - interval 12 hour
    else local
    end;
-- 2025年1月5日 8时3分, 2025.1.5 8:03, weekday names and am/pm words: rewritten to what a cast reads.
create or replace macro parse.time_words(s) as rtrim(trim(translate(
    regexp_replace(regexp_replace(
        s, '[(]?(星期|周)[一二三四五六日天][)]?|上午|下午|凌晨|早上|中午|晚上|[ap]m', ' ', 'g'),
        '^([0-9]{4})\.([0-9]{1,2})\.', '\1-\2-'),
    '年月日时点分秒', '-- ::: ')), ':-');
create or replace macro parse.digits_time(s) as case length(s)
    when 14 then try_strptime(s, '%Y%m%d%H%M%S')
    when 12 then try_strptime(s, '%Y%m%d%H%M')
    when 8 then try_strptime(s, '%Y%m%d')
    when 17 then try_strptime(s[1:14], '%Y%m%d%H%M%S') + try_cast(s[15:17] as integer) * interval 1 millisecond
    when 10 then case when s < '2000000000' and s >= '1' then timezone(parse.zone(), to_timestamp(try_cast(s as bigint))) end
    when 13 then case when s < '2000000000000' and s >= '1' then timezone(parse.zone(), to_timestamp(try_cast(s as bigint) / 1000.0)) end
    when 5 then case when s between '20000' and '79999' then timestamp '1899-12-30' + try_cast(s as integer) * interval 1 day end
    end;
-- An Excel serial number (1970 is day 25569), to the nearest second: its binary fraction is never exact.
create or replace macro parse.serial_time(s) as
    make_timestamp((try_cast(round(try_cast(s as double) * 86400) as bigint) - 2209161600) * 1000000);
create or replace macro parse.offset_time(s) as timezone(parse.zone(), case
    when regexp_full_match(s, '.*(z|gmt|utc)') then try_cast(regexp_replace(s, ' ?(z|gmt|utc)$', '+00') as timestamptz)
    else try_cast(regexp_replace(s, '([+-][0-9]{2}):?([0-9]{2})$', '\1:\2') as timestamptz) end);
create or replace macro parse.local_time(s) as case
    when regexp_full_match(s, '[0-9]+') then parse.digits_time(s)
    when regexp_full_match(s, '[2-7][0-9]{4}\.[0-9]+') then parse.serial_time(s)
    when regexp_full_match(s, '1[0-9]{9}\.[0-9]+') then timezone(parse.zone(), to_timestamp(try_cast(s as double)))
    when regexp_full_match(s, '.*:.*([+-][0-9]{2}(:?[0-9]{2})?|z)|.*[0-9] ?(gmt|utc)') then parse.offset_time(s)
    else parse.clock_12(s, try_cast(parse.time_words(s) as timestamp))
    end;
create or replace macro parse.ts_slow(t) as list_transform(
    [regexp_replace(lower(parse.ascii(t)), '([0-9])t([0-9])', '\1 \2')],
    lambda s: parse.real_time(s, case
        when ends_with(s, ']') then parse.at_zone(
            regexp_extract(t, '\[([^\]]+)\]$', 1), parse.local_time(regexp_replace(s, ' ?\[.*$', '')))
        else parse.local_time(s)
    end))[1];
create or replace macro parse.is_plain_time(t) as regexp_full_match(
    t, '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}( +[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]+)?)?)?');
-- Local wall time in the policy's zone. No suffix = local already; Z, +hh:mm, epoch seconds (10 digits) or
-- milliseconds (13) and a zone in brackets (appended by the profile) are converted.
create or replace macro parse.ts(t) as case
    when t is null then null
    when t like '____-__-__ __:__:__' then parse.real_time(t, try_cast(t as timestamp))
    when parse.is_plain_time(t) then parse.real_time(t, try_cast(t as timestamp))
    else parse.ts_slow(t)
    end;
create or replace macro parse.quick_ts(t) as case
    when t like '____-__-__ __:__:__' or parse.is_plain_time(t) then parse.real_time(t, try_cast(t as timestamp)) end;
create or replace macro parse.day_slow(t) as list_transform(
    [lower(parse.ascii(t))],
    lambda s: case
        when regexp_full_match(s, '[0-9]{4}[-/.年][0-9]{1,2}月?')
            then try_cast(replace(translate(s, '/.年', '---'), '月', '') || '-1' as date)
        when regexp_full_match(s, '(19|20)[0-9]{2}(0[1-9]|1[0-2])') then try_cast(s[1:4] || '-' || s[5:6] || '-1' as date)
        else try_cast(parse.ts_slow(t) as date)
    end)[1];
-- A date; a month (2026-01, 2026年1月) means its first day.
create or replace macro parse.day(t) as case
    when t is null then null
    when t like '____-__-__' then case when try_cast(t as date) >= date '1971-01-01' then try_cast(t as date) end
    when t like '____-__-__ __:__:__' or parse.is_plain_time(t) then try_cast(parse.real_time(t, try_cast(t as timestamp)) as date)
    else parse.day_slow(t)
    end;
create or replace macro parse.quick_day(t) as try_cast(parse.quick_ts(t) as date);

-- ---------------------------------------------------------------- amounts and numbers
create or replace macro parse.plain_number(s) as
    case when regexp_full_match(s, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)') then s end;
create or replace macro parse.money_slow(t) as list_transform(
    [regexp_replace(lower(parse.ascii(t)), '¥|￥|\$|元|圆|rmb|cny|人民币|,|\s', '', 'g')],
    lambda s: list_transform(
        [case when regexp_full_match(s, '\(.*\)') then '-' || trim(s, '()') else s end],
        lambda n: try_cast(try_cast(parse.plain_number(trim(n, '万亿')) as decimal(30, 8))
            * case when ends_with(n, '万亿') then 1000000000000 when ends_with(n, '亿') then 100000000
                   when ends_with(n, '万') then 10000 else 1 end as decimal(18, 2)))[1])[1];
create or replace macro parse.quick_money(t) as
    case when parse.plain_number(t) is not null then try_cast(t as decimal(18, 2)) end;
-- Yuan with two decimals: ￥1,234.50, 1.2万, 3亿, (200.00) and -200 are read.
create or replace macro parse.money(t) as case
    when t is null then null
    when parse.plain_number(t) is not null then try_cast(t as decimal(18, 2))
    else parse.money_slow(t)
    end;
create or replace macro parse.num(t) as case
    when t is null then null
    when try_cast(try_cast(t as integer) as varchar) = t then try_cast(t as double)
    else list_transform([replace(parse.ascii(t), ',', '')], lambda s: case
        when ends_with(s, '%') then try_cast(parse.plain_number(rtrim(s, '%')) as double) / 100
        else try_cast(parse.plain_number(s) as double) end)[1]
    end;
create or replace macro parse.bool(t) as case
    when t is null then null
    when lower(parse.ascii(t)) in ('是', 'y', 'yes', 'true', 't', '1', '√', '✓', '✔', '对', '有', '已接听', '已接通', '接通', '接听', '已接', '成功', 'on') then true
    when lower(parse.ascii(t)) in ('否', 'n', 'no', 'false', 'f', '0', '×', '✗', '✘', '错', '没有', '未接听', '未接通', '未接', '失败', 'off') then false
    end;

-- ---------------------------------------------------------------- phone numbers
-- Digits as dialled within the country (leading 0 kept for land lines), a leading + for other countries,
-- 138****1234 for masked numbers; carrier prefixes, extensions and a float's .0 removed (Q07-Q16).
create or replace macro parse.national(d) as regexp_replace(regexp_replace(
    d, '^(17951|17911|17909|12593|10193)(0?[1-9][0-9]{9,11})$', '\2'),
    '^0(1[3-9][0-9]{9})$', '\1');
create or replace macro parse.strip_country(d) as list_transform(
    [regexp_replace(regexp_replace(d, '^00([1-9])', '+\1'), '^\+?' || parse.country_code() || '(0?[1-9][0-9]{8,11}|0[0-9]{10,11})$', '\1')],
    lambda n: case when n != d and length(n) between 9 and 10 and regexp_full_match(n, '[2-9][0-9]+|10[0-9]{8}')
        and not regexp_full_match(n, '[48]00[0-9]{7}') then '0' || n else n end)[1];
create or replace macro parse.clean_number(t) as case
    when t is null then null
    when regexp_full_match(t, '1[3-9][0-9]{9}') then t
    when parse.is_lossy(t) then null
    else list_transform([regexp_replace(parse.unwrapped(parse.ascii(t)), '\.0+$', '')], lambda s: case
        when regexp_matches(s, '[0-9][*×xX•●]{2,}[0-9]{0,4}$')
            then regexp_extract(s, '([0-9]{1,3})[*×xX•●]{2,}', 1) || '****' || regexp_extract(s, '[*×xX•●]([0-9]*)$', 1)
        else nullif(parse.national(parse.strip_country(regexp_replace(
            regexp_replace(s, '(转|ext\.?|[,;x#]|分机)\s*[0-9]{1,6}$|([0-9]{7,})-[0-9]{1,6}$', '\2'),
            '[^0-9+]', '', 'g'))), '') end)[1]
    end;
create or replace macro parse.is_mobile(n) as regexp_full_match(n, '1[3-9][0-9]{9}');
create or replace macro parse.is_landline(n) as
    regexp_full_match(n, '0(10|2[0-9])[2-9][0-9]{6,7}|0[3-9][0-9]{2}[2-9][0-9]{6,7}');
create or replace macro parse.number_status_of(t, n) as case
    when parse.is_mobile(n) or parse.is_landline(n) then 'ok'
    when contains(n, '*') then 'masked'
    when parse.is_lossy(t) then 'lossy'
    when regexp_full_match(n, '[48]00[0-9]{7}|95[0-9]{4,6}|1010[0-9]{4}') then 'hotline'
    when regexp_full_match(n, '1[0-9]{2}|1[0-2][0-9]{3,4}|9[56][0-9]{3}') then 'short_code'
    when parse.blank(t) or lower(trim(t)) in ('anonymous', 'unknown', 'private', 'restricted', 'withheld', '未知', '隐藏', '匿名', '未知号码', '隐藏号码', '无主叫') then 'anonymous'
    else 'invalid'
    end;
-- ok | masked | lossy | short_code | hotline | anonymous | invalid
create or replace macro parse.number_status(t) as case
    when t is null then 'anonymous'
    when parse.is_mobile(t) then 'ok'
    else parse.number_status_of(t, parse.clean_number(t))
    end;
-- E.164 of an identifiable customer number, else NULL: masked, short and other countries' numbers have none.
create or replace macro parse.e164(t) as case
    when parse.is_mobile(t) then '+86' || t
    else list_transform([parse.clean_number(t)], lambda n: case
        when parse.is_mobile(n) then '+86' || n
        when parse.is_landline(n) then '+86' || n[2:] end)[1]
    end;
-- First seven digits of a mobile number or the area code of a land line: the key of the region table.
create or replace macro parse.number_prefix(e164) as case
    when e164 is null then null
    when regexp_full_match(e164, '\+861[3-9][0-9]{9}') then e164[4:10]
    when regexp_full_match(e164, '\+86(10|2[0-9])[0-9]{7,8}') then '0' || e164[4:5]
    when regexp_full_match(e164, '\+86[3-9][0-9]{9,10}') then '0' || e164[4:6]
    end;
create or replace macro parse.masked_digits(n) as case
    when n is null or contains(n, '*') or length(n) <= 6 then n
    when regexp_full_match(n, '[48]00[0-9]{7}|95[0-9]{4,6}') then n
    else left(n, least(3, length(n) - 6)) || '****' || right(n, 4)
    end;
-- 138****1234 for any spelling of a number; hotlines and short codes are nobody's and stay.
create or replace macro parse.mask(t) as case
    when t is null then null
    when parse.is_mobile(t) then left(t, 3) || '****' || right(t, 4)
    else parse.masked_digits(parse.clean_number(t))
    end;
-- Free text with every run of digits that looks like a phone number masked, whatever separates the digits.
create or replace macro parse.mask_text(t) as regexp_replace(regexp_replace(regexp_replace(parse.ascii(t),
    '(1[ -]?[3-9][ -]?[0-9])(?:[ -]?[0-9]){4}((?:[ -]?[0-9]){4})', '\1****\2', 'g'),
    '(^|[^0-9])(0[1-9][0-9]{1,2})[ -]?[2-9][0-9]{2,3}([0-9]{4})', '\1\2****\3', 'g'),
    '(\+[0-9]{2,3})[ -]?[0-9]{3,}([0-9]{4})', '\1****\2', 'g');

-- ---------------------------------------------------------------- cells
-- A cell without padding; NULL when nothing is left. Tested by its ends, because few cells are padded.
create or replace macro parse.cell(t) as case
    when starts_with(t, ' ') or ends_with(t, ' ') or starts_with(t, chr(9)) or ends_with(t, chr(9))
        or starts_with(t, chr(12288)) or ends_with(t, chr(12288)) or starts_with(t, chr(160)) or ends_with(t, chr(160))
        then nullif(trim(t, ' ' || chr(9) || chr(160) || chr(12288)), '')
    else t end;
-- An id without what Excel wraps around it to keep it text.
create or replace macro parse.id(t) as case
    when contains(t, '="') or contains(t, '''') then nullif(parse.unwrapped(coalesce(parse.cell(t), '')), '')
    else parse.cell(t) end;
