"""Quotes as exporters get them wrong. Whatever they do, no row disappears. Through the real loader."""

from __future__ import annotations

import time

import pytest

from tests.unit.exports_support import CALLS_HEADER, Landing, call


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


def quoted(line: str, notes: str) -> str:
    """Every cell in quotes, the notes as they are."""
    return ",".join([*(f'"{cell}"' for cell in line.split(",")[:-1]), f'"{notes}"'])


def notes(landing) -> list[tuple]:
    return landing.query("select notes, _line from raw.calls where notes is not null order by 2")


def test_inner_quotes_that_were_not_doubled(landing):
    lines = [quoted(call(1), 'he said "hi", then left'), quoted(call(2), 'a "b" c'), quoted(call(3), '"')]
    landing.calls("a.csv", lines, header=quoted(CALLS_HEADER, "备注"))
    assert landing.one().rows_accepted == 3
    assert notes(landing) == [('he said "hi", then left', 2), ('a "b" c', 3), ('"', 4)]


def test_quotes_escaped_by_backslash(landing):
    lines = [quoted(call(1), r"he said \"hi\", ok"), call(2), quoted(call(3), 'two\nlines \\"and\\", more')]
    landing.calls("a.csv", lines)
    assert landing.one().rows_accepted == 3
    assert notes(landing) == [('he said "hi", ok', 2), ('two\nlines "and", more', 4)]
    assert '"backslash escapes read": 1' in landing.query("select repairs from ops.export_files")[0][0]


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_quote_that_opens_in_the_last_line(landing, end):
    landing.put("generic_400/calls/a.csv", "\n".join([CALLS_HEADER, call(1), call(2, notes='"open')]) + end)
    assert landing.one().rows_accepted == 2
    assert notes(landing) == [('"open', 3)]


def test_a_cell_of_five_hundred_lines(landing):
    text = "\n".join(f"第{n}行, 说明" for n in range(500))
    landing.calls("a.csv", [call(1, notes=f'"{text}"'), call(2)])
    assert landing.one().rows_accepted == 2
    assert notes(landing) == [(text, 2)]
    assert landing.query("select _line from raw.calls order by 1") == [(2,), (502,)]


def test_cr_line_ends_with_breaks_and_stray_quotes_in_cells(landing):
    lines = [CALLS_HEADER, call(1, notes='"a\rb"'), call(2, notes='12"'), call(3, agent='"A')]
    landing.put("generic_400/calls/a.csv", "\r".join(lines) + "\r")
    assert landing.one().rows_accepted == 3
    assert notes(landing) == [("a\nb", 2), ('12"', 4)]


def test_lines_with_another_delimiter_are_set_aside_one_by_one(landing):
    landing.calls("a.csv", [call(1), call(2).replace(",", ";"), call(3, notes='"x"').replace(",", "\t"), call(4)])
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (2, 2)
    assert landing.query("select line from ops.quarantine order by 1") == [(3,), (4,)]


def test_separators_of_other_alphabets_end_no_line(landing):
    odd = "a\x0bb\x0cc\x1cd\x85e\u2028f"
    landing.calls("a.csv", [CALLS_HEADER, call(1, notes=odd), call(2, notes=f'{odd}"')], header=f"标题{odd}")
    assert landing.one().rows_accepted == 2
    assert [line for _, line in notes(landing)] == [3, 4]


def test_a_file_of_open_quotes_takes_no_longer_than_others(landing):
    landing.calls("a.csv", [call(n, notes='"open')[: 40 + n % 3] + f',"{"x" * 20}' for n in range(20_000)])
    began = time.process_time()
    result = landing.one()
    assert result.rows_quarantined == 20_000
    assert time.process_time() - began < 20
