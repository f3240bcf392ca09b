import asyncio
import datetime as dt
import subprocess
import sys

import openpyxl
import pytest
import xlsxwriter

from dial2deal.blocks import charts
from dial2deal.blocks.kinds import Chart, Series, Shares
from dial2deal.presentation import echarts, pdf
from dial2deal.presentation.echarts import render_svg
from dial2deal.presentation.formats import Formats
from dial2deal.presentation.words import Words
from dial2deal.presentation.workbook import Own, write
from dial2deal.reports.call_list import dialable
from dial2deal.reports.sections import opening

CHART = Chart(
    "volume",
    Series("calls", "count", "通话量", (3, None, 0, 7), (False,) * 4),
    line=Series("connect_rate", "share", "接通率", (0.1, 0.2, None, 0.4), (False,) * 4),
)


def test_the_same_chart_is_the_same_text():
    option = charts.trend_option(CHART, ["a", "b", "c", "d"], Formats(Words("zh")), charts.WIDE)
    first = render_svg(option, 500, 250, "chart", "title")
    render_svg(charts.ring_option(Shares(({"tier": "A+", "calls": 1},))), 100, 100, "other", "other")
    assert render_svg(option, 500, 250, "chart", "title") == first
    assert "zr" not in first
    assert "NaN" not in first
    assert "40.0%" in first


def test_a_charts_title_cannot_break_out():
    svg = render_svg({"series": []}, 10, 10, "x", '"><script>alert(1)</script>')
    assert "<script" not in svg


def test_a_process_that_drew_ends():
    """V8's own threads must not keep the interpreter alive."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from dial2deal.presentation.echarts import render_svg;print(len(render_svg({}, 10, 10, 'x', 'x')))",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert int(done.stdout) > 50


def test_charts_outlive_the_event_loop_they_were_first_drawn_in():
    """A notebook or a server draws inside its own loop, which may end before the process does."""
    echarts.close()

    async def draw() -> str:
        return render_svg({"series": []}, 10, 10, "x", "x")

    assert asyncio.run(draw()) == render_svg({"series": []}, 10, 10, "x", "x")


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x")'])
def test_text_never_becomes_a_formula(tmp_path, text):
    path = tmp_path / "book.xlsx"
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    write(sheet, 0, 0, text, book.add_format())
    book.close()
    cell = openpyxl.load_workbook(path).active["A1"]
    assert cell.data_type == "s"
    assert cell.value.startswith("'")


def test_the_products_own_changes_carry_no_apostrophe(tmp_path):
    path = tmp_path / "book.xlsx"
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
    write(book.add_worksheet(), 0, 0, Own("-0.1个百分点"), book.add_format())
    book.close()
    cell = openpyxl.load_workbook(path).active["A1"]
    assert (cell.data_type, cell.value) == ("s", "-0.1个百分点")


def test_ordinary_values_keep_their_type(tmp_path):
    path = tmp_path / "book.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for row, value in enumerate((None, 3, 0.5, "138****1234", dt.datetime(2026, 1, 5, 9, 30), True)):
        write(sheet, row, 0, value, moment)
    book.close()
    values = [cell.value for cell in openpyxl.load_workbook(path).active["A"]]
    assert values[1:3] != ["3", "0.5"]
    assert values[3] == "138****1234"
    assert values[4] == dt.datetime(2026, 1, 5, 9, 30)


@pytest.mark.parametrize(
    ("number", "dialled"),
    [
        ("+8613800000000", "13800000000"),
        ("+862258880001", "02258880001"),
        ("+14155550100", "0014155550100"),
        ("13800000000", "13800000000"),
        (None, None),
    ],
)
def test_numbers_as_a_desk_phone_dials_them(number, dialled):
    assert dialable(number) == dialled


def test_the_opening_line_names_date_and_topic():
    text = opening("{month}月{day}日了解过{topic}，我是{agent}", dt.datetime(2026, 1, 5, 9), "课程{day}", None)
    assert text == "1月5日了解过课程{day}，我是"


def test_what_a_pdf_lacks_is_named_in_one_line(monkeypatch):
    monkeypatch.setattr(pdf, "available", lambda: True)
    monkeypatch.setattr(pdf, "chinese_font", lambda: None)
    assert "apt-get install fonts-noto-cjk" in Words("zh")(pdf.missing())
    monkeypatch.setattr(pdf, "available", lambda: False)
    assert "libpango" in Words("en")(pdf.missing())
    monkeypatch.undo()
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    pdf.chinese_font.cache_clear()
    assert pdf.chinese_font() is None
    pdf.chinese_font.cache_clear()


@pytest.mark.skipif(not pdf.available(), reason="WeasyPrint needs libpango-1.0-0 and libpangoft2-1.0-0")
def test_a_pdf_is_repeatable_and_loads_nothing():
    page = "<h1>周报</h1><script>1</script><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>"
    first = pdf.render(page, "dial2deal weekly 2026-W02")
    assert first.startswith(b"%PDF")
    assert pdf.render(page, "dial2deal weekly 2026-W02") == first
