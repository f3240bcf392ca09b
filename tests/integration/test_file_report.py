"""The file report: totals lines, overlaps, repairs and quarantine, each against numbers counted by hand."""

from __future__ import annotations

import datetime as dt
import json

import openpyxl
import pytest
from typer.testing import CliRunner

from dial2deal import loading, warehouse
from dial2deal.audit.pages import file_books
from dial2deal.cli import app
from tests.unit.exports_support import CALLS_HEADER, Landing, call


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


def reports(landing: Landing, **conditions) -> dict[str, loading.FileReport]:
    with warehouse.session(landing.settings) as con:
        return {r.path.rpartition("/")[2]: r for r in loading.file_reports(con, **conditions)}


def totals(report: loading.FileReport) -> list[tuple]:
    return [(t.line, t.column, t.basis, t.stated_value, t.expected_value, t.outcome) for t in report.totals]


def test_a_total_that_agrees_and_one_that_differs(landing):
    # 5:23 + 5:23 = 10:46 = 646 s; the second file lost a row after its maker had added it up.
    landing.calls("good.csv", [call(1), call(2), "合计,,,,,00:10:46,,,"])
    landing.calls("cut.csv", [call(3), call(4), "合计,,,,,00:16:09,,,"])
    landing.load()
    found = reports(landing)
    assert totals(found["good.csv"]) == [(4, "通话时长", "sum", 646, 646, "agrees")]
    assert totals(found["cut.csv"]) == [(4, "通话时长", "sum", 969, 646, "differs")]
    assert found["cut.csv"].totals[0].difference == 323
    assert (found["good.csv"].totals_verdict, found["cut.csv"].totals_verdict) == ("agrees", "differs")


def test_quarantined_and_repeated_rows_belong_to_the_total(landing):
    # Its maker added up all four rows: 4 x 323 = 1292.
    landing.calls("a.csv", [call(1), call(1), call(2, at="soon"), call(3), "总计,,,,,1292,,,"])
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined, result.rows_duplicate) == (2, 1, 1)
    assert totals(reports(landing)["a.csv"]) == [(6, "通话时长", "sum", 1292, 1292, "agrees")]


def test_subtotals_averages_and_row_counts(landing):
    landing.calls(
        "a.csv",
        [
            call(1, talk="10"),
            call(2, talk="20"),
            "小计,2,,,,30,,,",
            call(3, talk="31"),
            "小计,1,,,,31,,,",
            "平均,,,,,20.33,,,",
            "合计,3条,13900000001,,—,61,,,",
            "共 4 条",
        ],
    )
    landing.load()
    assert totals(reports(landing)["a.csv"]) == [
        (4, "呼叫类型", "count", 2, 2, "agrees"),
        (4, "通话时长", "sum", 30, 30, "agrees"),
        (6, "呼叫类型", "count", 1, 1, "agrees"),
        (6, "通话时长", "sum", 31, 31, "agrees"),
        (7, "通话时长", "average", pytest.approx(20), pytest.approx(61 / 3), "agrees"),
        (8, "呼叫类型", "count", 3, 3, "agrees"),
        (8, "客户号码", "", None, None, "not_comparable"),
        (8, "通话时长", "sum", 61, 61, "agrees"),
        (9, "", "count", 4, 3, "differs"),
    ]


def test_a_number_in_a_totals_line_is_masked(landing):
    landing.calls("a.csv", [call(1), "合计,,13900000001,,,,,,"])
    landing.load()
    assert [t.stated for t in reports(landing)["a.csv"].totals] == ["139****0001"]


def test_money_with_a_sign_for_the_currency(landing):
    landing.put(
        "generic_crm/orders/o.csv",
        "订单号,下单时间,订单金额,数量\n"
        'O1,2026-01-05 10:00:00,"￥1,234.50",2\nO2,2026-01-05 11:00:00,100,3\n合计,,"￥1,334.50",6\n',
    )
    landing.load()
    assert totals(reports(landing)["o.csv"]) == [
        (4, "订单金额", "sum", 1334.5, 1334.5, "agrees"),
        (4, "数量", "sum", 6, 5, "differs"),
    ]


