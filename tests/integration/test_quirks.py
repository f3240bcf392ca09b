"""Every quirk of call exports, as a file through the real loader: raw text, value, quarantine, counted repairs.

The catalogue with handling and the tests that prove it: docs/reference/quirks.md.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from tests.integration.quirk_files import CALLS_HEADER, QuirkLanding, call, csv_text

MOBILE = "+8613800138000"
EIGHT = dt.datetime(2025, 1, 5, 8, 3)


@pytest.fixture
def landing(tmp_path):
    made = QuirkLanding(tmp_path / "home")
    yield made
    made.con.close()


def test_q01_a_gb18030_file_is_decoded_before_anything_reads_it(landing):
    landing.calls("a.csv", [call(1, notes="客户要报价")], encoding="gb18030")
    assert landing.one().rows_accepted == 1
    assert landing.raw("notes") == ["客户要报价"]
    assert landing.raw("tech_result") == ["已接通"]
    assert landing.repairs() == {"transcoded from gb18030": 1}


def test_q02_bytes_that_several_encodings_accept_are_read_where_known_headers_appear(landing):
    text = "\n".join([CALLS_HEADER, call(1, notes="电话")]) + "\n"
    assert text.encode("gb18030").decode("big5", errors="ignore") != text
    landing.put("generic_400/calls/gb.csv", text.encode("gb18030"))
    landing.put("generic_400/calls/wide.csv", text.replace("C000001", "C000002").encode("utf-16"))
    landing.put("generic_400/calls/big5.csv", text.encode("big5", errors="replace"))
    gb, wide, big5 = sorted(landing.load(), key=lambda result: ("gb", "wi", "bi").index(result.path[18:20]))
    assert (gb.rows_accepted, wide.rows_accepted) == (1, 1)
    assert (big5.status, "No header" in big5.message) == ("failed", True)
    assert landing.raw("notes") == ["电话", "电话"]


def test_q03_rare_names_survive(landing):
    landing.calls("a.csv", [call(1, notes="㐀𠀀先生")], encoding="gb18030")
    landing.one()
    assert landing.raw("notes") == ["㐀𠀀先生"]


def test_q04_byte_order_marks_at_the_start_and_inside_are_no_text(landing):
    first = "\n".join([CALLS_HEADER, call(1)]) + "\n"
    again = "\n".join([CALLS_HEADER, call(2)]) + "\n"
    landing.put("generic_400/calls/a.csv", first.encode("utf-8-sig") + again.encode("utf-8-sig"))
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined, result.rows_total_line) == (2, 0, 1)
    assert landing.raw("call_id") == ["C000001", "C000002"]
    assert landing.repairs()["byte order mark removed"] == 1


def test_q05_nothing_is_guessed_by_type(landing):
    landing.calls("a.csv", [call(1, id="007", customer="02223456789", at="2025/1/5 8:03")])
    landing.one()
    assert [landing.raw(c) for c in ("call_id", "customer_number", "started_at")] == [
        ["007"], ["02223456789"], ["2025/1/5 8:03"]]


def test_q06_scientific_notation_is_quarantined_never_repaired(landing):
    landing.calls("a.csv", [call(1, customer="1.38001E+10"), call(2), call(3, id="1.23457E+17")])
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (1, 2)
    assert [(line, column) for line, column, _ in landing.quarantined()] == [(2, "customer_number"), (4, "call_id")]
    assert all("lost digits" in reason for _, _, reason in landing.quarantined())


def numbers(landing, *texts: str, **fixed: str) -> dict[str, tuple]:
    """Stored text -> (E.164, status) of calls whose customers' numbers are ``texts``."""
    assert landing.calls_of("customer", list(texts), **fixed).rows_accepted == len(texts)
    e164, status = landing.typed("e164", "customer_number"), landing.typed("number_status", "customer_number")
    return {text: (e164[text], status[text]) for text in e164}


def test_q07_a_float_of_a_number(landing):
    assert numbers(landing, "13800138000.0") == {"13800138000.0": (MOBILE, "ok")}
    assert landing.repairs() == {"decimal point removed": 1}


