"""What rows mean: golden values, quarantine, keys, duplicates, units, zones, profiles. Through the real loader."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest

from tests.unit.exports_support import Landing, call


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


def test_golden_numbers(landing):
    golden = {
        "'138 0013 8000": ("+8613800138000", "ok"),
        "１３８００１３８０００": ("+8613800138000", "ok"),
        "138****1234": (None, "masked"),
        "13800138000.0": ("+8613800138000", "ok"),
        "022-23456789": ("+862223456789", "ok"),
        "4007188668": (None, "hotline"),
        "95588": (None, "short_code"),
        "0022-23456789": (None, "invalid"),
    }
    landing.calls(
        "a.csv", [call(n, customer=text) for n, text in enumerate(golden)] + [call(99, customer="1.38001E+10")]
    )
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (8, 1)
    assert {
        raw: (e164, status)
        for raw, e164, status in landing.query(
            "select customer_number, parse.e164(customer_number), parse.number_status(customer_number) from raw.calls"
        )
    } == golden
    ((line, column, reason),) = landing.query("select line, column_name, reason from ops.quarantine")
    assert (line, column) == (10, "customer_number")
    assert "1.38001E+10" in reason
    assert landing.query("select parse.number_prefix(parse.e164('022-23456789'))") == [("022",)]
    assert landing.query("select parse.clean_number('138****1234')") == [("138****1234",)]


def test_golden_durations_and_times(landing):
    durations = {"5分23秒": 323, "00:05:23": 323, "323秒": 323, "1小时2分": 3720, "0.003738425926": 323}
    times = ["2025/1/5 8:03", "45662.3354166667", "1736035380000", "2025-01-05T00:03:00Z", "2025年1月5日 8时3分"]
    lines = [call(n, talk=talk, at=at) for n, (talk, at) in enumerate(zip(durations, times, strict=True))]
    landing.calls("a.csv", [*lines, call(9, at="1532458000000"), "合计" + "," * 8])
    result = landing.one()
    assert (result.rows_accepted, result.rows_total_line, result.rows_quarantined) == (6, 1, 0)
    rows = landing.query(
        "select talk_seconds, parse.seconds(talk_seconds), parse.ts(started_at), _event_date "
        "from raw.calls order by _line"
    )
    assert {raw: seconds for raw, seconds, _, _ in rows[:5]} == durations
    assert {(at, day) for _, _, at, day in rows[:5]} == {(dt.datetime(2025, 1, 5, 8, 3), dt.date(2025, 1, 5))}
    assert rows[5][2] == dt.datetime(2018, 7, 25, 2, 46, 40)


def test_quarantine_names_line_column_and_reason_without_numbers(landing):
    landing.calls(
        "a.csv",
        [
            call(1),
            call(2, id="-"),
            call(3, at="2026-13-45 08:00:00"),
            call(4, at=""),
            call(5, talk="很久"),
            call(6, direction=""),
            call(7, id="", customer="'138 0013 8000", notes="打13800138000或022-23456789"),
            call(8, talk=""),
        ],
    )
    result = landing.one()
    assert (result.rows_read, result.rows_accepted, result.rows_quarantined) == (8, 2, 6)
    rows = landing.query("select line, column_name, reason, raw_line, event_date from ops.quarantine order by line")
    assert [(line, column) for line, column, *_ in rows] == [
        (3, "call_id"),
        (4, "started_at"),
        (5, "started_at"),
        (6, "talk_seconds"),
        (7, "direction"),
        (8, "call_id"),
    ]
    assert "2026-13-45" in rows[1][2]
    assert "很久" in rows[3][2]
    assert rows[0][4] == dt.date(2026, 1, 5)
    everything = " ".join(str(cell) for row in rows for cell in row)
    assert not re.search(r"1[3-9]\d{9}|0013|22-?23456789", everything)
    assert "138****8000" in rows[5][3]


def test_unreadable_amount_of_an_order(landing):
    landing.put(
        "generic_crm/orders/a.csv", "订单号,下单时间,订单金额\nO1,2026-01-05 08:00:00,面议\nO2,2026-01-05 08:00:00,\n"
    )
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (1, 1)
    assert landing.query("select column_name from ops.quarantine") == [("amount_cny",)]


def test_provenance_of_a_row(landing):
    landing.calls("a.csv", [call(1)])
    result = landing.one()
    ((source, file_id, line, key, day, loaded),) = landing.query(
        "select _source, _file_id, _line, _row_key, _event_date, _loaded_at from raw.calls"
    )
    assert (source, file_id, line, key, day) == ("generic_400", result.file_id, 2, "C000001", dt.date(2026, 1, 5))
    assert abs((dt.datetime.now(dt.UTC).replace(tzinfo=None) - loaded).total_seconds()) < 600


def test_exact_repetitions_count_and_are_not_inserted(landing):
    landing.calls("a.csv", [call(1), call(2), call(1), call(1), call(2, notes="改")])
    result = landing.one()
    assert (result.rows_read, result.rows_accepted, result.rows_duplicate, result.rows_superseded) == (5, 2, 2, 1)
    assert landing.query("select _row_key, _line from raw.calls order by 2") == [
        ("C000001", 2),
        ("C000002", 3),
        ("C000002", 6),
    ]


def test_rows_of_an_earlier_file_count_as_duplicates_but_are_kept(landing):
    landing.calls("a.csv", [call(1), call(2)])
    landing.load()
    landing.calls(
        "b.csv",
        [call(2), call(3), call(1, notes="新")],
        header="呼叫ID,呼叫类型,客户号码,400号码,开始时间,通话时长,通话状态,工号,通话小结",
    )
    _, second = landing.load()
    assert (second.rows_read, second.rows_accepted, second.rows_duplicate) == (3, 2, 1)
    assert landing.query("select count(*) from raw.calls") == [(5,)]


def test_ids_on_several_dates_are_noted(landing):
    landing.calls("a.csv", [call(1), call(2), call(3)])
    landing.load()
    landing.calls("b.csv", [call(2, at="2026-01-09 08:00:00"), call(3, notes="同日")])
    landing.load()
    landing.load()
    assert landing.query("select * from ops.moved_ids order by event_date") == [
        ("generic_400", "calls", "C000002", dt.date(2026, 1, 5)),
        ("generic_400", "calls", "C000002", dt.date(2026, 1, 9)),
    ]


def test_calls_without_an_id_get_one_that_spelling_does_not_change(landing):
    landing.put(
        "generic_400/calls/a.csv",
        "呼叫类型,客户号码,400号码,开始时间,通话时长\n呼入,13900000001,4000000101,2026-01-05 08:00:00,323\n",
    )
    landing.put(
        "generic_400/calls/b.csv",
        "呼叫类型,客户号码,400号码,开始时间,通话时长\n呼入,139 0000 0001,4000000101,2026/1/5 8:00,5分23秒\n",
    )
    landing.load()
    rows = landing.query("select distinct call_id, _row_key from raw.calls")
    assert len(rows) == 1
    assert rows[0][0].startswith("#")


def test_composite_keys_ignore_spelling_of_dates(landing):
    header = "日期,渠道,费用类型,金额,业务线\n"
    landing.put(
        "generic_crm/channel_costs/a.csv", header + "2026-01,百度搜索,媒体投放,100,企业服务\n2026-01,,系统费,5,\n"
    )
    landing.put("generic_crm/channel_costs/b.csv", header + "2026年1月,百度搜索,媒体投放,120,企业服务\n")
    landing.load()
    assert landing.query(
        "select _row_key, _event_date, amount_cny from raw.channel_costs order by amount_cny::int"
    ) == [
        ("2026-01-01||系统费||", dt.date(2026, 1, 1), "5"),
        ("2026-01-01|百度搜索|媒体投放|企业服务|", dt.date(2026, 1, 1), "100"),
        ("2026-01-01|百度搜索|媒体投放|企业服务|", dt.date(2026, 1, 1), "120"),
    ]


def test_caller_and_called_change_sides_with_the_direction(landing):
    landing.put(
        "generic_400/calls/a.csv",
        "流水号,呼叫类型,主叫号码,被叫号码,呼叫时间,通话时长(秒)\n"
        "1,呼入,13900000001,4000000101,2026-01-05 08:00:00,30\n2,呼出,4000000101,13900000002,2026-01-05 08:00:00,30\n",
    )
    landing.load()
    assert landing.query("select customer_number, own_number from raw.calls order by call_id") == [
        ("13900000001", "4000000101"),
        ("13900000002", "4000000101"),
    ]


def test_units_zones_constants_and_values_of_a_profile(landing):
    landing.profile(
        "abroad/calls.yml",
        """
