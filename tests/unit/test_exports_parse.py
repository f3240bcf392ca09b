"""The golden rows of the export formats, through the macros that loader and models share."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import duckdb
import pytest

from dial2deal import warehouse


@pytest.fixture(scope="module")
def con():
    connection = duckdb.connect()
    connection.execute(warehouse.parse_macros())
    yield connection
    connection.close()


def parsed(con, macro: str, text: str | None):
    # Both as a constant, which the planner folds, and as a column, which runs in the executor.
    folded = con.execute(f"select parse.{macro}($t::varchar)", {"t": text}).fetchone()[0]
    column = con.execute(f"select parse.{macro}(t) from (select unnest([$t]::varchar[]) as t)", {"t": text}).fetchone()[
        0
    ]
    assert folded == column
    return column


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("323", 323),
        ("0", 0),
        ("5分23秒", 323),
        ("00:05:23", 323),
        ("323秒", 323),
        ("1小时2分", 3720),
        ("0.003738425926", 323),
        ("5:23", 323),
        ("5′23″", 323),
        ("1小时", 3600),
        ("2分钟", 120),
        ("3秒", 3),
        ("1小时2分3秒", 3723),
        ("30:00:00", 108000),
        ("00：05：23", 323),
        ("３２３", 323),
        ("1,323", 1323),
        ("323.4", 323),
        ("007", 7),
        ("-5", -5),
        ("323000ms", 323),
        ("5.38min", 323),
        ("0.003738425926d", 323),
        ("1:02[h:m]", 3720),
        ("5m23s", 323),
        (" 12 ", 12),
        ("5分23", 323),
        ("5′23", 323),
        ("5' 23''", 323),
        ("1時2分", 3720),
        ("1.5小时", 5400),
        ("2 minutes 3 seconds", 123),
        ("PT5M23S", 323),
        ("1899-12-30 00:05:23", 323),
        ("1900-01-00 00:05:23", 323),
        ("'323", 323),
        ("", None),
        ("-", None),
        (None, None),
        ("5,38", None),
        ("五分", None),
        ("abc", None),
        ("分秒", None),
        ("99999999999", None),
        ("00:05:2x", None),
        ("1E+05", None),
    ],
)
def test_seconds(con, text, seconds):
    assert parsed(con, "seconds", text) == seconds


EIGHT = dt.datetime(2025, 1, 5, 8, 3)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2025-01-05 08:03:00", EIGHT),
        ("2025/1/5 8:03", EIGHT),
        ("2025年1月5日 8时3分", EIGHT),
        ("2025年1月5日8时3分0秒", EIGHT),
        ("20250105080300", EIGHT),
        ("202501050803", EIGHT),
        ("2025.1.5 8:03", EIGHT),
        ("2025-01-05T00:03:00Z", EIGHT),
        ("2025-01-05T08:03:00+08:00", EIGHT),
        ("2025-01-05 00:03:00+0000", EIGHT),
        ("2025-01-05 00:03:00 UTC", EIGHT),
        ("45662.3354166667", EIGHT),
        ("1736035380", EIGHT),
        ("1736035380000", EIGHT),
        ("1532458000000", dt.datetime(2018, 7, 25, 2, 46, 40)),
        ("2025-01-04 19:03:00[America/New_York]", EIGHT),
        ("2025/1/4 19:03[America/New_York]", EIGHT),
        ("2025-01-05 00:03:00[UTC]", EIGHT),
        ("5/1/2025 00:03[dmy][UTC]", EIGHT),
        ("2025-01-05 上午8:03", EIGHT),
        ("2025-01-05 下午8:03", EIGHT + dt.timedelta(hours=12)),
        ("2025/1/5 上午12:03", dt.datetime(2025, 1, 5, 0, 3)),
        ("2025-01-05 星期日 08:03:00", EIGHT),
        ("２０２５/1/5 8：03", EIGHT),
        ("2025-01-05", dt.datetime(2025, 1, 5)),
        ("20250105", dt.datetime(2025, 1, 5)),
        ("45662", dt.datetime(2025, 1, 5)),
        ("1999-08-01 0:10:10", dt.datetime(1999, 8, 1, 0, 10, 10)),
        ("2025-01-05 08:03:00.250", EIGHT + dt.timedelta(milliseconds=250)),
        ("Sun, 05 Jan 2025 00:03:00 +0000", EIGHT),
        ("Sun, 5 Jan 2025 00:03:00 GMT", EIGHT),
        ("5 Jan 2025 08:03:00", EIGHT),
        ("Jan 5, 2025 8:03 AM", EIGHT),
        ("January 5, 2025 08:03", EIGHT),
        ("Sun Jan 05 08:03:00 2025", EIGHT),
        ("05-Jan-2025 08:03:00", EIGHT),
        ("1/5/2025 8:03 AM[mdy]", EIGHT),
        ("5/1/2025 8:03[dmy]", EIGHT),
        ("5.1.25 08:03[dmy]", EIGHT),
        ("1/4/2025 7:03 PM[mdy][America/New_York]", EIGHT),
        ("1/5/2025 0:03:00 +0000[mdy]", EIGHT),
        ("2025-01-05T08:03+08:00", EIGHT),
        ("2025-01-05 00:03:00.000 +00:00", EIGHT),
        ("2025-01-04T14:03:00-1000", EIGHT),
        ("2025-01-05 08:03:00 GMT+8", EIGHT),
        ("20250105T000300Z", EIGHT),
        ("20250105 080300", EIGHT),
        ("2025年1月5號 8時3分", EIGHT),
        ("1736035380000000", EIGHT),
        ("'2025-01-05 08:03", EIGHT),
        ("45662.33541666667", EIGHT),
        (None, None),
        ("", None),
        ("-", None),
        ("1/5/2025 8:03", None),
        ("13/5/2025 8:03[mdy]", None),
        ("1/0/1900[mdy]", None),
        ("0000000000", None),
        ("1970-01-01 00:00:00", None),
        ("0000-00-00 00:00:00", None),
        ("1900-01-00", None),
        ("2025-01-05 24:00:00", None),
        ("2025-13-45 08:00:00", None),
        ("0", None),
        ("合计", None),
        ("1.7E+09", None),
        ("2025-02-30 08:00:00", None),
        ("99999999999999", None),
    ],
)
def test_times(con, text, at):
    assert parsed(con, "ts", text) == at


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01", dt.date(2026, 1, 1)),
        ("2026年1月", dt.date(2026, 1, 1)),
        ("2026/1", dt.date(2026, 1, 1)),
        ("202601", dt.date(2026, 1, 1)),
        ("2026/1/5", dt.date(2026, 1, 5)),
        ("2026-01-05", dt.date(2026, 1, 5)),
        ("2026年1月5日", dt.date(2026, 1, 5)),
        ("45662", dt.date(2025, 1, 5)),
        ("2026-01-05 08:00:00", dt.date(2026, 1, 5)),
        ("20260105", dt.date(2026, 1, 5)),
        ("1/5/2026[mdy]", dt.date(2026, 1, 5)),
        ("Mar 5, 2026", dt.date(2026, 3, 5)),
        ("2026-02-30", None),
        ("", None),
        ("合计", None),
        ("1900-01-00", None),
    ],
)
def test_days(con, text, day):
    assert parsed(con, "day", text) == day


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("￥1,234.50", "1234.50"),
        ("1.2万", "12000.00"),
        ("3亿", "300000000.00"),
        ("-200", "-200.00"),
        ("(200.00)", "-200.00"),
        ("-￥5", "-5.00"),
        ("1234.5元", "1234.50"),
        ("１２３", "123.00"),
        ("0", "0.00"),
        ("¥ 99", "99.00"),
        ("1.5萬", "15000.00"),
        ("3千元整", "3000.00"),
        ("1,2345.00", "12345.00"),
        ("1.234,50", None),
        ("", None),
        ("面议", None),
        ("1.2E+05", None),
        ("12a", None),
        (None, None),
    ],
)
def test_money(con, text, amount):
    assert parsed(con, "money", text) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12.0), ("1,234.5", 1234.5), ("85%", 0.85), ("-3", -3.0), ("4.5分", 4.5), ("5星", 5.0), ("1.2万", 12000.0),
     ("4,5", None), ("满意", None), ("", None), ("1e5", None)],
)
def test_numbers(con, text, value):
    assert parsed(con, "num", text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("是", True),
        ("否", False),
        ("Y", True),
        ("n", False),
        ("1", True),
        ("0", False),
        ("√", True),
        ("×", False),
        ("已接听", True),
        ("未接听", False),
        ("TRUE", True),
        ("1.0", True),
        ("假", False),
        ("未接聽", False),
        ("也许", None),
        (None, None),
        ("", None),
    ],
)
def test_booleans(con, text, value):
    assert parsed(con, "bool", text) is value


@pytest.mark.parametrize(
    ("text", "e164", "status"),
    [
        ("'138 0013 8000", "+8613800138000", "ok"),
        ("１３８００１３８０００", "+8613800138000", "ok"),
        ("13800138000", "+8613800138000", "ok"),
        ("13800138000.0", "+8613800138000", "ok"),
        ('="13800138000"', "+8613800138000", "ok"),
        ("\t13800138000", "+8613800138000", "ok"),
        ("013800138000", "+8613800138000", "ok"),
        ("008613800138000", "+8613800138000", "ok"),
        ("86 13800138000", "+8613800138000", "ok"),
        ("+86-138-0013-8000", "+8613800138000", "ok"),
        ("1795113800138000", "+8613800138000", "ok"),
        ("138\u200b00138000", "+8613800138000", "ok"),
        ("022-23456789", "+862223456789", "ok"),
        ("(022)23456789", "+862223456789", "ok"),
        ("+86 22 2345 6789", "+862223456789", "ok"),
        ("01062345678", "+861062345678", "ok"),
        ("0316-2345678", "+863162345678", "ok"),
        ("022-23456789转801", "+862223456789", "ok"),
        ("022-23456789-801", "+862223456789", "ok"),
        ("02223456789,801", "+862223456789", "ok"),
        ("913800138000", "+8613800138000", "ok"),
        ("902223456789", "+862223456789", "ok"),
        ("sip:13800138000@example.com", "+8613800138000", "ok"),
        ("13800138000/13900139000", "+8613800138000", "ok"),
        ("138****1234", None, "masked"),
        ("1888888****", None, "masked"),
        ("****1234", None, "masked"),
        ("138xxxx1234", None, "masked"),
        ("138••••1234", None, "masked"),
        ("1.38001E+10", None, "lossy"),
        ("1.3800138E10", None, "lossy"),
        ("4007188668", None, "hotline"),
        ("400-718-8668", None, "hotline"),
        ("95588", None, "short_code"),
        ("10086", None, "short_code"),
        ("110", None, "short_code"),
        ("0022-23456789", None, "invalid"),
        ("+85291234567", "+85291234567", "ok"),
        ("+1 (415) 555-0102", "+14155550102", "ok"),
        ("98450 00001[+919845000001]", "+919845000001", "ok"),
        ("13135550103[?]", None, "invalid"),
        ("1800 202 1234[#]", None, "hotline"),
        ("00755-66668888", None, "invalid"),
        ("*60", None, "short_code"),
        ("\u202a+86 139 1111 0022\u202c", "+8613911110022", "ok"),
        ("12345678901234567890", None, "invalid"),
        ("未知", None, "anonymous"),
        ("隐藏来电", None, "anonymous"),
        ("0", None, "anonymous"),
        ("-", None, "anonymous"),
        ("", None, "anonymous"),
        (None, None, "anonymous"),
        ("anonymous", None, "anonymous"),
        ("23456789", None, "invalid"),
    ],
)
def test_phone_numbers(con, text, e164, status):
    assert parsed(con, "e164", text) == e164
    assert parsed(con, "number_status", text) == status


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("'138 0013 8000", "138****8000"),
        ("+8613800138000", "138****8000"),
        ("138****1234", "138****1234"),
        ("022-23456789", "022****6789"),
        ("+862223456789", "022****6789"),
        ("+86138****1234", "138****1234"),
        ("1888888****", "188****"),
        ("4007188668", "4007188668"),
        ("95588", "95588"),
        ("+85291234567", "+85****4567"),
        (None, None),
    ],
)
def test_masks(con, text, masked):
    assert parsed(con, "mask", text) == masked


@pytest.mark.parametrize(
    ("e164", "prefix"),
    [
        ("+8613800138000", "1380013"),
        ("+862223456789", "022"),
        ("+861062345678", "010"),
        ("+863162345678", "0316"),
        (None, None),
    ],
)
def test_region_prefixes(con, e164, prefix):
    assert parsed(con, "number_prefix", e164) == prefix


@pytest.mark.parametrize(
    "line",
    [
        "A1,呼入,13800138000,x",
        "A1 138 0013 8000",
        "１３８００１３８０００",
        "008613800138000,5",
        "tel:022-23456789",
        "+852 91234567",
        "138-0013-8000;13900139000",
        "a13800138000b",
        "1300000" "13800138000,1",
        "id 1300000" "1900000" "13900139000_106",
    ],
)
def test_masked_text_holds_no_full_number(con, line):
    masked = parsed(con, "mask_text", line)
    assert "****" in masked
    for digits in ("13800138000", "13900139000", "23456789", "91234567"):
        assert digits not in "".join(c for c in masked if c.isdigit() or c == "*")


def test_masked_text_keeps_times(con):
    assert parsed(con, "mask_text", "A1,2025-01-05 08:03:00,323") == "A1,2025-01-05 08:03:00,323"


def test_zone_and_country_come_from_the_policy(con):
    con.execute("create or replace macro parse.zone() as 'America/New_York'")
    try:
        assert parsed(con, "ts", "2025-01-05T13:03:00Z") == EIGHT
        assert parsed(con, "ts", "2025-01-05 08:03:00") == EIGHT
    finally:
        con.execute("create or replace macro parse.zone() as 'Asia/Shanghai'")


def test_outside_line_digits_come_from_the_policy(con):
    con.execute("create or replace macro parse.outside_line() as '90'")
    try:
        assert parsed(con, "clean_number", "0022-23456789") == "02223456789"
        assert parsed(con, "clean_number", "9,13800138000") == "13800138000"
        assert parsed(con, "clean_number", "95588") == "95588"
    finally:
        con.execute("create or replace macro parse.outside_line() as 'none'")
        assert parsed(con, "clean_number", "913800138000") == "913800138000"
        con.execute("create or replace macro parse.outside_line() as '9'")