def test_q08_what_excel_wraps_around_text(landing):
    texts = ["'13800138000", '="13800138000"', "'138 0013 8000"]
    assert numbers(landing, *texts) == dict.fromkeys(texts, (MOBILE, "ok"))
    assert landing.repairs()["Excel text marks removed"] == 3
    assert landing.repairs()["separators in a number removed"] == 1


def test_q08_a_tab_before_a_number_is_padding(landing):
    assert numbers(landing, "\t13800138000", agent="'0012 ") == {"13800138000": (MOBILE, "ok")}
    assert landing.raw("agent_id") == ["0012"]
    assert landing.repairs() == {"blanks around a cell removed": 2, "Excel text marks of an id removed": 1}


def test_q09_a_masked_number_is_a_weak_key_and_no_identity(landing):
    texts = ["138****1234", "138xxxx1234", "138••••1234", "1888888****"]
    assert numbers(landing, *texts) == dict.fromkeys(texts, (None, "masked"))
    assert landing.typed("clean_number", "customer_number") == {
        "138****1234": "138****1234", "138xxxx1234": "138****1234", "138••••1234": "138****1234",
        "1888888****": "188****"}
    assert landing.repairs() == {"masked number kept but no identity": 4}


def test_q10_full_width_and_invisible_characters(landing):
    texts = ["１３８００１３８０００", "138\u200b00138000"]
    assert numbers(landing, *texts) == dict.fromkeys(texts, (MOBILE, "ok"))
    assert landing.repairs() == {"full-width characters read": 1, "invisible characters removed": 1}


def test_q11_prefixes_of_country_trunk_and_carrier(landing):
    texts = ["013800138000", "008613800138000", "86 13800138000", "+86-138-0013-8000", "1795113800138000"]
    assert numbers(landing, *texts) == dict.fromkeys(texts, (MOBILE, "ok"))
    found = landing.repairs()
    assert (found["trunk zero removed"], found["country prefix removed"], found["carrier prefix removed"]) == (1, 3, 1)


def test_q12_the_digit_for_an_outside_line_is_a_setting(landing, tmp_path):
    texts = {"913800138000": MOBILE, "902223456789": "+862223456789"}
    assert {text: e164 for text, (e164, _) in numbers(landing, *texts).items()} == texts
    assert landing.repairs() == {"outside-line digit removed": 2}
    rules = tmp_path / "other" / "policy" / "settings.yml"
    rules.parent.mkdir(parents=True)
    rules.write_text('settings:\n  - {key: outside_line_digits, value: "0", description: PBX}\n', encoding="utf-8")
    other = QuirkLanding(tmp_path / "other")
    assert numbers(other, "002223456789", "913800138000") == {
        "002223456789": ("+862223456789", "ok"), "913800138000": (None, "invalid")}


def test_q13_a_double_zero_typed_is_no_other_country(landing):
    assert numbers(landing, "0022-23456789") == {"0022-23456789": (None, "invalid")}
    assert landing.repairs()["number of another country not used"] == 1


def test_q14_short_codes(landing):
    assert numbers(landing, "95588", "10086") == {"95588": (None, "short_code"), "10086": (None, "short_code")}


def test_q15_hotline_numbers_are_nobodys(landing):
    texts = ["400-718-8668", "4007188668", "95511234"]
    assert numbers(landing, *texts) == dict.fromkeys(texts, (None, "hotline"))
    assert landing.typed("mask", "customer_number")["400-718-8668"] == "4007188668"


def test_q16_extensions_and_separators(landing):
    texts = ["022-23456789转801", "022-23456789-801", "02223456789,801", "(022)23456789#801"]
    assert numbers(landing, *texts) == dict.fromkeys(texts, ("+862223456789", "ok"))
    assert landing.repairs()["extension removed"] == 4


def test_q18_numbers_that_say_nobody(landing):
    texts = ["未知", "隐藏", "anonymous", "隐藏来电", "0", "Unavailable"]
    assert numbers(landing, *texts, "-") == dict.fromkeys([*texts, None], (None, "anonymous"))


