"""Files as they come: without header, in containers of every kind. Through the real loader."""

from __future__ import annotations

import datetime as dt
import json

import openpyxl
import pytest
import xlsxwriter

from dial2deal.readers import decoded, json_records, workbook
from tests.integration.office_files import spreadsheet_xml, xls
from tests.unit.exports_support import CALLS_HEADER, Landing, call

PBX = """\
header: none
dialects:
  "4": [src, dst, start, billsec]
  "6": [src, dst, start, billsec, uniqueid, userfield]
columns:
  call_id: {headers: [uniqueid], hash_of: [customer_number, started_at]}
  direction: {const: inbound}
  customer_number: src
  started_at: start
  talk_seconds: billsec
"""


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


def pbx_line(number: int, *more: str) -> str:
    return ",".join([f'"139{number:08d}"', '"s"', f'"2026-01-05 08:00:{number:02d}"', "30", *more])


def test_files_without_header_by_their_number_of_cells(landing):
    landing.profile("pbx/calls.yml", PBX)
    landing.put("pbx/calls/Master.csv", f"{pbx_line(1)}\n{pbx_line(2)}\n")
    landing.put("pbx/calls/wide.csv", f"{pbx_line(3, 'u3', '')}\n{pbx_line(4)}\n{pbx_line(5, 'u5', 'x')}\n")
    landing.put("pbx/calls/five.csv", f"{pbx_line(6, 'u6')}\n")
    named = "src,dst,start,billsec\n" + pbx_line(7) + "\n"
    landing.put("pbx/calls/named.csv", named)
    results = {r.path.rsplit("/", 1)[-1]: r for r in landing.load()}
    assert (results["Master.csv"].rows_accepted, results["wide.csv"].rows_accepted) == (2, 2)
    assert results["wide.csv"].rows_quarantined == 1
    assert results["named.csv"].rows_accepted == 1
    assert "known are 4, 6, the first row has 5" in results["five.csv"].message
    assert landing.query("select customer_number, _line, _extra from raw.calls order by 1") == [
        ("13900000001", 1, '{"dst":"s"}'),
        ("13900000002", 2, '{"dst":"s"}'),
        ("13900000003", 1, '{"dst":"s","userfield":null}'),
        ("13900000005", 3, '{"dst":"s","userfield":"x"}'),
        ("13900000007", 2, '{"dst":"s"}'),
    ]


def test_short_rows_are_filled_when_the_profile_says_so(landing):
    landing.profile("pbx/calls.yml", PBX.replace("dialects:", "delimiter: '|'\nshort_rows: pad\ndialects:"))
    rows = [
        pbx_line(1, "u1").replace(",", "|"),
        "",
        pbx_line(2, "u2", '"a\nb"').replace(",", "|"),
        pbx_line(3, "u3").replace(",", "|"),
        pbx_line(4, "u", "v", "w").replace(",", "|"),
    ]
    landing.put("pbx/calls/queue_log", "\n".join(rows) + "\n")
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (3, 1), result
    landing.put("pbx/calls/plain", "\n".join(row.replace('"', "").replace("a\nb", "b") for row in rows) + "\n")
    assert [r.rows_accepted + r.rows_duplicate for r in landing.load()] == [3, 3]
    assert landing.query("select distinct customer_number, _line from raw.calls order by 1, 2") == [
        ("13900000001", 1),
        ("13900000002", 3),
        ("13900000003", 4),
        ("13900000003", 5),
    ]


def test_rows_that_are_no_data_by_the_profile(landing):
    landing.profile(
        "cucm/calls.yml",
        """\
not_data: ["{kind} in ('INTEGER', '2')", "{not in the file} = '1'"]
columns:
  call_id: pkid
  direction: {const: inbound}
  customer_number: from
  started_at: at
  talk_seconds: duration
ignore: [kind]
""",
    )
    landing.put(
        "cucm/calls/cdr.csv",
        "\n".join(
            [
                "kind,pkid,from,at,duration",
                "INTEGER,UNIQUEIDENTIFIER,VARCHAR(50),INTEGER,INTEGER",
                "1,p1,13900000001,1767571200,30",
                "2,p2,13900000001,1767571201,30",
                "1,p3,13900000003,never,30",
            ]
        )
        + "\n",
    )
    result = landing.one()
    assert (result.rows_read, result.rows_accepted, result.rows_quarantined, result.rows_total_line) == (2, 1, 1, 2)
    assert landing.query("select line from ops.quarantine") == [(5,)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"4": [src, dst, start, billsec]', '"4": [src, dst, start]'), "must name 4"),
        (("header: none", ""), "belong together"),
    ],
)
def test_a_wrong_dialect_is_told(landing, change, message):
    landing.profile("pbx/calls.yml", PBX.replace(*change))
    landing.put("pbx/calls/Master.csv", pbx_line(1))
    assert message in landing.one().message


