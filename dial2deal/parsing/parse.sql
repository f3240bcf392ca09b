-- How the vendors' text is read: the one definition, used by the loader and by dbt on DuckDB.
-- Forms and golden rows: formats.md C.17. Every macro returns NULL for what it cannot read and never raises.
-- The common form is tested first and cheaply; the rest goes through a one-element list, the only way
-- to name an intermediate value in a macro.
create schema if not exists parse;

-- Set by the loader from the policy (time_zone, outside_line_digits).
create macro if not exists parse.zone() as 'Asia/Shanghai';
create macro if not exists parse.has_clock_changes() as 'false';
create macro if not exists parse.outside_line() as '9';

-- What is written to be invisible: direction marks and isolates, joiners, soft hyphens, variation selectors.
create or replace macro parse.visible(t) as regexp_replace(
    t, '[\x{00AD}\x{034F}\x{061C}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}'
    '\x{2060}-\x{206F}\x{3164}\x{FE00}-\x{FE0F}\x{FEFF}\x{FFA0}\x{E0000}-\x{E0FFF}]', '', 'g');
-- Full-width and Arabic digits, punctuation and dashes become ASCII; invisible marks go; all kinds of blanks become spaces.
create or replace macro parse.ascii(t) as case
    when strlen(t) = length(t) then trim(replace(t, chr(9), ' '))
    else trim(regexp_replace(translate(
        parse.visible(t),
        '０１２３４５６７８９٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹：／－．，＋（）＊％￥［］‐‑‒–―−﹣',
        '012345678901234567890123456789:/-.,+()*%¥[]-------'), '[\s\x{00A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]', ' ', 'g'))
    end;
-- Excel's own wrappings of a text cell: ="138…" and a leading apostrophe.
create or replace macro parse.unwrapped(t) as
    regexp_replace(regexp_replace(t, '^="(.*)"$', '\1'), '^[''‘’]', '');
create or replace macro parse.blank(t) as
    case when strlen(t) > 9 then false else t is null or parse.is_empty_word(lower(trim(t))) end;
-- Excel's display of a long number: its digits are lost (Q06).
create or replace macro parse.is_lossy(t) as
    coalesce(contains(t, 'E') or contains(t, 'e+'), false)
    and regexp_full_match(parse.unwrapped(parse.ascii(t)), '[+-]?[0-9](\.[0-9]+[Ee]\+?|[Ee]\+)[0-9]{1,3}');
