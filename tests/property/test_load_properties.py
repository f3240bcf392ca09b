"""However rows are spread over files, whatever the files look like and however often they come: the same raw rows."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dial2deal.settings import PROJECT_ROOT
from tests.unit.exports_support import CALLS_HEADER, Landing

# Without shrinking: an example takes a second, and the failing one is small enough to read.
QUICK = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
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


def loaded(landing: Landing, source: str) -> tuple[list, list]:
    """Distinct raw rows and distinct (column, reason) of what was quarantined."""
    rows = landing.query(
        "select distinct _row_key, _row_hash, _event_date, customer_number, talk_seconds, notes "
        "from raw.calls where _source = ? order by all",
        source,
    )
    bad = landing.query(
        "select distinct column_name, reason from ops.quarantine join ops.export_files using (file_id) "
        "where source = ? order by all",
        source,
    )
    return rows, bad


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
    parts = [("b.csv", rows[:cut]), ("a.csv", rows[cut:])] if order else [("a.csv", rows[:cut]), ("b.csv", rows[cut:])]
    with tempfile.TemporaryDirectory() as folder:
        landing = Landing(Path(folder) / "home")
        landing.profile(
            "house/calls.yml", (PROJECT_ROOT / "profiles/generic_400/calls.yml").read_text(encoding="utf-8")
        )
        landing.put("generic_400/calls/whole.csv", as_file(rows, ","))
        for name, part in parts:
            for copy in (name, f"again_{name}"):
                if part:
                    landing.put(f"house/calls/{copy}", as_file(part, delimiter), encoding=encoding)
        results = landing.load()
        assert all(r.status == "loaded" for r in results), [r.message for r in results]
        for source in ("generic_400", "house"):
            assert sum(r.rows_read for r in results if r.source == source and not r.skipped) == len(rows)
        whole = loaded(landing, "generic_400")
        assert {(key, number, talk, note) for key, _, _, number, talk, note in whole[0]} == expected(rows)
        assert loaded(landing, "house") == whole