HEADER = CALLS_HEADER.split(",")
EXPECTED = [
    ("C000001", "呼入", "13900000001", "2026-01-05 08:00:01", "00:05:23", "已接通"),
    ("C000002", "呼入", "13900000002", "2026-01-05 08:00:02", "00:05:23", "已接通"),
]
READ = "select call_id, direction, customer_number, started_at, talk_seconds, tech_result from raw.calls order by 1"


def rows(*numbers: int) -> list[list[str]]:
    return [call(number).split(",") for number in numbers]


def html(table: list[list[str]], cell: str = "td") -> str:
    return "<tr>" + "</tr>\n<tr>".join("".join(f"<{cell}>{c}</{cell}>" for c in row) for row in table) + "</tr>"


PAGE = (
    '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta http-equiv="Content-Type" '
    'content="text/html; charset={charset}"><style>td{{mso-number-format:"\\@"}}</style></head><body>'
    "<table><tr><td>导出说明</td></tr></table>{table}</body></html>"
)


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gbk", "utf-16"])
def test_html_named_xls(landing, charset):
    table = (
        '<table border=1><TR><TD colspan="9">通话记录&nbsp;导出</TD></TR>'
        + html([HEADER], "th")
        + html(rows(1, 2)).replace("已接通", "<font>已&#25509;通</font><script>x</script>")
        + '<tr><td colspan="5">合计</td><td>00:10:46</td></tr></table>'
    )
    landing.put("generic_400/calls/a.xls", PAGE.format(charset=charset, table=table), encoding=charset)
    result = landing.one()
    assert (result.status, result.rows_read, result.rows_total_line) == ("loaded", 2, 1), result.message
    assert landing.query(READ) == EXPECTED
    assert landing.query("select _line from raw.calls order by 1") == [(3,), (4,)]


def test_html_cells_over_rows_and_columns_line_breaks_and_open_tags(landing):
    table = (
        "<table><tr><th rowspan=2>呼叫ID<th rowspan=2>呼叫类型<th rowspan=2>客户号码<th colspan=2>时间"
        "<th rowspan=2>坐席工号<th rowspan=2>备注<tr><th>开始时间<th>通话时长"
        "<tr><td>a<td>呼入<td>13900000001<td>2026-01-05 08:00:01<td>30<td rowspan=2>A7"
        "<td>第一行<br>第二行 &lt;b&gt; &amp;"
        "<tr><td>b<td>呼出<td>13900000002<td>2026-01-05 08:00:02<td>40<td>   "
    )
    landing.put("generic_400/calls/a.xls", PAGE.format(charset="utf-8", table=table))
    result = landing.one()
    assert result.rows_accepted == 2, result.message
    assert "seems cut" in result.message
    assert landing.query("select call_id, direction, talk_seconds, agent_id, notes from raw.calls order by 1") == [
        ("a", "呼入", "30", "A7", "第一行\n第二行 <b> &"),
        ("b", "呼出", "40", "A7", None),
    ]


def test_an_old_xls(landing):
    table = [["通话记录"], HEADER, *rows(1, 2)]
    table[2][5], table[3][5] = 323.0, 0.003738425926
    landing.put("generic_400/calls/a.xls", xls(table))
    result = landing.one()
    assert (result.status, result.rows_accepted) == ("loaded", 2), result.message
    assert landing.query("select call_id, parse.seconds(talk_seconds), _line from raw.calls order by 1") == [
        ("C000001", 323, 3),
        ("C000002", 323, 4),
    ]


def test_a_tab_separated_file_named_xls(landing):
    landing.put(
        "generic_400/calls/a.xls", "\n".join("\t".join(row) for row in [HEADER, *rows(1, 2)]) + "\n", encoding="utf-16"
    )
    assert landing.one().rows_accepted == 2
    assert landing.query(READ) == EXPECTED


def test_utf16_without_mark_where_the_profile_says_so(landing):
    landing.profile("generic_400/calls.yml", "synonyms: true\nencoding: utf-16-le\n")
    landing.put("generic_400/calls/a.csv", "\r\n".join([CALLS_HEADER, call(1), call(2)]).encode("utf-16-le"))
    assert landing.one().rows_accepted == 2
    assert landing.query(READ) == EXPECTED