-- Without thousands separators (groups of three or four, or India's of two and three); a comma elsewhere is a decimal
-- one: not read, NULL. The loader says of a whole column what it means: 2.500[,] is 2500, 1,234[?] contradicts others.
create or replace macro parse.without_commas(s) as case
    when ends_with(s, '[,]') then replace(replace(left(s, -3), '.', ''), ',', '.')
    when ends_with(s, '[?]') then case when regexp_matches(s, '[0-9][.,][0-9]') then null else left(s, -3) end
    when not contains(s, ',') then s
    when regexp_full_match(s, '[^0-9]*[0-9]{1,4}(,[0-9]{3,4})+([^0-9,].*)?|[^0-9]*[0-9]{1,2}(,[0-9]{2})+,[0-9]{3}([^0-9,].*)?') then replace(s, ',', '')
    end;

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
-- Lower case, without blanks: 1小时2分3秒, 5′23″, 5分23, 1h2m3s, 1.5小时, 2minutes, PT5M23S.
create or replace macro parse.seconds_of_words(s) as case
    when regexp_full_match(s, '([0-9]{1,4}(天|d|days?))?([0-9]{1,5}(\.[0-9]+)?(小时|时|小時|時|h|hrs?|hours?))?'
        '([0-9]{1,6}(\.[0-9]+)?(分钟|分鐘|分|′|''|m|mins?|minutes?)([0-9]{1,2}$)?)?([0-9]{1,9}(\.[0-9]+)?(秒钟|秒鐘|秒|″|"|s|secs?|seconds?))?')
        and regexp_matches(s, '[0-9]') then
        coalesce(try_cast(regexp_extract(s, '([0-9]+)(天|d)', 1) as double), 0) * 86400
        + coalesce(try_cast(regexp_extract(s, '([0-9.]+)(小时|小時|时|時|h)', 1) as double), 0) * 3600
        + coalesce(try_cast(regexp_extract(s, '([0-9.]+)(分|′|''|m)', 1) as double), 0) * 60
        + coalesce(try_cast(regexp_extract(s, '([0-9.]+)(秒|″|"|s|$)', 1) as double), 0)
    end;
-- Excel writes a length of time as a moment of its first day: 1899-12-30 00:05:23, 1900-01-00 00:05:23.
create or replace macro parse.seconds_text(t) as regexp_replace(replace(replace(
    parse.without_commas(replace(lower(parse.unwrapped(parse.ascii(t))), ' ', '')), '''''', '"'), '′′', '″'),
    '^(1899[-/]12[-/]3[01]|1900[-/]0?1[-/]00?)t?|^p(?:t|([0-9]+d)t?)', '\2');
create or replace macro parse.seconds_slow(t) as list_transform(
    [parse.seconds_text(t)],
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
    -- As a time of day it is read in half the time.
    when regexp_full_match(t, '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]') then epoch(try_cast(t as time))::integer
    when t like '__:__:__' then try_cast(t[1:2] as utinyint)::integer * 3600
        + try_cast(t[4:5] as utinyint)::integer * 60 + try_cast(t[7:8] as utinyint)::integer
    when try_cast(try_cast(t as integer) as varchar) = t then try_cast(t as integer)
    end;

-- ---------------------------------------------------------------- times
-- 1970-01-01 and earlier means "never" in exports; 24:00:00 is no time of day (Q21); five digits are no year.
create or replace macro parse.real_time(s, moment) as
    case when moment between timestamp '1971-01-01' and timestamp '9999-12-31 23:59:59' and not contains(s, ' 24:')
        then moment end;
create or replace macro parse.at_zone(zone_name, wall) as timezone(parse.zone(), timezone(zone_name, wall));
create or replace macro parse.clock_12(s, local) as case
    when local is null then null
    when regexp_matches(s, '(下午|晚上|pm)') and date_part('hour', local) < 12 then local + interval 12 hour
    when contains(s, '中午') and date_part('hour', local) between 1 and 2 then local + interval 12 hour
    when regexp_matches(s, '(上午|凌晨|早上|am)') and date_part('hour', local) = 12 then local - interval 12 hour
    else local
    end;
-- 2025年1月5日 8时3分, 2025.1.5 8:03, weekday names and am/pm words: rewritten to what a cast reads.
create or replace macro parse.time_words(s) as rtrim(trim(translate(
    regexp_replace(regexp_replace(
        s, '[(]?(星期|周)[一二三四五六日天][)]?|上午|下午|凌晨|早上|中午|晚上|[ap]m', ' ', 'g'),
        '^([0-9]{4})\.([0-9]{1,2})\.', '\1-\2-'),
    '年月日时点分秒號号時點', '-- :::   ::')), ':-');
create or replace macro parse.digits_time(s) as case length(s)
    when 14 then try_strptime(s, '%Y%m%d%H%M%S')
    when 12 then try_strptime(s, '%Y%m%d%H%M')
    when 8 then try_strptime(s, '%Y%m%d')
    when 17 then try_strptime(s[1:14], '%Y%m%d%H%M%S') + try_cast(s[15:17] as integer) * interval 1 millisecond
    when 5 then case when s between '20000' and '79999' then timestamp '1899-12-30' + try_cast(s as integer) * interval 1 day end
    end;
-- Epoch seconds (10 digits, perhaps with a fraction), milliseconds (13) and microseconds (16), up to 2033, in UTC.
create or replace macro parse.is_epoch(s) as
    regexp_full_match(s, '[01][0-9]{9}(\.[0-9]+|[0-9]{3}|[0-9]{6})?') and not regexp_full_match(s, '0+(\.0+)?');
create or replace macro parse.epoch_time(s) as timezone('UTC', to_timestamp(try_cast(s as double) / case
    when contains(s, '.') then 1 else pow(10, length(s) - 10) end));
-- An Excel serial number (1970 is day 25569), to the nearest second: its binary fraction is never exact.
create or replace macro parse.serial_time(s) as
    make_timestamp((try_cast(round(try_cast(s as double) * 86400) as bigint) - 2209161600) * 1000000);
-- Tue, 31 Mar 2026 20:11:50 +0000 (RFC 2822), Mar 31, 2026 8:11 PM, Tue Mar 31 20:11:50 2026: month names to ISO.
create or replace macro parse.iso_of_named(s) as list_transform(
    [regexp_extract(regexp_replace(regexp_replace(
        regexp_replace(s, '^(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? *', ''),
        '^([a-z]{3})[a-z]*\.? +([0-9]{1,2})( +[0-9:.]+(?: [ap]m)?(?: +[a-z]{3,5})?)? +([0-9]{4})$', '\2 \1 \4\3'),
        '^([a-z]{3})[a-z]*\.? +([0-9]{1,2}),? +([0-9]{4})', '\2 \1 \3'),
        '^([0-9]{1,2})[ -]?([a-z]{3})[a-z]*\.?,?[ -]([0-9]{4}),?(.*)$', ['day', 'month', 'year', 'rest'])],
    lambda n: case when n.month <> '' then n.year || '-' || ((strpos('janfebmaraprmayjunjulaugsepoctnovdec', n.month) + 2) // 3)
        || '-' || n.day || n.rest end)[1];
-- 3/4/2026[mdy]: the order is the profile's date_order, appended by the loader.
create or replace macro parse.iso_of_ordered(s) as regexp_replace(regexp_replace(regexp_replace(
    s, '^([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{2,4})(.*)\[mdy\]$', '\3-\1-\2\4'),
    '^([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{2,4})(.*)\[dmy\]$', '\3-\2-\1\4'),
    '^([0-9]{2})-', '20\1-');
-- Minutes that +08:00, +0530, -5, z, utc+8 or an abbreviation such as pst are ahead of UTC. What an abbreviation of
-- several zones means is settled by the file's own zone; NULL, and the time is not read, where that does not use it.
create or replace macro parse.offset_minutes(o, own_zone) as case
    when o in ('z', 'gmt', 'utc') then 0
    when not regexp_matches(o, '[0-9]') then
        coalesce(parse.zone_minutes(o), parse.zone_minutes_in(o || ' ' || own_zone))
    else (case when contains(o, '-') then -1 else 1 end) * (
        try_cast(regexp_extract(o, '[+-]([0-9]{1,2})', 1) as integer) * 60
        + coalesce(try_cast(regexp_extract(o, '[+-][0-9]{2}:?([0-9]{2})', 1) as integer), 0)) end;
create or replace macro parse.wall_time(s) as case
    when parse.is_epoch(s) then parse.epoch_time(s)
    when regexp_full_match(s, '[0-9]+') then parse.digits_time(s)
    when regexp_full_match(s, '[2-7][0-9]{4}\.[0-9]+') then parse.serial_time(s)
    else try_cast(parse.time_words(regexp_replace(
        s, '^([0-9]{4})([0-9]{2})([0-9]{2}) ([0-9]{2}):?([0-9]{2}):?([0-9]{2})', '\1-\2-\3 \4:\5:\6')) as timestamp)
    end;
create or replace macro parse.iso_text(s) as case
    when ends_with(s, '[mdy]') or ends_with(s, '[dmy]') then parse.iso_of_ordered(s)
    when regexp_matches(s, '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)') then coalesce(parse.iso_of_named(s), s)
    else s end;
create or replace macro parse.offset_of(s, part) as regexp_extract(
    s, '^(.*:.*?[0-9m]|[0-9]{8} [0-9]{6}) ?\(?((?:gmt|utc)?[+-][0-9]{1,2}(?::?[0-9]{2})?|z|[a-z]{3,5}|[ecmp]t)\)?(?: \([a-z ]+\))?$', part);
-- Step by step: text without the zone in brackets; wall time and offset apart; wall time read; made local.
create or replace macro parse.moment(t) as list_transform(list_transform(list_transform(list_transform(
    [regexp_replace(lower(parse.unwrapped(parse.ascii(t))), '([0-9])t([0-9])', '\1 \2')],
    lambda s: parse.iso_text(regexp_replace(s, ' ?(\[[dm]{2}y\])?(\[[^\[\]]+\])?$', '\1'))),
    lambda s: {'s': s, 'wall': coalesce(nullif(parse.offset_of(s, 1), ''), s),
        'offset': case when parse.is_epoch(s) then 'z' else parse.offset_of(s, 2) end}),
    lambda p: {'s': p.s, 'offset': p.offset, 'at': parse.wall_time(p.wall)}),
    lambda p: {'s': p.s, 'offset': case when parse.zone_named(p.offset) is null then p.offset else '' end,
        'at': parse.clock_12(p.s, p.at), 'zone': coalesce(parse.zone_named(p.offset),
            regexp_extract(t, '(\[[dm]{2}y\])?(?:\[([^\[\]]+)\])?$', 2))});
create or replace macro parse.ts_slow(t) as list_transform(parse.moment(t),
    lambda p: parse.real_time(p.s, case
        when p.offset <> '' then parse.at_zone('UTC', p.at - parse.offset_minutes(
            p.offset, case when p.zone = '' then parse.zone() else p.zone end) * interval 1 minute)
        when p.zone <> '' then parse.at_zone(p.zone, p.at)
        else p.at end))[1];
-- Of a text in a zone of its own, 2026-03-08 02:30:00[America/New_York]: its time as written, and whether the clock there
-- never showed it or showed it twice. The one is read as an hour later, the other as the second.
create or replace macro parse.at_own_zone(t) as case when ends_with(t, ']') and regexp_matches(t, '[[][A-Za-z]+/[A-Za-z_/]+[]]$') then
    list_transform([{'wall': parse.ts_slow(regexp_replace(t, '[[][A-Za-z]+/[A-Za-z_/]+[]]$', '')),
        'at': timezone(parse.zone(), parse.ts_slow(t)), 'zone': regexp_extract(t, '[[]([A-Za-z]+/[A-Za-z_/]+)[]]$', 1)}], lambda p: p)[1] end;
create or replace macro parse.is_skipped_time(t) as list_transform([parse.at_own_zone(t)], lambda p:
    p is not null and timezone(p.zone, p.at) = p.wall + interval 1 hour)[1];
create or replace macro parse.is_repeated_time(t) as list_transform([parse.at_own_zone(t)], lambda p:
    p is not null and timezone(p.zone, p.at) = p.wall and timezone(p.zone, p.at - interval 1 hour) = p.wall)[1];
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
-- The same moment on a clock without changes, for lengths: UTC; local time itself where the policy's zone has no changes.
create or replace macro parse.instant_slow(t) as list_transform(parse.moment(t),
    lambda p: parse.real_time(p.s, case
        when p.offset <> '' then p.at - parse.offset_minutes(
            p.offset, case when p.zone = '' then parse.zone() else p.zone end) * interval 1 minute
        when p.zone <> '' then timezone('UTC', timezone(p.zone, p.at))
        else timezone('UTC', timezone(parse.zone(), p.at)) end))[1];
create or replace macro parse.instant(t) as case
    when t is null then null
    when parse.has_clock_changes() = 'false' then parse.ts(t)
    when parse.is_plain_time(t) then timezone('UTC', timezone(parse.zone(), parse.real_time(t, try_cast(t as timestamp))))
    else parse.instant_slow(t)
    end;
create or replace macro parse.quick_ts(t) as case
    when t like '____-__-__ __:__:__' then parse.real_time(t, try_cast(t as timestamp))
    when parse.is_plain_time(t) then parse.real_time(t, try_cast(t as timestamp)) end;
create or replace macro parse.day_slow(t) as list_transform(
    [lower(parse.unwrapped(parse.ascii(t)))],
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
    [parse.without_commas(regexp_replace(lower(parse.unwrapped(parse.ascii(t))),
        '¥|￥|\$|€|£|₹|元整?|圆整?|圓|rmb|cny|usd|eur|gbp|inr|hkd|人民币|人民幣|\s|([0-9])[''’]([0-9]{3})', '\1\2', 'g'))],
    lambda s: list_transform(
        [translate(case when regexp_full_match(s, '\(.*\)') then '-' || trim(s, '()') else s end, '萬億', '万亿')],
        lambda n: try_cast(try_cast(parse.plain_number(rtrim(n, '千万亿')) as decimal(30, 8))
            * case when ends_with(n, '万亿') then 1000000000000 when ends_with(n, '亿') then 100000000
                   when ends_with(n, '万') then 10000 when ends_with(n, '千') then 1000 else 1 end as decimal(18, 2)))[1])[1];
create or replace macro parse.quick_money(t) as
    case when parse.plain_number(t) is not null then try_cast(t as decimal(18, 2)) end;
-- Yuan with two decimals: ￥1,234.50, 1.2万, 3亿, (200.00) and -200 are read.
create or replace macro parse.money(t) as case
    when t is null then null
    when parse.plain_number(t) is not null then try_cast(t as decimal(18, 2))
    else parse.money_slow(t)
    end;
-- 1,234.5, 85%, 4.5分, 5星, 3次, 1.2万.
create or replace macro parse.num_slow(t) as list_transform(
    [regexp_replace(parse.without_commas(replace(parse.unwrapped(parse.ascii(t)), ' ', '')), '(分|星|次|个|個|人|岁|歲|天)$', '')],
    lambda s: case
        when ends_with(s, '%') then try_cast(parse.plain_number(rtrim(s, '%')) as double) / 100
        when ends_with(s, '万') then try_cast(parse.plain_number(rtrim(s, '万')) as double) * 10000
        else try_cast(parse.plain_number(s) as double) end)[1];
create or replace macro parse.num(t) as case
    when t is null then null
    when try_cast(try_cast(t as integer) as varchar) = t then try_cast(t as double)
    else parse.num_slow(t)
    end;
create or replace macro parse.bool(t) as case
    when t is null then null
    when lower(parse.ascii(t)) in ('是', 'y', 'yes', 'true', 't', '1', '1.0', '真', '√', '✓', '✔', '对', '有', '已接听', '已接通', '接通', '接听', '已接', '成功', '已接聽', '接聽', '启用', '同意', '已同意', '已授权', '合格', '通过',
        '满意', '正确', '属实', '已解决', '已到课', '已到访', 'on', 'ok') then true
    when lower(parse.ascii(t)) in ('否', 'n', 'no', 'false', 'f', '0', '0.0', '假', '×', '✗', '✘', '错', '没有', '未接听', '未接通', '未接', '失败', '未接聽', '停用', '不同意', '拒绝', '未同意', '未授权', '不合格', '不通过',
        '未通过', '不满意', '错误', '不属实', '未解决', '未到课', '未到访', 'off') then false
    end;

-- ---------------------------------------------------------------- phone numbers
-- Digits as dialled within the country (leading 0 kept for land lines), a leading + for other countries,
-- 138****1234 for masked numbers; carrier and outside-line prefixes, extensions and a float's .0 removed (Q07-Q16).
create or replace macro parse.national(d) as regexp_replace(regexp_replace(
    d, '^(17951|17911|17909|12593|10193)(0?[1-9][0-9]{9,11})$', '\2'),
    '^0(1[3-9][0-9]{9})$', '\1');
-- Only before what is a whole number without it, so that no other number loses a digit.
create or replace macro parse.without_outside_line(d) as regexp_replace(
    d, '^[' || parse.outside_line() || '](1[3-9][0-9]{9}|0(?:10|2[0-9]|[3-9][0-9]{2})[2-9][0-9]{6,7})$', '\1');
create or replace macro parse.strip_country(d) as list_transform(
    [regexp_replace(d, '^(?:\+|00)?86(0?[1-9][0-9]{8,11}|0[0-9]{10,11})$', '\1')],
    lambda n: case when n != d and length(n) between 9 and 10 and regexp_full_match(n, '[2-9][0-9]+|10[0-9]{8}')
        and not regexp_full_match(n, '[48]00[0-9]{7}') then '0' || n else n end)[1];
-- The first of several numbers in one cell; sip:138…@host and tel:138… are the number.
create or replace macro parse.first_number(s) as regexp_replace(regexp_replace(
    s, '^(sips?|tel):([^@;]+).*$', '\2', 'i'),
    '^([^/、;,|]*[0-9]{7,})[ ]*[/、;,| ][ ]*(?:\+?86)?[ -]?(?:1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8})([^0-9].*)?$', '\1');
-- Three digits before and four after the stars; +86 and 86 before a masked mobile number go.
create or replace macro parse.masked_number(s) as regexp_extract(
    s, '^(?:(?:\+|00)?86)?(1[3-9]?[0-9]?|[0-9]{1,3})?[0-9]*[*×xX•●]', 1) || '****' || right(regexp_extract(s, '[*×xX•●]([0-9]*)$', 1), 4);
create or replace macro parse.is_masked(s) as regexp_full_match(s, '\+?[0-9]*([*×•●]+|[xX]{2,})[0-9]{0,8}') and regexp_matches(s, '[0-9]');
-- A code that a phone system acts on, such as *60 or **8: no masked number.
create or replace macro parse.is_feature_code(t) as regexp_full_match(parse.ascii(t), '[*#]{1,2}[0-9]{1,3}[*#]?');
-- What was dialled, digits and a leading + only: extensions, second numbers and separators gone; NULL without digits and
-- for masked and lossy numbers.
create or replace macro parse.without_extension(s) as regexp_replace(
    s, '(?i)(转|轉|ext\.?|[,;x#]|分机|分機)\s*[0-9]{1,6}$|([0-9]{7,})-[0-9]{1,6}$', '\2');
create or replace macro parse.dialled(t) as case
    when regexp_full_match(t, '\+?[0-9]+') then t
    when t is null or parse.is_lossy(t) or parse.is_feature_code(t) then null
    else list_transform([regexp_replace(parse.first_number(parse.unwrapped(parse.ascii(t))), '\.0+$', '')], lambda s: case
        when parse.is_masked(translate(s, ' -', '')) then null
        else nullif(regexp_replace(regexp_replace(parse.without_extension(s), '[^0-9+]', '', 'g'), '([0-9])\+', '\1', 'g'), '') end)[1]
    end;
-- Of a text to which the loader added what it is in another country: [+919845000001], [#] a service, [?] no number there.
create or replace macro parse.abroad(t) as case when ends_with(t, ']') then regexp_extract(t, '\[(\+[0-9]+|[#?])\]$', 1) else '' end;
create or replace macro parse.clean_number(t) as case
    when t is null then null
    when regexp_full_match(t, '1[3-9][0-9]{9}') then t
    when parse.abroad(t) <> '' then case when starts_with(parse.abroad(t), '+') then parse.abroad(t) else parse.dialled(left(t, -3)) end
    when parse.is_lossy(t) then null
    when parse.is_feature_code(t) then parse.ascii(t)
    else list_transform([regexp_replace(parse.first_number(parse.unwrapped(parse.ascii(t))), '\.0+$', '')], lambda s: case
        when parse.is_masked(translate(s, ' -', '')) then parse.masked_number(translate(s, ' -', ''))
        else nullif(parse.national(parse.strip_country(parse.without_outside_line(regexp_replace(
            parse.without_extension(s), '[^0-9+]', '', 'g')))), '') end)[1]
    end;
create or replace macro parse.is_mobile(n) as regexp_full_match(n, '1[3-9][0-9]{9}');
create or replace macro parse.is_landline(n) as
    regexp_full_match(n, '0(10|2[0-9])[2-9][0-9]{6,7}|0[3-9][0-9]{2}[2-9][0-9]{6,7}');
create or replace macro parse.number_status_of(t, n) as case
    when parse.abroad(t) <> '' then case when starts_with(parse.abroad(t), '+') then 'ok' when ends_with(t, '[#]') then 'hotline' else 'invalid' end
    when parse.is_mobile(n) or parse.is_landline(n) or parse.is_international(n) then 'ok'
    when parse.is_feature_code(t) then 'short_code'
    when contains(n, '*') then 'masked'
    when parse.is_lossy(t) then 'lossy'
    when regexp_full_match(n, '[48]00[0-9]{7}|95[0-9]{4,6}|1010[0-9]{4}') then 'hotline'
    when regexp_full_match(n, '1[0-9]{2}|1[0-2][0-9]{3,4}|9[56][0-9]{3}') then 'short_code'
    when parse.blank(t) or regexp_full_match(t, '[0+]+')
        or regexp_full_match(lower(trim(t)), '(sip:)?(anonymous|unknown|unavailable|private|restricted|withheld|blocked)(@.*)?|(未知|隐藏|匿名|私密|保密|不显示|未显示|无主叫)(号码|来电|用户)?')
        then 'anonymous'
    else 'invalid'
    end;
-- ok | masked | lossy | short_code | hotline | anonymous | invalid
create or replace macro parse.number_status(t) as case
    when t is null then 'anonymous'
    when parse.is_mobile(t) then 'ok'
    else parse.number_status_of(t, parse.clean_number(t))
    end;
-- E.164 of an identifiable customer number, else NULL: masked and short ones, and what is no number in its country.
create or replace macro parse.e164(t) as case
    when parse.is_mobile(t) then '+86' || t
    when parse.abroad(t) in ('#', '?') then null
    else list_transform([parse.clean_number(t)], lambda n: case
        when starts_with(n, '+') then case when parse.is_international(n) or regexp_full_match(n, '[+]861[3-9][0-9]{9}') then n end
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
    else list_transform([parse.clean_number(t)], lambda n: parse.masked_digits(n))[1]
    end;
-- ---------------------------------------------------------------- cells
-- A cell without padding; NULL when nothing is left. Tested by its ends, because few cells are padded.
create or replace macro parse.cell(t) as case
    when starts_with(t, ' ') or ends_with(t, ' ') or starts_with(t, chr(9)) or ends_with(t, chr(9))
        or starts_with(t, chr(12288)) or ends_with(t, chr(12288)) or starts_with(t, chr(160)) or ends_with(t, chr(160))
        then list_transform([trim(t, ' ' || chr(9) || chr(160) || chr(12288))], lambda x: case when parse.blank(x) then null else x end)[1]
    else t end;
-- An id without what Excel wraps around it to keep it text.
create or replace macro parse.id(t) as case
    when contains(t, '="') or contains(t, '''') then nullif(parse.unwrapped(coalesce(parse.cell(t), '')), '')
    else parse.cell(t) end;
