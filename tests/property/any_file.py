"""Files of calls with every quirk at once, each made together with what a reader must find in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.unit.exports_support import CALLS_HEADER

AT = dt.datetime(2026, 1, 5, 8, 3)
# Spelling -> what it means, worked out by hand.
NUMBERS = {
    "13800138000": "+8613800138000",
    "'138 0013 8000": "+8613800138000",
    "１３８００１３８０００": "+8613800138000",
    "13800138000.0": "+8613800138000",
    "+86-138-0013-8000": "+8613800138000",
    "913800138000": "+8613800138000",
    "022-23456789转801": "+862223456789",
    "138****1234": None,
    "95588": None,
    "未知": None,
    "": None,
    "0022-23456789": None,
    "1795113800138000": "+8613800138000",
}
TIMES = (
    "2026-01-05 08:03:00",
    "2026/1/5 8:03",
    "2026年1月5日 8时3分",
    "20260105080300",
    "2026-01-05T00:03:00Z",
    "1767571380",
    "1767571380000",
    "46027.3354166667",
    "Mon 05 Jan 2026 00:03:00 +0000",
    "2026/1/5 上午8:03",
)
TALKS = {
    "323": 323,
    "00:05:23": 323,
    "5:23": 323,
    "5分23秒": 323,
    "5′23″": 323,
    "323秒": 323,
    "１２３": 123,
    "0.003738425926": 323,
    "": None,
    "-": None,
}
STATES = ("已接通", "占线", "空号", "")
BAD = {
    "id": ("", "-"),
    "at": ("", "2026-13-45 08:00:00", "昨天"),
    "talk": ("很久", "5分钟左右"),
    "customer": ("1.38001E+10",),
}
TOTALS = ("合计", "共 3 条", "导出时间：2026-01-06", "小计")
TITLES = ("通话记录导出", "筛选：全部 来源：热线", '标题 "甲', "")
_PLAIN = "甲乙客户㐀ab1 。—（）'_-/"
_NOTHING = ("", "-", "--", "---", "—", "——", "/")
HEADER = CALLS_HEADER.split(",")


@dataclass
class Row:
    """One line of a file. ``cells`` are the vendor's; None means that the line is no call."""

    kind: str  # good | bad | ragged | total | header | blank
    cells: list[str]


@dataclass
class File:
    """Bytes, and the calls in them by id: cells as they must be stored."""

    content: bytes
    rows: list[Row]
    good: dict[str, list[str]] = field(default_factory=dict)

    def number(self, *kinds: str) -> int:
        return sum(row.kind in kinds for row in self.rows)


def notes(delimiter: str, quoting: str) -> st.SearchStrategy[str]:
    """A note that the quoting style can carry: delimiters and line breaks only inside quotes, stray quotes outside."""
    extra = f'{delimiter}\n"' if quoting == "all" else '"'
    text = st.text(alphabet=_PLAIN + extra + "\0", max_size=8)
    if quoting == "none":
        # A cell that is quoted after all, or opens a quote before a delimiter, would be read as such.
        return text.filter(lambda note: not note.replace("\0", "").startswith('"'))
    return text


@st.composite
def rows(draw, prefix: str, delimiter: str, quoting: str) -> list[Row]:
    found: list[Row] = []
    kinds = st.sampled_from(["good"] * 6 + ["bad", "bad", "ragged", "total", "header", "blank", "again"])
    for number, kind in enumerate(draw(st.lists(kinds, min_size=1, max_size=14))):
        cells = [
            f"{prefix}{number}",
            "呼入",
            draw(st.sampled_from(list(NUMBERS))),
            "4000000101",
            draw(st.sampled_from(TIMES)),
            draw(st.sampled_from(list(TALKS))),
            draw(st.sampled_from(STATES)),
            "A1",
            draw(notes(delimiter, quoting)),
        ]
        if kind == "bad":
            column = draw(st.sampled_from(list(BAD)))
            cells[{"id": 0, "customer": 2, "at": 4, "talk": 5}[column]] = draw(st.sampled_from(BAD[column]))
        elif kind == "ragged":
            # On one line: a record of another width that spans lines is quarantined line by line.
            whole = [cell.replace("\n", "") for cell in cells]
            cells = whole[: draw(st.integers(2, 8))] if draw(st.booleans()) else [*whole, "多"]
        elif kind == "total":
            cells = [draw(st.sampled_from(TOTALS)), *[""] * 8]
        elif kind == "header":
            cells = list(HEADER)
        elif kind == "blank":
            cells = []
        elif kind == "again":
            earlier = [row for row in found if row.kind == "good"]
            kind, cells = ("again", list(draw(st.sampled_from(earlier)).cells)) if earlier else ("good", cells)
        found.append(Row(kind, cells))
    return found


@st.composite
def files(draw, prefix: str) -> File:
    """A file whose calls have ids that begin with ``prefix``."""
    delimiter = draw(st.sampled_from([",", "\t", ";", "|"]))
    quoting = draw(st.sampled_from(["all", "none"]))
    found = draw(rows(prefix, delimiter, quoting))
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\n", "\r\n"]]))
    titles = draw(st.lists(st.sampled_from(TITLES), max_size=3))
    lines = [*titles, delimiter.join(HEADER), *(line(row.cells, delimiter, quoting) for row in found)]
    # Files put together: the header of the next one begins with a byte order mark.
    repeated = [i for i, row in enumerate(found, len(titles) + 1) if row.kind == "header"]
    for i in repeated:
        lines[i] = draw(st.sampled_from(["", "\ufeff"])) + lines[i]
    text = "".join(f"{content}{ends[i % len(ends)]}" for i, content in enumerate(lines))
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]))
    good = {row.cells[0]: [stored(cell) for cell in row.cells] for row in found if row.kind in ("good", "again")}
    return File(text.encode(encoding), found, good)


def line(cells: list[str], delimiter: str, quoting: str) -> str:
    """One record, the quotes doubled where the style has any."""
    if quoting == "none":
        return delimiter.join(cells)
    return delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells)


def stored(cell: str) -> str | None:
    """What is left of a cell: NUL bytes never were text, blanks at its ends are padding, a lone mark is nothing."""
    text = cell.replace("\0", "").strip(" \t")
    return None if text in _NOTHING else text