@pytest.mark.parametrize("encoding", ["utf-8", "gb2312", "utf-16"])
def test_spreadsheet_xml(landing, encoding):
    table = [["说明"], HEADER, *rows(1, 2)]
    table[2][4], table[3][4] = "DateTime!2026-01-05T08:00:01.000", "DateTime!2026-01-05T08:00:02"
    table[2][5] = "DateTime!1899-12-31T00:05:23.000"
    table[3][2] = "Number!1.3900000002E10"
    landing.put("generic_400/calls/a.xls", spreadsheet_xml({"封面": [["x"]], "通话": table}, encoding))
    result = landing.one()
    assert (result.status, result.rows_accepted) == ("loaded", 2), result.message
    assert landing.query(READ) == EXPECTED
    assert landing.query("select _line from raw.calls order by 1") == [(3,), (4,)]


def test_merged_header_cells_of_a_workbook(landing):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["呼叫ID", "呼叫类型", "客户号码", "时间", None, "通话状态"])
    sheet.append([None, None, None, "开始时间", "通话时长"])
    sheet.append(["a", "呼入", "13900000001", "2026-01-05 08:00:01", 30, "已接通"])
    for cells in ("A1:A2", "B1:B2", "C1:C2", "D1:E1", "F1:F2"):
        sheet.merge_cells(cells)
    path = landing.settings.landing / "generic_400/calls/a.xlsx"
    path.parent.mkdir(parents=True)
    book.save(path)
    assert landing.one().rows_accepted == 1
    assert landing.query("select call_id, talk_seconds, tech_result, _line from raw.calls") == [
        ("a", "30", "已接通", 3)
    ]


def test_a_long_sheet_read_by_two_processes(landing):
    """Row by row what was written, in order, with the sheet's row numbers; a second sheet goes on after it."""
    path = landing.settings.landing / "generic_400/calls/a.xlsx"
    path.parent.mkdir(parents=True)
    rows, odd = 25_001, {0: "先\r\n后", 12_500: "a_x000D_b", 25_000: '="引", 号'}
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for sheet in (book.add_worksheet("一"), book.add_worksheet("二")):
            sheet.write_row(1, 0, ["呼叫ID", "呼叫类型", "客户号码", "开始时间", "通话时长", "通话状态", "备注"])
            for n in range(rows if sheet.name == "一" else 3):
                sheet.write_row(n + 2, 0, [f"{sheet.name}{n}", "呼入", 13_900_000_000 + n])
                sheet.write_datetime(n + 2, 3, dt.datetime(2026, 1, 5) + dt.timedelta(seconds=n + 1), moment)
                sheet.write_row(n + 2, 4, [n % 90, "已接通", odd.get(n, "")])
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (rows + 3, 0)
    read = landing.query(
        "select call_id, customer_number, started_at, talk_seconds, _line from raw.calls order by _line"
    )
    clock = [str(dt.datetime(2026, 1, 5) + dt.timedelta(seconds=n + 1)) for n in range(rows)]
    assert read[:rows] == [(f"一{n}", str(13_900_000_000 + n), clock[n], str(n % 90), n + 3) for n in range(rows)]
    assert [(row[0], row[4]) for row in read[rows:]] == [(f"二{n}", rows + 2 + n + 3) for n in range(3)]
    notes = dict(landing.query("select call_id, notes from raw.calls where notes is not null and call_id like '一%'"))
    assert notes == {"一0": "先\n后", "一12500": "a_x000D_b", "一25000": '="引", 号'}


def test_a_workbook_that_takes_too_long_is_given_up(landing, monkeypatch):
    monkeypatch.setattr(workbook, "_SECONDS", 0)
    book = openpyxl.Workbook()
    for cells in (CALLS_HEADER.split(","), call(1).split(",")):
        book.active.append(cells)
    path = landing.settings.landing / "generic_400/calls/a.xlsx"
    path.parent.mkdir(parents=True)
    book.save(path)
    result = landing.one()
    assert result.status == "failed"
    assert "takes more than 0 seconds" in result.message


CONNECT = """\
columns:
  call_id: ContactId
  direction: {const: inbound}
  customer_number: CustomerEndpoint.Address
  started_at: InitiationTimestamp
  talk_seconds: Agent.AgentInteractionDuration
  agent_id: Agent.Username
  agent_name: {expression: "json_extract_string({Parts}, '$[0].name')"}
ignore: [Parts]
"""


def contact(number: int, **more: object) -> dict:
    return {
        "ContactId": f"c{number}",
        "InitiationTimestamp": "2026-01-05T00:00:01Z",
        "Parts": [{"name": "甲"}],
        "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": f"+8613900000{number:03d}"},
        "Agent": {"Username": "测试", "AgentInteractionDuration": 30},
        **more,
    }


