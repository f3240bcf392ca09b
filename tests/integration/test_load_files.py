"""What becomes of files: manifest, repetition, failure, replacement, safety. Through the real loader."""

from __future__ import annotations

import os
import re
import shutil

import pytest

from dial2deal import warehouse
from dial2deal.feeds.catalogue import PROVENANCE, feeds
from dial2deal.loading import ledger, load
from tests.unit.exports_support import CALLS_HEADER, Landing, call


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


def content(landing):
    return landing.query("select * exclude (_loaded_at) from raw.calls order by all"), landing.query(
        "select * exclude (loaded_at) from ops.export_files order by all"
    )


def die(*args, **kwargs):
    raise KeyboardInterrupt


def test_an_unchanged_landing_is_not_read_again(landing, monkeypatch):
    landing.calls("a.csv", [call(1)])
    landing.load()
    before = content(landing)
    monkeypatch.setattr(load.kinds, "fingerprint", lambda path: pytest.fail("the file was read"))
    (again,) = landing.load()
    assert (again.skipped, again.status, again.rows_accepted) == (True, "loaded", 1)
    assert content(landing) == before


def test_the_same_content_is_loaded_once_whatever_its_name_or_time(landing):
    path = landing.calls("a.csv", [call(1)])
    landing.load()
    os.utime(path, (1, 1))
    shutil.copy(path, path.with_name("b.csv"))
    results = landing.load()
    assert [r.skipped for r in results] == [True, True]
    assert landing.query("select count(*) from raw.calls") == [(1,)]
    assert landing.query("select count(*) from ops.export_files") == [(1,)]


def test_progress_is_told(landing):
    landing.calls("a.csv", [call(1)])
    landing.calls("b.csv", [call(2)])
    told = []
    landing.load(on_progress=lambda done, total, result: told.append((done, total, result.path)))
    assert told == [(1, 2, "generic_400/calls/a.csv"), (2, 2, "generic_400/calls/b.csv")]


def test_only_given_paths(landing):
    wanted = landing.calls("a.csv", [call(1)])
    landing.calls("b.csv", [call(2)])
    assert [r.path for r in landing.load(paths=[wanted])] == ["generic_400/calls/a.csv"]
    assert landing.query("select call_id from raw.calls") == [("C000001",)]


