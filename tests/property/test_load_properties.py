"""However rows are spread over files, whatever the files look like and however often they come: the same raw rows."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.exports_support import CALLS_HEADER, Landing

QUICK = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
NOTE = st.text(alphabet='甲乙 ,;"\n|\t。ab1', max_size=12)
ROW = st.builds(
    lambda number, minute, talk, note: [
        f"C{number:03d}",
        "呼出",
        f"139{number:08d}",
        "4000000101",
        f"2026-01-{5 + minute % 3:02d} 08:{minute:02d}:00",
        talk,
        "已接通",
        "A1",
        note,
    ],
    st.integers(0, 40),
    st.integers(0, 59),
    st.sampled_from(["30", "00:05:23", "5分23秒", "很久", ""]),
    NOTE,
)


def as_file(rows: list[list[str]], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(CALLS_HEADER.split(","))
    writer.writerows(rows)
    return text.getvalue()


def loaded(files: list[tuple[str, str, str]]) -> tuple[list, list, int]:
    """Distinct raw rows, quarantined (column, reason) with counts, rows read, of files (name, text, encoding)."""
    with tempfile.TemporaryDirectory() as folder:
        landing = Landing(Path(folder) / "home")
        for name, text, encoding in files:
            landing.put(f"generic_400/calls/{name}", text, encoding=encoding)
        results = landing.load()
        assert all(r.status == "loaded" for r in results), [r.message for r in results]
        assert all(r.skipped for r in landing.load())
        rows = landing.query(
            "select distinct _row_key, _row_hash, _event_date, customer_number, talk_seconds, notes "
            "from raw.calls order by all"
        )
        bad = landing.query("select distinct column_name, reason from ops.quarantine order by all")
        return rows, bad, sum(r.rows_read for r in results if not r.skipped)


def expected(rows: list[list[str]]) -> set[tuple]:
    """Independent reading: which rows must be there, with cells trimmed."""
    return {(r[0], r[2], r[5] or None, r[8].strip(" \t") or None) for r in rows if r[5] != "很久"}


@QUICK
@given(
    rows=st.lists(ROW, min_size=1, max_size=25),
    cut=st.integers(0, 25),
    order=st.booleans(),
    delimiter=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
)
def test_order_split_and_repetition_do_not_matter(rows, cut, order, delimiter, encoding):
    whole = loaded([("whole.csv", as_file(rows, ","), "utf-8")])
    assert whole[2] == len(rows)
    assert {(key, number, talk, note) for key, _, _, number, talk, note in whole[0]} == expected(rows)
    parts = [("b.csv", rows[:cut]), ("a.csv", rows[cut:])] if order else [("a.csv", rows[:cut]), ("b.csv", rows[cut:])]
    files = [(name, as_file(part, delimiter), encoding) for name, part in parts if part]
    files += [(f"again_{name}", text, code) for name, text, code in files]
    split = loaded(files)
    assert split[:2] == whole[:2]
    assert split[2] == len(rows)