CONNECT_READ = "select call_id, customer_number, talk_seconds, agent_id, agent_name, _line from raw.calls order by 1"
CONTACTS = [("c1", "+8613900000001", "30", "测试", "甲", 1), ("c2", "+8613900000002", "30", "测试", "甲", 2)]


@pytest.mark.parametrize("shape", ["lines", "array", "envelope", "pages", "documents"])
def test_json_in_every_shape(landing, shape):
    landing.profile("cloud/calls.yml", CONNECT + ("records: Data.List\n" if shape == "pages" else ""))
    one, two = contact(1), contact(2)
    content = {
        "lines": f"{json.dumps(one)}\r\n{json.dumps(two, ensure_ascii=False)}\r\n",
        "array": json.dumps([one, two], indent=1),
        "envelope": json.dumps({"RequestId": "x", "Tags": [1, 2, 3], "Data": {"Total": 2, "List": [one, two]}}),
        "pages": f"{json.dumps({'Data': {'List': [one]}})}\n{json.dumps({'Data': {'List': [two]}})}\n",
        "documents": f"{json.dumps(one, indent=2)}\n{json.dumps(two, indent=2)}\n",
    }[shape]
    landing.put("cloud/calls/a.json", "\ufeff" + content)
    result = landing.one()
    assert (result.status, result.rows_accepted) == ("loaded", 2), result.message
    assert landing.query(CONNECT_READ) == CONTACTS


def test_json_keeps_digits_truth_and_what_came_late(landing):
    landing.profile("cloud/calls.yml", CONNECT)
    lines = [contact(n, Id=123456789012345678901234567890, Price=0.10, Nothing=None, Flag=True) for n in range(1500)]
    lines[1400]["Late"] = {"Note": 'a "quoted"\nline\r\nbreak \ud800'}
    landing.put("cloud/calls/a.jsonl", "\n".join(json.dumps(line).replace("0.1,", "0.10,") for line in lines))
    assert landing.one().rows_accepted == 1500
    assert landing.query(
        "select _extra->>'Id', _extra->>'Price', _extra->>'Nothing', _extra->>'Flag', "
        "_extra->>'Late.Note', _line from raw.calls where _extra->>'Late.Note' is not null"
    ) == [("123456789012345678901234567890", "0.10", None, "true", 'a "quoted"\nline\nbreak ?', 1401)]


def test_a_bad_line_of_json_costs_only_itself(landing):
    landing.profile("cloud/calls.yml", CONNECT)
    good = json.dumps(contact(1))
    deep = '{"ContactId":' + "[" * 100_000
    landing.put("cloud/calls/a.jsonl", f'{good}\n\n{{"ContactId": "c2", 13900000002\n[1]\n{deep}\n' + good[:-9])
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (1, 4), result.message
    assert [line for line, _ in landing.query("select line, reason from ops.quarantine order by 1")] == [3, 4, 5, 6]
    assert "13900000002" not in str(landing.query("select * from ops.quarantine"))


def test_an_array_cut_in_the_middle_is_told(landing):
    landing.profile("cloud/calls.yml", CONNECT)
    landing.put("cloud/calls/a.json", json.dumps([contact(1), contact(2), 5, contact(3)])[:-20])
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (2, 2)
    assert landing.query("select line, reason from ops.quarantine order by 1")[1][1].endswith("seems cut")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": {"b": [1,', "damaged or cut in line 1"),
        ('{"a": 1}', "No header"),
        ("[" * 100_000, "no valid JSON"),
        ('{"a":' * 100_000, "cannot be read"),
    ],
)
def test_json_that_is_no_export_fails_with_advice(landing, content, message):
    landing.profile("cloud/calls.yml", CONNECT)
    landing.put("cloud/calls/a.json", content)
    result = landing.one()
    assert result.status == "failed"
    assert message in result.message


def test_a_long_array_is_read_in_pieces(landing, monkeypatch):
    monkeypatch.setattr(decoded, "CHUNK", 1000)
    landing.profile("cloud/calls.yml", CONNECT)
    content = json.dumps([contact(n, Note="长" * (n % 700)) for n in range(400)], ensure_ascii=False, indent=1)
    landing.put("cloud/calls/a.json", content)
    assert landing.one().rows_accepted == 400
    assert landing.query("select count(distinct call_id), sum(length(_extra->>'Note')), max(_line) from raw.calls") == [
        (400, sum(n % 700 for n in range(400)), 400)
    ]


def test_a_document_too_large_to_hold_is_refused_with_advice(landing, monkeypatch):
    monkeypatch.setattr(json_records, "_MAX_DOCUMENT", 100)
    landing.profile("cloud/calls.yml", CONNECT)
    landing.put("cloud/calls/a.json", json.dumps({"List": [contact(1)]}))
    assert "one record per line" in landing.one().message