def test_q19_lengths_of_time(landing):
    lengths = {"00:05:23": 323, "5:23": 323, "5分23秒": 323, "5′23″": 323, "323": 323, "323秒": 323, "1小时2分": 3720,
               "0.003738425926": 323, "5分23": 323, "１２３": 123, "1,323": 1323, "5m23s": 323}
    assert landing.calls_of("talk", list(lengths)).rows_accepted == len(lengths)
    assert landing.typed("seconds", "talk_seconds") == lengths
    found = landing.repairs()
    assert (found["unit words read"], found["fraction of a day converted"],
            found["minutes and seconds of a clock read"]) == (6, 1, 1)


def test_q19_the_header_or_the_profile_names_the_unit(landing):
    landing.calls("a.csv", [call(1, talk="5.38")], header=CALLS_HEADER.replace("通话时长", "通话时长（分钟）"))
    rule = "{talk_seconds: {headers: [通话时长], unit: '[h:m]'}}"
    landing.profile("house/calls.yml", f"synonyms: true\ncolumns: {rule}\n")
    landing.put("house/calls/b.csv", f"{CALLS_HEADER}\n{call(2, talk='1:02')}\n")
    assert [result.rows_accepted for result in landing.load()] == [1, 1]
    assert landing.typed("seconds", "talk_seconds") == {"5.38min": 323, "1:02[h:m]": 3720}
    assert landing.repairs() == {"minutes converted": 1, "hours and minutes of a clock read": 1}


def test_q19_a_clock_that_only_fits_the_times_as_hours_and_minutes_is_told(landing):
    header = CALLS_HEADER + ",接通时间,结束时间"
    landing.calls("a.csv", [call(1, talk="1:02") + ",2026-01-05 08:00:00,2026-01-05 09:02:00",
                            call(2, talk="5:23") + ",2026-01-05 08:00:00,2026-01-05 08:05:23"], header=header)
    landing.one()
    assert landing.repairs() == {"minutes and seconds of a clock read": 2, "clock contradicts the times": 1}


def test_q19_cells_of_excel(landing):
    landing.workbook("generic_400/calls/a.xlsx", [
        CALLS_HEADER.split(","),
        ["C1", "呼入", 13800138000, 4007188668, dt.datetime(2025, 1, 5, 8, 3), dt.time(0, 5, 23), "已接通", "A1", ""],
        ["C2", "呼入", 13800138000.0, "4007188668", dt.datetime(2025, 1, 5, 8, 3), dt.timedelta(seconds=323), "已接通",
         "A1", ""]])
    assert landing.one().rows_accepted == 2
    assert landing.typed("seconds", "talk_seconds") == {"00:05:23": 323}
    assert landing.typed("ts", "started_at") == {"2025-01-05 08:03:00": EIGHT}
    assert landing.typed("e164", "customer_number") == {"13800138000": MOBILE}


def test_q20_dates_in_every_spelling(landing):
    texts = ["2025/1/5 8:03", "2025-01-05 08:03:00", "2025年1月5日 8时3分", "20250105080300", "2025-01-05T00:03:00Z",
             "1736035380", "1736035380000", "45662.3354166667", "Sun, 05 Jan 2025 00:03:00 +0000",
             "Jan 5, 2025 8:03 AM", "2025-01-05T00:03:00.000+00:00", "20250105T000300Z"]
    assert landing.calls_of("at", texts).rows_accepted == len(texts)
    assert landing.raw("started_at") == texts
    assert landing.typed("ts", "started_at") == dict.fromkeys(texts, EIGHT)
    found = landing.repairs()
    assert {rule: found[rule] for rule in ("date words read", "compact date read", "epoch converted",
                                           "Excel serial number converted", "month name read")} == {
        "date words read": 1, "compact date read": 2, "epoch converted": 2, "Excel serial number converted": 1,
        "month name read": 2}
    assert found["time zone converted"] == 4