synonyms: true
time_zone: America/New_York
columns:
  direction: {const: outbound}
  ring_seconds: {headers: [Ring], unit: ms}
  hold_seconds: {headers: [Hold], unit: "[h:m]"}
values:
  tech_result: {1: connected, No: busy}
""",
    )
    landing.put(
        "abroad/calls/a.csv",
        "uuid,客户号码,开始时间,时长（分钟）,Ring,Hold,通话状态\n"
        "a,13900000001,2025-01-04 19:03:00,5.38,1500,1:02,1\nb,13900000001,2025-01-05T00:03:00Z,5分23秒,,,No\n",
    )
    landing.load()
    assert landing.query(
        "select started_at, parse.ts(started_at), parse.seconds(talk_seconds), "
        "parse.seconds(ring_seconds), parse.seconds(hold_seconds), direction from raw.calls order by 1"
    ) == [
        ("2025-01-04 19:03:00[America/New_York]", dt.datetime(2025, 1, 5, 8, 3), 323, 2, 3720, "outbound"),
        ("2025-01-05T00:03:00Z", dt.datetime(2025, 1, 5, 8, 3), 323, None, None, "outbound"),
    ]
    maps = dict(
        landing.query(
            "select raw_value, canonical_value from ops.value_maps "
            "where source = 'abroad' and column_name = 'tech_result'"
        )
    )
    assert (maps["1"], maps["no"], maps["空号"]) == ("connected", "busy", "invalid_number")


def test_changed_value_maps_rebuild_the_dates_of_their_source_only(landing):
    landing.calls("a.csv", [call(1)])
    landing.put("generic_crm/leads/a.csv", "线索ID,创建时间\nL1,2026-01-06 08:00:00\n")
    landing.load()
    landing.query("delete from ops.dirty_dates")
    landing.load()
    assert landing.query("select * from ops.dirty_dates") == []
    landing.profile("generic_400/calls.yml", "synonyms: true\nvalues: {tech_result: {已接通: voicemail}}\n")
    landing.load()
    assert landing.query("select distinct feed, event_date from ops.dirty_dates") == [("calls", dt.date(2026, 1, 5))]


def test_unknown_columns_are_kept_and_listed(landing):
    landing.calls(
        "a.csv",
        [call(1) + ",甲,", call(2) + ",,"],
        header="呼叫ID,呼叫类型,客户号码,400号码,开始时间,通话时长,通话状态,坐席工号,备注,质检,质检",
    )
    landing.load()
    extras = [row[0] for row in landing.query("select _extra from raw.calls order by call_id")]
    assert json.loads(extras[0])["质检"] == "甲"
    assert extras[1] is None


def test_a_bracket_in_a_time_is_no_zone(landing):
    landing.calls("a.csv", [call(1, at="2026-01-05 08:00:00[No/Where]"), call(2)])
    assert (landing.one().rows_accepted, landing.query("select count(*) from ops.quarantine")) == (1, [(1,)])


def test_an_uncommon_spelling_dates_a_row_where_dates_are_optional(landing):
    landing.put(
        "generic_crm/customers/a.csv",
        "客户ID,姓名,创建时间\nK1,测试甲,2026年1月5日\nK2,测试乙,\nK3,测试丙,不详\nK4,测试丁,2026-01-06 08:00:00\n",
    )
    assert landing.one().rows_accepted == 4
    undated = dt.date(1970, 1, 1)
    assert landing.query("select customer_id, _event_date from raw.customers order by 1") == [
        ("K1", dt.date(2026, 1, 5)),
        ("K2", undated),
        ("K3", undated),
        ("K4", dt.date(2026, 1, 6)),
    ]


@pytest.mark.parametrize("odd", [0, 1, 30_000])
def test_quick_and_full_reading_agree_on_files_of_any_size(landing, odd):
    # Above the size where a sample is taken first: odd spellings nowhere, beyond the sample, everywhere.
    rows = 30_000
    lines = [call(n, talk="5分23秒" if n >= rows - odd else "323") for n in range(rows)]
    lines[-2] = call(rows - 2, talk="很久")
    landing.calls("a.csv", lines)
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (rows - 1, 1)
    assert landing.query(
        "select count(*), count(distinct _line), max(_line), sum(parse.seconds(talk_seconds)) from raw.calls"
    ) == [(rows - 1, rows - 1, rows + 1, 323 * (rows - 1))]
    assert landing.query("select line, column_name from ops.quarantine") == [(rows, "talk_seconds")]
