"""What files look like: encodings, delimiters, titles, totals, quotes, widths, workbooks. Through the real loader."""

from __future__ import annotations

import datetime as dt

import openpyxl
import pytest

from tests.unit.exports_support import CALLS_HEADER, Landing, call


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


@pytest.mark.parametrize(
    ("encoding", "recorded"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gb18030", "gb18030"), ("utf-16", "utf-16")]
)
def test_encodings_arrive_as_the_same_text(landing, encoding, recorded):
    landing.calls("a.csv", [call(1, notes="㐀𠀀客户要报价"), call(2)], encoding=encoding)
    result = landing.one()
    assert (result.status, result.rows_accepted) == ("loaded", 2), result.message
    assert landing.query("select notes, tech_result, _line from raw.calls order by _line") == [
        ("㐀𠀀客户要报价", "已接通", 2),
        (None, "已接通", 3),
    ]
    assert landing.query("select encoding from ops.export_files") == [(recorded,)]


def test_a_half_character_at_a_cut_cell_costs_only_itself(landing):
    content = "\n".join([CALLS_HEADER, call(1, notes="好"), *(call(n) for n in range(2, 50))]).encode("gb18030")
    landing.put("generic_400/calls/cut.csv", content.replace("好".encode("gb18030"), "好".encode("gb18030")[:1]))
    result = landing.one()
    assert (result.status, result.rows_read) == ("loaded", 49)
    assert "undecodable" in landing.query("select repairs from ops.export_files")[0][0]


def test_chinese_text_that_begins_far_into_the_file(landing):
    header = "CallId,direction,customer phone,start time,duration,notes"
    lines = [f"C{n},out,139{n:08d},2026-01-05 08:00:00,30,none" for n in range(8000)]
    lines[7500] = lines[7500].replace("none", "客户要报价")
    landing.calls("a.csv", lines, header=header, encoding="gb18030")
    assert landing.one().rows_accepted == 8000
    assert landing.query("select notes, _line from raw.calls where notes <> 'none'") == [("客户要报价", 7502)]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(landing, delimiter, line_end):
    lines = [line.replace(",", delimiter) for line in (CALLS_HEADER, call(1, notes="说明"), call(2, notes="说明"))]
    landing.put("generic_400/calls/a.txt", line_end.join(lines) + line_end)
    assert landing.one().rows_accepted == 2
    assert landing.query("select call_id, notes, _line from raw.calls order by _line") == [
        ("C000001", "说明", 2),
        ("C000002", "说明", 3),
    ]


def test_mixed_line_ends_and_no_last_one(landing):
    landing.put("generic_400/calls/a.csv", f"{CALLS_HEADER}\r\n{call(1)}\n{call(2)}\r\n{call(3)}")
    assert landing.one().rows_accepted == 3


@pytest.mark.parametrize("notes", ["客户要报价", '"客户, 要报价"'])
def test_lines_of_blanks_alone_are_no_data_whether_anything_is_quoted(landing, notes):
    landing.put(
        "generic_400/calls/blank.csv",
        "\n".join([CALLS_HEADER, call(1, notes=notes), "   ", call(2), "", "\t", call(3)]) + "\n",
    )
    result = landing.one()
    assert (result.rows_read, result.rows_accepted, result.rows_quarantined) == (3, 3, 0), result.message
    assert landing.query("select _line from raw.calls order by _line") == [(2,), (4,), (7,)]


def test_titles_totals_footers_and_blank_lines_are_not_data(landing):
    landing.put(
        "generic_400/calls/a.csv",
        "\n".join(
            [
                "某某公司400通话记录",
                '查询条件:"全部",,,',
                CALLS_HEADER,
                call(1),
                call(2),
                "",
                "小计,,,,,00:10:46,,,",
                call(3),
                CALLS_HEADER,
                ",,,,,,,,",
                call(4),
                "合计,,,,,00:21:32,,,",
                "合计,4",
                "共 4 条",
                "导出时间:2026-01-06 09:00",
                "",
            ]
        ),
    )
    result = landing.one()
    assert (result.rows_read, result.rows_accepted, result.rows_total_line) == (4, 4, 7), result
    assert landing.query("select call_id, _line from raw.calls order by 1") == [
        ("C000001", 4),
        ("C000002", 5),
        ("C000003", 8),
        ("C000004", 11),
    ]
    assert landing.query("select count(*) from ops.quarantine") == [(0,)]


def test_totals_in_feeds_without_dates(landing):
    landing.put("generic_400/agents/a.csv", "工号,姓名,团队\nA1,测试甲,一组\n合计,2,\n")
    assert (landing.one().rows_accepted, landing.query("select agent_id from raw.agents")) == (1, [("A1",)])


def test_one_stray_quote_swallows_nothing(landing):
    lines = [call(n) for n in range(3000)]
    lines[10] = call(10, notes='"他说')
    lines[20] = call(20, notes='12"屏幕')
    lines[30] = call(30, notes='"完整, 的""引用"')
    landing.calls("a.csv", lines)
    assert landing.one().rows_accepted == 3000
    assert landing.query("select call_id, notes, _line from raw.calls where notes is not null order by 1") == [
        ("C000010", '"他说', 12),
        ("C000020", '12"屏幕', 22),
        ("C000030", '完整, 的"引用', 32),
    ]
    assert landing.query("select _line from raw.calls where call_id = 'C002999'") == [(3001,)]


def test_two_stray_quotes_at_cell_starts_swallow_nothing(landing):
    lines = [call(n) for n in range(60)]
    lines[10] = call(10, agent='"A1')
    lines[40] = call(40, agent='A1"')
    landing.calls("a.csv", lines)
    assert landing.one().rows_accepted == 60


def test_line_breaks_inside_cells_stay_and_lines_are_physical(landing):
    landing.calls("a.csv", [call(1, notes='"第一行\n第二行, 有逗号"'), call(2), call(3, notes='"甲\n\n乙"'), call(4)])
    assert landing.one().rows_accepted == 4
    assert landing.query("select notes, _line from raw.calls order by _line") == [
        ("第一行\n第二行, 有逗号", 2),
        (None, 4),
        ("甲\n\n乙", 5),
        (None, 8),
    ]


def test_well_quoted_files_take_the_fast_path(landing):
    quoted = [",".join(f'"{cell}"' for cell in line.split(",")) for line in (CALLS_HEADER, call(1), call(2))]
    landing.put("generic_400/calls/a.csv", "\n".join(quoted) + "\n")
    assert landing.one().rows_accepted == 2
    assert landing.query("select notes, repairs from raw.calls, ops.export_files limit 1") == [(None, None)]


@pytest.mark.parametrize("quoted", [False, True])
def test_ragged_lines_are_quarantined_with_their_line(landing, quoted):
    lines = [call(n, notes='"引"' if quoted else "") for n in range(1, 7)]
    lines[1] += ",多余"
    lines[3] = "C000004,呼入,13900000004"
    landing.calls("a.csv", lines)
    result = landing.one()
    assert (result.rows_read, result.rows_accepted, result.rows_quarantined) == (6, 4, 2)
    assert landing.query("select call_id, _line from raw.calls order by 1") == [
        ("C000001", 2),
        ("C000003", 4),
        ("C000005", 6),
        ("C000006", 7),
    ]
    rows = landing.query("select line, column_name, reason, raw_line from ops.quarantine order by line")
    assert [(row[0], row[1]) for row in rows] == [(3, None), (5, None)]
    assert "another number of cells" in rows[0][2]
    assert rows[1][3] == "C000004,呼入,139****0004"


def test_rows_that_all_end_with_a_delimiter(landing):
    landing.calls("a.csv", [call(1) + ",", call(2) + ","])
    assert landing.one().rows_accepted == 2


def test_padding_and_excel_text_marks_are_container_noise(landing):
    landing.calls("a.csv", [' ="C1" , 呼入 ,="13900000001",4000000101, 2026-01-05 08:00:00,323 ,已接通　,\'0012 ,  '])
    assert landing.one().rows_accepted == 1
    assert landing.query(
        "select call_id, direction, parse.e164(customer_number), started_at, talk_seconds, tech_result, "
        "agent_id, notes "
        "from raw.calls"
    ) == [("C1", "呼入", "+8613900000001", "2026-01-05 08:00:00", "323", "已接通", "0012", None)]


def test_nul_bytes_are_removed(landing):
    landing.calls("a.csv", [call(1, notes="好\0的"), call(2)])
    assert landing.one().rows_accepted == 2
    assert landing.query("select notes from raw.calls where notes is not null") == [("好的",)]


def workbook(path, sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def test_workbooks_keep_types_in_canonical_text(landing):
    path = landing.settings.landing / "generic_crm/orders/orders.xlsx"
    workbook(
        path,
        {
            "说明": [["导出说明"]],
            "订单": [
                ["订单导出"],
                [None],
                ["订单号", "下单时间", "订单金额（元）", "客户手机", "产品", "付款时间", "内部编号"],
                [1001, dt.datetime(2026, 1, 5, 8, 3, 59), 1234.5, 13900000001, "标准版", dt.date(2026, 1, 6), 7],
                ["1002", "2026/1/5 9:00", "1.2万", "139 0000 0002", True, None, None],
                [None] * 7,
                ["合计", None, 13234.5],
            ],
            "续": [
                ["订单号", "下单时间", "订单金额（元）", "客户手机", "产品", "付款时间", "内部编号"],
                [1003, dt.datetime(2026, 1, 5, 8, 3), 5, "022-23456789", "标准版", None, 8],
            ],
        },
    )
    result = landing.one()
    assert (result.status, result.rows_accepted, result.rows_total_line) == ("loaded", 3, 2), result.message
    assert landing.query(
        "select order_id, ordered_at, amount_cny, customer_number, product, paid_at, _extra, _line "
        "from raw.orders order by 1"
    ) == [
        ("1001", "2026-01-05 08:03:59", "1234.5", "13900000001", "标准版", "2026-01-06", '{"内部编号":"7"}', 4),
        ("1002", "2026/1/5 9:00", "1.2万", "139 0000 0002", "是", None, None, 5),
        ("1003", "2026-01-05 08:03:00", "5", "022-23456789", "标准版", None, '{"内部编号":"8"}', 9),
    ]
    assert "续" in result.message
    assert landing.query("select unknown_columns from ops.export_files") == [('["内部编号"]',)]


def test_durations_as_excel_times(landing):
    path = landing.settings.landing / "generic_400/calls/a.xlsx"
    workbook(
        path,
        {
            "通话": [
                ["呼叫ID", "呼叫类型", "客户号码", "开始时间", "通话时长"],
                ["a", "呼入", "13900000001", dt.datetime(2026, 1, 5, 8), dt.time(0, 5, 23)],
                ["b", "呼入", "13900000001", dt.datetime(2026, 1, 5, 9), dt.timedelta(hours=25, seconds=1)],
                ["c", "呼入", "13900000001", 46027.3354166667, 0.003738425926],
            ]
        },
    )
    assert landing.one().rows_accepted == 3
    assert landing.query(
        "select parse.ts(started_at), parse.seconds(talk_seconds) from raw.calls order by call_id"
    ) == [(dt.datetime(2026, 1, 5, 8), 323), (dt.datetime(2026, 1, 5, 9), 90001), (dt.datetime(2026, 1, 5, 8, 3), 323)]