def test_q20_the_order_of_day_and_month_is_the_profiles(landing):
    landing.profile("us/calls.yml", "synonyms: true\ndate_order: mdy\ntime_zone: UTC\n")
    landing.profile("eu/calls.yml", "synonyms: true\ndate_order: dmy\n")
    landing.put("us/calls/a.csv", f"{CALLS_HEADER}\n{call(1, at='1/5/2025 12:03 AM')}\n")
    landing.put("eu/calls/a.csv", f"{CALLS_HEADER}\n{call(1, at='05.01.2025 08:03')}\n")
    landing.calls("undeclared.csv", [call(1, at="1/5/2025 8:03")])
    assert [result.rows_quarantined for result in sorted(landing.load(), key=lambda r: r.source)] == [0, 1, 0]
    assert set(landing.typed("ts", "started_at").values()) == {EIGHT}
    assert "date_order" in landing.quarantined()[0][2]
    assert landing.repairs()["day order of the profile applied"] == 2


def test_q21_impossible_times_and_dates_that_mean_never(landing):
    header = CALLS_HEADER + ",结束时间"
    ends = ["0000-00-00 00:00:00", "1970-01-01 08:00:00", "1900-01-00", "2025-01-05 24:00:00", "2025-13-05 08:00:00"]
    landing.calls("a.csv", [call(n, at="2025/1/5 上午8:03") + f",{end}" for n, end in enumerate(ends)], header=header)
    assert landing.one().rows_accepted == 5
    assert landing.typed("ts", "started_at") == {"2025/1/5 上午8:03": EIGHT}
    assert landing.typed("ts", "ended_at") == dict.fromkeys(ends)
    assert landing.repairs() == {"12-hour clock read": 5, "date that means never left empty": 3,
                                 "unreadable value left empty": 2}


def test_q22_titles_and_filters_above_the_header(landing):
    lines = ["通话记录导出", "筛选条件:,2026-01-05 至 2026-01-06", "", CALLS_HEADER, call(1)]
    landing.put("generic_400/calls/a.csv", "\n".join(lines) + "\n")
    assert landing.one().rows_accepted == 1
    assert landing.query("select _line from raw.calls") == [(5,)]


def test_q23_totals_and_footers_are_no_calls(landing):
    footers = ["合计,,,,,323,,,", "平均,,,,,323,,,", "共 1 条,,,,,,,,", "导出时间：2026-01-06,,,,,,,,", ",,,,,,,,"]
    landing.calls("a.csv", [call(1), *footers])
    result = landing.one()
    assert (result.rows_read, result.rows_accepted, result.rows_total_line) == (1, 1, 5)


def test_q24_overlapping_exports_count_once(landing):
    header = CALLS_HEADER.replace("呼叫ID", "序号")
    landing.calls("a.csv", [call(n) for n in (1, 2)], header=header)
    landing.load()
    landing.calls("b.csv", [call(n) for n in (2, 3)], header=header.replace("备注", "通话小结"))
    _, second = landing.load()
    assert (second.rows_accepted, second.rows_duplicate) == (1, 1)
    assert len(set(landing.raw("call_id"))) == 3


def test_q25_an_id_delivered_again_with_other_content_is_another_version(landing):
    header = CALLS_HEADER + ",更新时间"
    landing.calls("a.csv", [call(1) + ",2026-01-05 09:00:00"], header=header)
    landing.load()
    landing.calls("b.csv", [call(1, notes="客户要报价") + ",2026-01-06 09:00:00"], header=header)
    assert landing.load()[1].rows_accepted == 1
    assert landing.query("select notes from raw.calls order by parse.ts(source_updated_at) desc") == [
        ("客户要报价",), (None,)]


def test_q26_ids_stay_text_and_rounded_ones_are_told(landing):
    ids = ["1366720340.303267", "202601050001234567", "202601050001234000", "0012"]
    assert landing.calls_of("id", ids).rows_accepted == 4
    assert landing.raw("call_id") == ids
    assert landing.repairs() == {"id may have lost digits": 1}


def test_q27_cells_of_several_values(landing):
    header = CALLS_HEADER.replace("备注", "标签")
    tags = ["报价、回访", "报价，回访", "报价;回访", "报价/回访", "报价"]
    landing.calls("a.csv", [call(n, notes=text) for n, text in enumerate(tags)], header=header)
    landing.one()
    assert landing.raw("tags") == tags
    assert landing.repairs() == {"several values in one cell": 4}


