"""Whatever a file looks like: nothing raises, no row vanishes, every accepted value leads back to its raw text.

``DIAL2DEAL_EXAMPLES=2000 pytest tests/property/test_any_file.py`` looks longer.
"""

from __future__ import annotations

import itertools
import os

import pytest
from hypothesis import HealthCheck, given, settings

from tests.integration.quirk_files import COLUMNS, QuirkLanding
from tests.property.any_file import AT, NUMBERS, TALKS, File, files

_SERIAL = itertools.count()
_TYPED = ("parse.e164(customer_number)", "parse.ts(started_at)", "parse.seconds(talk_seconds)")


@pytest.fixture(scope="module")
def landing(tmp_path_factory):
    made = QuirkLanding(tmp_path_factory.mktemp("any") / "home")
    yield made
    made.con.close()


def loaded(landing: QuirkLanding, file: File) -> None:
    """Load one file into an empty warehouse and compare with how it was made."""
    for table in ("raw.calls", "ops.export_files", "ops.landing_paths", "ops.quarantine"):
        landing.con.execute(f"delete from {table}")
    path = landing.put(f"generic_400/calls/f{next(_SERIAL)}.csv", file.content)
    (result,) = landing.load(paths=[path])
    assert result.status == "loaded", result.message
    assert result.rows_read == file.number("good", "again", "bad", "ragged"), result
    assert (result.rows_accepted, result.rows_duplicate) == (file.number("good"), file.number("again")), result
    assert result.rows_quarantined == file.number("bad", "ragged"), result
    assert result.rows_total_line >= file.number("total", "header"), result
    query = f"select {', '.join([*COLUMNS, *_TYPED])} from raw.calls where _file_id = ?"
    found = {row[0]: row for row in landing.query(query, result.file_id)}
    assert {key: list(row[: len(COLUMNS)]) for key, row in found.items()} == file.good
    for row in found.values():
        number, talk = row[2], row[5]
        assert row[len(COLUMNS) :] == (NUMBERS[number or ""], AT, TALKS[talk or ""]), row
    (lines,) = landing.query("select count(distinct line) from ops.quarantine where file_id = ?", result.file_id)
    assert lines == (result.rows_quarantined,)


@settings(
    max_examples=int(os.environ.get("DIAL2DEAL_EXAMPLES", "40")),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(file=files("C"))
def test_no_row_vanishes_and_every_value_leads_back_to_its_text(landing, file):
    loaded(landing, file)