BAD_FILES = {
    "empty.csv": (b"", "empty"),
    "noise.csv": (bytes(range(256)) * 64, "GB18030|header|decoded"),
    "cut.xlsx": (b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml" + b"\x01" * 200, "damaged"),
    "archive.csv": (b"PK\x03\x04\x14\x00\x00\x00\x08\x00data.csv" + b"\x01" * 200, "archive is damaged"),
    "page.xls": ("<html><table><tr><td>呼叫ID</td></tr></table></html>".encode(), "No header"),
    "book.mht": (b"MIME-Version: 1.0\nX-Document-Type: Workbook\n", "kind mhtml"),
    "other.csv": ("甲,乙,丙\n13800138000,2,3\n".encode(), "No header"),
    "lacking.csv": ("呼叫ID,客户号码,通话时长\n1,2,3\n".encode(), "started_at .*开始时间"),
}


def test_bad_files_fail_with_advice_and_stop_nobody(landing):
    for name, (data, _) in BAD_FILES.items():
        landing.put(f"generic_400/calls/{name}", data)
    landing.calls("z_good.csv", [call(1)])
    results = {r.path.rsplit("/", 1)[-1]: r for r in landing.load()}
    assert results.pop("z_good.csv").rows_accepted == 1
    for name, (_, message) in BAD_FILES.items():
        assert results[name].status == "failed", name
        assert re.search(message, results[name].message), (name, results[name].message)
        assert "Traceback" not in results[name].message
    assert "13800138000" not in str(landing.query("select message from ops.export_files"))
    assert landing.query("select count(*) from ops.export_files where status = 'failed'") == [(len(BAD_FILES),)]
    assert all(r.skipped for r in landing.load())


def test_files_in_the_wrong_place_say_where_they_belong(landing):
    landing.put("stray.csv", "x\n")
    landing.put("generic_400/nonsense/a.csv", "x\n")
    landing.put("nobody/calls/a.csv", "x\n")
    messages = {r.path: r.message for r in landing.load()}
    assert "landing/<source>/<feed>" in messages["stray.csv"]
    assert "No feed is called 'nonsense'" in messages["generic_400/nonsense/a.csv"]
    assert "There is no profile for nobody/calls" in messages["nobody/calls/a.csv"]


def test_links_out_of_landing_are_refused(landing, tmp_path):
    outside = tmp_path / "secret.csv"
    outside.write_text(f"{CALLS_HEADER}\n{call(1)}\n", encoding="utf-8")
    (landing.settings.landing / "generic_400/calls").mkdir(parents=True)
    (landing.settings.landing / "generic_400/calls/link.csv").symlink_to(outside)
    (landing.settings.landing / "generic_400/leads").symlink_to(tmp_path)
    results = landing.load()
    assert {r.status for r in results} == {"failed"}
    assert landing.query("select count(*) from raw.calls") == [(0,)]


def test_partial_and_hidden_files_are_left_alone(landing):
    for name in (".hidden.csv", "~$a.xlsx", "a.csv.part", "a.csv.crdownload"):
        landing.put(f"generic_400/calls/{name}", "x")
    assert landing.load() == []


@pytest.mark.parametrize("status", ["held", "failed"])
def test_a_corrected_file_supersedes_the_bad_one(landing, status):
    landing.calls("a.csv", [call(1)], header=CALLS_HEADER if status == "held" else "甲,乙,丙")
    landing.load()
    landing.query("update ops.export_files set status = ?", status)
    landing.calls("a.csv", [call(1), call(2)])
    assert landing.one().rows_duplicate == 0
    assert landing.query("select status, rows_read from ops.export_files order by loaded_at") == [
        ("superseded", 1 if status == "held" else 0),
        ("loaded", 2),
    ]


def test_an_accepted_file_is_not_superseded_by_an_update(landing):
    landing.calls("a.csv", [call(1)])
    landing.load()
    landing.query("update ops.export_files set status = 'accepted'")
    landing.calls("a.csv", [call(1), call(2)])
    result = landing.one()
    assert (result.rows_accepted, result.rows_duplicate) == (1, 1)
    assert sorted(landing.query("select status from ops.export_files")) == [("accepted",), ("loaded",)]


def test_a_failed_file_is_tried_again_when_its_profile_changes(landing):
    landing.put("house/calls/a.csv", "编码,时刻,谁\n1,2026-01-05 08:00:00,13900000001\n")
    assert landing.one().status == "failed"
    assert landing.one().skipped
    landing.profile(
        "house/calls.yml",
        "columns:\n  call_id: 编码\n  started_at: 时刻\n  customer_number: 谁\n"
        "  direction: {const: inbound}\n  talk_seconds: {const: '0'}\n",
    )
    result = landing.one()
    assert (result.status, result.rows_accepted) == ("loaded", 1)
    assert landing.query("select status from ops.export_files where path = 'house/calls/a.csv' and status = 'loaded'")


def test_a_wrong_profile_says_what_is_wrong(landing):
    landing.profile("house/calls.yml", "time_zone: Mars/Base\ncolumns: {nonsense: x}\n")
    landing.put("house/calls/a.csv", "x\n")
    landing.calls("b.csv", [call(1)])
    house, good = sorted(landing.load(), key=lambda r: r.path, reverse=True)
    assert "Mars/Base" in house.message
    assert "profiles/house/calls.yml" in house.message
    assert good.rows_accepted == 1


def test_delivery_time_comes_from_the_name_then_from_the_file(landing):
    landing.calls("calls_20260101_20260107.csv", [call(1)])
    landing.calls("calls_2026-01-08_0930.csv", [call(2)])
    landing.calls("plain.csv", [call(3)])
    landing.load()
    rows = dict(landing.query("select path, strftime(delivered_at, '%Y-%m-%d %H:%M') from ops.export_files"))
    assert rows["generic_400/calls/calls_20260101_20260107.csv"] == "2026-01-06 16:00"
    assert rows["generic_400/calls/calls_2026-01-08_0930.csv"] == "2026-01-08 01:30"
    assert rows["generic_400/calls/plain.csv"] == "2026-01-05 08:00"


@pytest.mark.parametrize("moment", ["record", "supersede_earlier"])
def test_a_load_that_dies_leaves_nothing_behind(landing, monkeypatch, moment):
    landing.calls("a.csv", [call(1), call(2, at="nie")])
    with monkeypatch.context() as patch:
        patch.setattr(ledger, moment, die)
        with pytest.raises(KeyboardInterrupt):
            landing.load()
    for table in ("raw.calls", "ops.export_files", "ops.quarantine", "ops.landing_paths"):
        assert landing.query(f"select count(*) from {table}") == [(0,)], table
    assert (landing.one().rows_accepted, landing.query("select count(*) from ops.quarantine")) == (1, [(1,)])


def test_ids_moved_before_a_kill_are_noted_by_the_next_load(landing, monkeypatch):
    landing.calls("a.csv", [call(1), call(1, at="2026-01-09 08:00:00")])
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "note_moved_ids", die)
        with pytest.raises(KeyboardInterrupt):
            landing.load()
    landing.load()
    assert len(landing.query("select * from ops.moved_ids")) == 2


def test_scratch_files_are_removed(landing):
    landing.calls("a.csv", [call(1, notes="好")], encoding="gb18030")
    landing.load()
    assert [p.name for p in landing.settings.tmp.iterdir() if p.name != "duckdb"] == []


def test_a_new_canonical_column_reaches_an_old_warehouse(landing):
    landing.calls("a.csv", [call(1)])
    landing.load()
    with warehouse.session(landing.settings) as con:
        con.execute("alter table raw.calls drop column notes")
    landing.calls("b.csv", [call(2, notes="好")])
    landing.load()
    assert landing.query("select call_id, notes from raw.calls order by 1") == [("C000001", None), ("C000002", "好")]


def test_columns_are_stored_from_the_first_file_that_fills_them(landing):
    landing.calls("a.csv", [call(1)])
    landing.load()
    names = [name for (name,) in landing.query("select column_name from duckdb_columns() where table_name = 'calls'")]
    assert {*feeds()["calls"].columns, *PROVENANCE} == set(names)
    assert landing.query("select queue_seconds, csat_score from raw.calls") == [(None, None)]
    landing.calls("b.csv", [call(2) + ",17"], header=CALLS_HEADER + ",排队时长")
    landing.load()
    assert landing.query("select call_id, queue_seconds, csat_score from raw.calls order by 1") == [
        ("C000001", None, None),
        ("C000002", "17", None),
    ]
