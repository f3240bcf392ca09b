"""A delivery that was a mistake can be taken back, and one that went away by itself is no longer reported."""

from __future__ import annotations

import io
import zipfile

import pytest

from dial2deal import loading
from tests.unit.exports_support import Landing, call


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path)


def _forget(landing, file: str) -> list[str]:
    with landing.session() as con:
        return loading.forget(con, landing.settings, file)


def test_a_failed_file_is_forgotten_with_all_that_is_known_of_it(landing):
    wrong = landing.put("generic_400/calls/wrong.csv", "not,a,call\n1,2,3\n")
    good = landing.calls("good.csv", [call(1)])
    landing.load()
    (said,) = _forget(landing, "generic_400/calls/wrong.csv")
    assert "wrong.csv (failed, 0 rows) is forgotten and removed from landing" in said
    assert not wrong.exists()
    assert good.exists()
    assert landing.query("select path, status from ops.export_files") == [("generic_400/calls/good.csv", "loaded")]
    assert [result.path for result in landing.load()] == ["generic_400/calls/good.csv"]


def test_a_held_file_goes_with_its_rows_and_an_accepted_one_does_not(landing):
    landing.calls("a.csv", [call(1), call(2, at="昨天")])
    landing.load()
    with pytest.raises(loading.ForgetError, match="is loaded, and only failed and held"):
        _forget(landing, "generic_400/calls/a.csv")
    landing.query("update ops.export_files set status = 'held'")
    (said,) = _forget(landing, landing.query("select file_id from ops.export_files")[0][0])
    assert "(held, 2 rows)" in said
    for table in ("ops.export_files", "ops.quarantine", "ops.landing_paths", "raw.calls"):
        assert landing.query(f"select count(*) from {table}") == [(0,)]
    with pytest.raises(loading.ForgetError, match="no such file"):
        _forget(landing, "generic_400/calls/a.csv")


def test_a_member_of_an_archive_stays_in_it_and_that_is_said(landing):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("wrong.csv", "not,a,call\n1,2,3\n")
    packed = landing.put("generic_400/calls/all.zip", content.getvalue())
    landing.load()
    (said,) = _forget(landing, "generic_400/calls/all.zip!wrong.csv")
    assert "comes again unless generic_400/calls/all.zip is removed" in said
    assert packed.exists()


def test_failed_files_that_left_landing_are_reported_no_longer(landing):
    wrong = landing.put("generic_400/calls/wrong.csv", "not,a,call\n1,2,3\n")
    stays = landing.put("generic_400/calls/stays.csv", "no,call\n1,2\n")
    landing.load()
    wrong.unlink()
    landing.load(paths=[stays])  # a look at one file says nothing of the others
    assert landing.query("select count(*) from ops.export_files where status = 'failed'") == [(2,)]
    landing.load()
    assert landing.query("select path from ops.export_files where status = 'failed'") == [
        ("generic_400/calls/stays.csv",)
    ]