def test_overlapping_exports_name_each_other(landing):
    first = [call(n) for n in range(10)]  # 08:00:00 – 08:00:09
    landing.calls("first.csv", first)
    landing.calls("second.csv", [*first[6:], call(10), call(11)])
    landing.calls("later.csv", [call(n, at=f"2026-01-05 17:00:{n:02d}") for n in range(20, 23)])
    landing.load()
    found = reports(landing)
    (overlap,) = found["second.csv"].overlaps
    assert (overlap.path, overlap.rows_same) == ("generic_400/calls/first.csv", 4)
    assert (overlap.first_at, overlap.last_at) == (dt.datetime(2026, 1, 5, 8, 0, 6), dt.datetime(2026, 1, 5, 8, 0, 9))
    # The same date, but another hour: nothing overlaps.
    assert (found["first.csv"].overlaps, found["later.csv"].overlaps) == ([], [])


def test_an_overlap_with_other_content_has_no_rows_in_common(landing):
    landing.calls("first.csv", [call(1), call(5)])
    landing.load()
    landing.calls("second.csv", [call(3)])
    landing.load()
    landing.load()
    (overlap,) = reports(landing)["second.csv"].overlaps
    assert (overlap.rows_same, str(overlap.first_at)) == (0, "2026-01-05 08:00:03")


def test_quarantine_by_reason_with_lines(landing):
    landing.calls("a.csv", [call(1), call(2, at="soon"), call(3, at="later"), call(4, id=""), "a,b"])
    landing.load()
    found = [(q.column, q.reason, q.rows, q.lines) for q in reports(landing)["a.csv"].quarantine]
    assert found == [
        ("started_at", "started_at cannot be read as a date and time: …", 2, [3, 4]),
        ("call_id", "call_id is empty", 1, [5]),
        (None, "the line has another number of cells than the header, which has 9", 1, [6]),
    ]


def test_which_files_are_reported(landing):
    landing.calls("a.csv", [call(1)])
    landing.put("generic_crm/orders/o.csv", "订单号,下单时间,订单金额\nO1,2026-01-05 10:00:00,5\n")
    landing.put("nobody/calls/x.csv", "a,b\n1,2\n")
    landing.load()
    assert set(reports(landing)) == {"a.csv", "o.csv", "x.csv"}
    assert set(reports(landing, source="generic_crm")) == {"o.csv"}
    assert set(reports(landing, path="generic_400/calls")) == {"a.csv"}
    assert set(reports(landing, path="o.csv")) == {"o.csv"}
    assert set(reports(landing, status="failed")) == {"x.csv"}
    with warehouse.session(landing.settings) as con:
        con.execute(
            "insert into ops.builds (build_id, finished_at) values ('1', '2026-01-01'), ('2', '2999-01-01'), "
            "('3', '2999-01-02')"
        )
    assert reports(landing, latest_build=True) == {}


def test_the_command_prints_table_and_json(landing):
    landing.calls("a.csv", [call(1), call(2, at="soon"), "合计,,,,,00:05:24,,,"], encoding="gb18030")
    landing.load()
    run = CliRunner()
    (entry,) = json.loads(run.invoke(app, ["--home", str(landing.settings.home), "files", "--json"]).stdout)
    assert (entry["rows_read"], entry["rows_quarantined"], entry["totals_verdict"]) == (2, 1, "differs")
    assert entry["quarantine"][0]["lines"] == [3]
    assert entry["totals"][0]["difference"] == 324 - 646
    assert "139000" not in json.dumps(entry)
    table = run.invoke(app, ["--home", str(landing.settings.home), "files", "a.csv"])
    assert table.exit_code == 0
    assert "started_at" in table.stdout


def test_the_workbook_is_safe_and_says_what_to_do(landing):
    landing.calls("a.csv", [call(1), call(2, at="=1+1"), "合计,,,,,00:05:24,,,"], encoding="gb18030")
    landing.load()
    (book,) = file_books.write(landing.settings)
    assert book.parent == landing.settings.quality / "files"
    sheets = openpyxl.load_workbook(book)
    assert sheets.sheetnames == ["汇总", "自动修复", "隔离的行", "与其他文件重叠", "合计核对"]
    line, column, value, *_ = [cell.value for cell in sheets["隔离的行"][2]]
    assert (line, column, value) == (3, "started_at", "'=1+1")
    assert all(cell.data_type != "f" for sheet in sheets for row in sheet for cell in row)
    assert [cell.value for cell in sheets["合计核对"][2]][:2] == [4, "通话时长"]
    again = book.read_bytes()
    book.unlink()
    file_books.write(landing.settings)
    assert book.read_bytes() == again


def test_clean_files_get_no_workbook(landing):
    landing.calls("a.csv", [call(1)], header=CALLS_HEADER)
    landing.load()
    assert file_books.write(landing.settings) == []