@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";"])
def test_q28_delimiters_whatever_the_name_says(landing, delimiter):
    rows = [CALLS_HEADER.split(","), call(1).split(",")]
    landing.put("generic_400/calls/a.xls", csv_text(rows, delimiter), encoding="gb18030")
    result = landing.one()
    assert (result.status, result.rows_accepted) == ("loaded", 1), result.message


def test_q28_a_page_of_html_named_xls(landing):
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line.split(','))}</tr>"
                   for line in (CALLS_HEADER, call(1)))
    landing.put("generic_400/calls/a.xls", f"<html><body><table>{rows}</table></body></html>")
    result = landing.one()
    assert (result.status, result.rows_accepted) == ("loaded", 1), result.message
    assert landing.repairs()["read from HTML"] == 1


def test_q29_line_breaks_and_quotes_inside_notes_cost_no_row(landing):
    lines = [call(1, notes='"两\n行"'), call(2, notes='"好'), call(3), call(4, notes='"甲""乙"')]
    landing.calls("a.csv", lines)
    assert landing.one().rows_accepted == 4
    assert landing.raw("notes") == ["两\n行", '"好', None, '甲"乙']
    assert landing.repairs() == {"line breaks inside a cell": 1, "stray quotes kept as text": 1}


def test_q30_a_file_of_exactly_excels_limit_is_told(landing):
    lines = [call(n) for n in range(65_535)]
    landing.calls("a.csv", lines)
    result = landing.one()
    assert result.rows_accepted == 65_535
    assert "65536 rows, Excel's limit" in result.message


def test_q31_full_width_headers_with_units(landing):
    header = CALLS_HEADER.replace("呼叫ID", "呼叫 ＩＤ").replace("通话时长", "通话时长（毫秒）")
    landing.calls("a.csv", [call(1, talk="323000")], header=header)
    landing.one()
    assert landing.typed("seconds", "talk_seconds") == {"323000ms": 323}


def test_q32_yes_and_no(landing):
    words = {"是": True, "否": False, "Y": True, "N": False, "1": True, "0": False, "已接听": True, "未接听": False,
             "√": True}
    landing.calls("a.csv", [call(n) + f",{word}" for n, word in enumerate(words)], header=CALLS_HEADER + ",是否接通")
    landing.one()
    assert landing.typed("bool", "is_connected") == words


def test_q33_result_texts_have_canonical_results(landing):
    results = {"空号": "invalid_number", "停机": "arrears", "关机": "power_off", "占线": "busy", "拒接": "rejected",
               "无法接通": "out_of_service_area", "暂时无法接通": "out_of_service_area", "来电提醒": "call_forwarded",
               "無人接聽": "no_answer", "佔線": "busy", "語音信箱": "voicemail", "已接聽": "connected"}
    landing.calls_of("state", list(results))
    assert dict(landing.query(
        "select tech_result, canonical_value from raw.calls join ops.value_maps on source = _source and feed = 'calls' "
        "and column_name = 'tech_result' and raw_value = tech_result")) == results


def test_q36_amounts(landing):
    amounts = {"￥1,234.50": Decimal("1234.50"), "1.2万": Decimal("12000.00"), "3亿": Decimal("300000000.00"),
               "-200": Decimal("-200.00"), "(200.00)": Decimal("-200.00"), "１２３": Decimal("123.00")}
    rows = [["订单号", "下单时间", "订单金额"], *([f"O{n}", "2026-01-05", text] for n, text in enumerate(amounts))]
    landing.put("generic_crm/orders/a.csv", csv_text([*rows, ["O9", "2026-01-05", "1.234,50"]]))
    assert landing.one().rows_quarantined == 1
    assert landing.typed("money", "amount_cny", "orders") == amounts
    assert landing.repairs() == {"currency sign removed": 1, "thousands separators removed": 1,
                                 "Chinese multiples read": 2, "amount in brackets read as negative": 1,
                                 "full-width characters read": 2}


def test_q39_traditional_text_pinyin_and_adverts_stay_as_they_are(landing):
    note = "客戶(kèhù)要報價【加微信领资料】"
    landing.calls("a.csv", [call(1, notes=note, at="2025年1月5號 8時3分")])
    landing.one()
    assert landing.raw("notes") == [note]
    assert set(landing.typed("ts", "started_at").values()) == {EIGHT}
