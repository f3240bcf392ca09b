"""Report and workbook from a known bookkeeping: complete, self-contained, harmless, the same bytes each time."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile

import openpyxl
import pytest

from dial2deal import audit, warehouse
from dial2deal.audit.pages import workbook
from tests.unit.quality_support import add_file, calls, make_home

AT = dt.datetime(2026, 1, 7, 1, 5)


@pytest.fixture
def home(tmp_path):
    """One accepted file with a warning and quarantined rows, one held, one unreadable, one never evaluated."""
    settings = make_home(tmp_path)
    add_file(settings, "good.csv", calls(30), quarantined=2)
    add_file(settings, "held.csv", calls(12))
    add_file(settings, "open.csv", calls(5))
    with warehouse.session(settings) as con:
        con.execute("update ops.export_files set status = 'accepted' where path like '%good%'")
        con.execute("update ops.export_files set status = 'held' where path like '%held%'")
        con.execute(
            "insert into ops.export_files (file_id, source, feed, path, sha256, bytes, status, message, "
            "loaded_at) values ('x', 'demo', 'orders', 'demo/orders/broken.xlsx', 'x', 1, 'failed', "
            "'压缩目录损坏', ?)",
            [AT],
        )
        results = [
            ("id-good.csv", "tech_result_known", "warning", "failed", 30, 4, "{}"),
            (
                "id-held.csv",
                "ring_before_answer",
                "critical",
                "failed",
                12,
                12,
                '{"samples": [{"line": 2, "column": "ring_seconds", "value": "<script>alert(1)</script>"}]}',
            ),
            ("id-open.csv", "talk_readable", "critical", "not_evaluable", None, None, "{}"),
        ]
        for file_id, check, severity, outcome, checked, failed, details in results:
            con.execute(
                "insert into ops.check_results values ('b1', ?, 'expectation', 'calls', ?, ?, ?, ?, ?, ?, "
                "'Spalte fehlt', ?)",
                [AT, check, severity, outcome, file_id, checked, failed, details],
            )
        con.execute(
            "insert into ops.check_results values ('b1', ?, 'dbt_test', 'fct_orders', 'unique_order_key', "
            "'warning', 'failed', null, null, 3, '3 repeated', null)",
            [AT],
        )
        for line in range(2, 14):
            con.execute(
                "insert into ops.check_failures values ('b1', ?, 'expectation', 'calls', 'ring_before_answer', "
                "'critical', 'id-held.csv', ?, 'ring_seconds', '=cmd|''/c calc''!A1', '{\"call_id\":\"C1\"}')",
                [AT, line],
            )
        con.execute(
            "insert into ops.quarantine values ('id-good.csv', 7, 'customer_number', 'customer_number has lost "
            "digits, Excel wrote 1.38E+10; format the column as text', '@x,1.38E+10', null, ?)",
            [AT],
        )
        con.execute(
            "insert into ops.quarantine values ('id-good.csv', 9, null, 'the line has another number of cells "
            "than the header, which has 9', 'a,b', null, ?)",
            [AT],
        )
    return settings


def _page(home):
    page, _ = audit.write_quality_report(home, "b1")
    return page.read_text(encoding="utf-8")


def _book(home):
    _, book = audit.write_quality_report(home, "b1")
    return openpyxl.load_workbook(book)


def _english(home):
    (home.home / "policy").mkdir()
    (home.home / "policy" / "settings.yml").write_text(
        "settings:\n  - {key: reports.locale, value: en, description: Language}\n", encoding="utf-8"
    )


def test_page_says_what_is_wrong_which_rows_and_who_fixes(home):
    page = _page(home)
    for text in (
        "数据不完整",
        "3 个文件没有被采用",
        "demo/calls/held.csv",
        "振铃时长不超过开始到接通的时间",
        "12 / 12 行",
        "电话平台管理员",
        "demo/orders/broken.xlsx",
        "压缩目录损坏",
        "CRM 管理员",
        "未能执行",
        "Spalte fehlt",
        "通话结果可识别",
        "4 / 30",
        "长号码被 Excel 改写，数字已丢失",
        "列数与表头不一致",
        "unique_order_key",
        "3 repeated",
    ):
        assert text in page, text


def test_page_is_self_contained_and_escapes_delivered_text(home):
    page = _page(home)
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert not re.findall(r"(?:src|href)=\"(?!data:)[^\"]*\"|url\(|@import|https?://", page)


def test_page_in_english_has_no_chinese_of_its_own(home):
    _english(home)
    page = re.sub("压缩目录损坏", "", _page(home))
    assert "Incomplete" in page
    assert "Phone platform administrator" in page
    assert re.findall("[\u4e00-\u9fff]+", page) == []


def test_green_page_when_everything_is_in_use(tmp_path):
    settings = make_home(tmp_path)
    add_file(settings, "good.csv", calls(3))
    with warehouse.session(settings) as con:
        con.execute("update ops.export_files set status = 'accepted'")
    page = _page(settings)
    assert 'class="banner green"' in page
    assert "需要处理" not in page


def test_empty_warehouse_has_a_page_too(tmp_path):
    assert "还没有数据" in _page(make_home(tmp_path))


def test_workbook_lists_every_failing_and_quarantined_row_with_who_fixes(home):
    book = _book(home)
    assert book.sheetnames == ["汇总", "不符的行", "隔离的行", "文件"]
    failing = list(book["不符的行"].iter_rows(min_row=2, values_only=True))
    assert [row[4] for row in failing] == list(range(2, 14))
    assert {row[1] for row in failing} == {"电话平台管理员"}
    assert {row[0] for row in failing} == {"严重"}
    quarantined = list(book["隔离的行"].iter_rows(min_row=2, values_only=True))
    assert [row[3] for row in quarantined] == [7, 9]
    assert all(row[0] == "电话平台管理员" for row in quarantined)
    assert {row[1] for row in book["汇总"].iter_rows(min_row=2, values_only=True)} == {
        "电话平台管理员",
        "CRM 管理员",
        "数据工程师",
    }
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref


def test_workbook_contains_no_formula(home):
    book = _book(home)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert not [c.value for c in cells if isinstance(c.value, str) and c.value.startswith(("=", "+", "-", "@"))]
    assert any(cell.value == "'=cmd|'/c calc'!A1" for cell in cells)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_neutral_text(text):
    assert workbook.neutral(text) == "'" + text
    assert workbook.neutral(-1) == -1
    assert workbook.neutral("安全") == "安全"


def test_same_bookkeeping_gives_the_same_bytes(home):
    paths = audit.write_quality_report(home, "b1")
    first = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    assert [path.read_bytes() for path in audit.write_quality_report(home, "b1")] == first
    assert zipfile.ZipFile(io.BytesIO(first[1])).testzip() is None
