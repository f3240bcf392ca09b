"""What comes again: corrected, cut, grown, still being written, with other columns, under another profile."""

from __future__ import annotations

import gzip
import os

import openpyxl
import pytest

from dial2deal import policy, warehouse
from dial2deal.loading import corrections, load
from orchestration import run
from tests.unit.exports_support import CALLS_HEADER, Landing, call


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


def accept(landing, path: str = "%") -> None:
    """The audit's verdict, and what follows from it."""
    with warehouse.session(landing.settings) as con:
        con.execute("update ops.export_files set status = 'accepted' where status = 'loaded' and path like ?", [path])
        con.execute("delete from ops.dirty_dates")
        corrections.settle(con)


def in_force(landing) -> list[tuple]:
    return landing.query(
        "select f.path, r.call_id, r.talk_seconds from raw.calls r join ops.export_files f on "
        "f.file_id = r._file_id where f.status = 'accepted' order by all"
    )


def dirty(landing) -> list[str]:
    return [str(date) for (date,) in landing.query("select distinct event_date from ops.dirty_dates order by 1")]


BATCH = "generic_400/calls/batch=2026-01-05"


def put(landing, relative: str, *lines: str) -> None:
    landing.put(f"{BATCH}/{relative}", "\n".join([CALLS_HEADER, *lines]) + "\n")


def test_a_revision_replaces_the_whole_batch(landing):
    put(landing, "a.csv", call(1), call(2, at="2026-01-04 09:00:00"))
    put(landing, "b.csv", call(3))
    landing.calls("other.csv", [call(4)])
    landing.load()
    accept(landing)
    put(landing, "rev=1/all.csv", call(1, talk="60"), call(3))
    landing.load()
    accept(landing)
    assert in_force(landing) == [
        (f"{BATCH}/rev=1/all.csv", "C000001", "60"),
        (f"{BATCH}/rev=1/all.csv", "C000003", "00:05:23"),
        ("generic_400/calls/other.csv", "C000004", "00:05:23"),
    ]
    assert dirty(landing) == ["2026-01-04", "2026-01-05"]
    assert landing.query("select path, message from ops.export_files where status = 'superseded' order by 1") == [
        (f"{BATCH}/{name}.csv", "replaced by revision 1 of its batch") for name in "ab"
    ]
    assert all(r.skipped for r in landing.load())


def test_revisions_count_as_numbers_and_may_come_in_any_order(landing):
    put(landing, "rev=10/a.csv", call(1, talk="10"))
    put(landing, "rev=9/a.csv", call(1, talk="9"), call(2))
    put(landing, "a.csv", call(1), call(2))
    landing.load()
    accept(landing)
    assert [row[1:] for row in in_force(landing)] == [("C000001", "10")]


def test_a_path_delivered_again_replaces_its_earlier_content_in_a_batch_only(landing):
    for folder in ("batch=1/", ""):
        landing.calls(f"{folder}a.csv", [call(1, id=f"{folder}1"), call(2, id=f"{folder}2")])
    landing.load()
    accept(landing)
    for folder in ("batch=1/", ""):
        landing.calls(f"{folder}a.csv", [call(1, id=f"{folder}1")])
    landing.load()
    accept(landing)
    assert [row[1] for row in in_force(landing)] == ["1", "1", "2", "batch=1/1"]


def test_a_bad_correction_replaces_nothing(landing):
    put(landing, "a.csv", call(1))
    landing.load()
    accept(landing)
    put(landing, "rev=1/a.csv", call(2))
    landing.put(f"{BATCH}/rev=2/a.csv", "nonsense\n")
    landing.load()
    landing.query("update ops.export_files set status = 'held' where path like '%rev=1%'")
    accept(landing)
    assert [row[1] for row in in_force(landing)] == ["C000001"]


def test_a_correction_taken_back_by_the_first_content_again(landing):
    put(landing, "a.csv", call(1))
    put(landing, "rev=1/a.csv", call(2))
    landing.load()
    accept(landing)
    put(landing, "rev=2/a.csv", call(1))
    landing.load()
    accept(landing)
    assert [row[1] for row in in_force(landing)] == ["C000001"]
    assert [r.skipped for r in landing.load()] == [True] * 3


def test_the_last_line_of_a_cut_file_is_quarantined_as_such(landing):
    whole = "\n".join([CALLS_HEADER, call(1), call(2), call(3)])
    landing.put("generic_400/calls/a.csv", whole[:-30])
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (2, 1)
    assert landing.query("select line, reason from ops.quarantine") == [
        (4, "the file ends in the middle of this line: it seems cut; deliver it again whole")
    ]
    assert "it seems cut" in result.message
    landing.put("generic_400/calls/a.csv", whole + "\n")
    assert (landing.one().rows_accepted, landing.one().message) == (1, None)


def test_a_cut_inside_an_open_quote_swallows_nothing(landing):
    landing.put("generic_400/calls/a.csv", "\n".join([CALLS_HEADER, call(1), call(2, agent='"A')])[:-2])
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (1, 1)
    assert "seems cut" in landing.query("select reason from ops.quarantine")[0][0]


@pytest.mark.parametrize("kind", ["xlsx", "gz"])
def test_cut_containers_fail_with_advice_and_load_when_whole(landing, kind):
    content = gzip.compress("\n".join([CALLS_HEADER, call(1), ""]).encode())
    if kind == "xlsx":
        book = openpyxl.Workbook()
        book.active.append(CALLS_HEADER.split(","))
        book.active.append(call(1).split(","))
        book.save(landing.settings.home / "a.xlsx")
        content = (landing.settings.home / "a.xlsx").read_bytes()
    landing.put(f"generic_400/calls/a.{kind}", content[: len(content) * 2 // 3])
    result = landing.one()
    assert result.status == "failed"
    assert "cut" in result.message
    landing.put(f"generic_400/calls/a.{kind}", content)
    assert landing.one().rows_accepted == 1
    assert landing.query("select count(*) from ops.export_files where status = 'failed'") == [(0,)]


def test_a_file_that_grew_counts_its_earlier_rows_as_duplicates(landing):
    landing.calls("a.csv", [call(1), call(2)])
    landing.load()
    accept(landing)
    landing.calls("a.csv", [call(1), call(2), call(3)])
    result = landing.one()
    assert (result.rows_read, result.rows_accepted, result.rows_duplicate) == (3, 1, 2)


def test_the_same_id_with_newer_content_is_an_update(landing):
    landing.calls("calls_20260105.csv", [call(1)])
    landing.calls("calls_20260106.csv", [call(1, notes="已回访")])
    assert [(r.rows_accepted, r.rows_duplicate) for r in landing.load()] == [(1, 0), (1, 0)]
    assert landing.query(
        "select f.delivered_at::date::varchar, r.notes from raw.calls r join ops.export_files f on "
        "f.file_id = r._file_id where r._row_key = 'C000001' order by 1"
    ) == [("2026-01-04", None), ("2026-01-05", "已回访")]


def test_reordered_columns_are_the_same_content(landing):
    landing.calls("a.csv", [call(1)])
    cells = dict(zip(CALLS_HEADER.split(","), call(1).split(","), strict=True))
    turned = dict(reversed(cells.items()))
    landing.calls("b.csv", [",".join(turned.values())], header=",".join(turned))
    assert [(r.rows_accepted, r.rows_duplicate) for r in landing.load()] == [(1, 0), (0, 1)]


def test_missing_and_new_columns_are_noted(landing):
    landing.calls("a.csv", [call(1)])
    landing.load()
    header = CALLS_HEADER.replace(",坐席工号", "").replace("备注", "星座")
    landing.calls("b.csv", [call(2).replace(",A1", "") + "95"], header=header)
    result = next(r for r in landing.load() if not r.skipped)
    assert result.rows_accepted == 1
    assert "column agent_id, present in earlier files, is missing" in result.message
    assert "column notes, present" in result.message
    assert landing.query("select _extra from raw.calls where call_id = 'C000002'") == [('{"星座":"95"}',)]
    assert "agent_id" in landing.query("select read_notes from ops.export_files where path like '%b.csv'")[0][0]


def test_a_file_of_exactly_excels_limit_is_noted(landing, monkeypatch):
    monkeypatch.setattr("dial2deal.readers.table._ROW_LIMITS", (4,))
    landing.calls("a.csv", [call(1), call(2), call(3)])
    assert "exactly 4 rows, Excel's limit" in landing.one().message


def test_young_files_and_those_without_their_done_file_wait(landing):
    home = landing.settings.home
    (home / "policy").mkdir(exist_ok=True)
    (home / "policy/settings.yml").write_text("settings:\n  - {key: landing.stable_seconds, value: 600}\n")
    landing.policy = policy.load(landing.settings)
    landing.profile("house/calls.yml", "synonyms: true\ncomplete_when: done_file\n")
    path = landing.calls("young.csv", [call(1)])
    os.utime(path)
    landing.put("house/calls/undone.csv", "\n".join([CALLS_HEADER, call(2), ""]))
    results = landing.load()
    assert {r.status for r in results} == {"waiting"}
    assert landing.query("select count(*) from ops.export_files") == [(0,)]
    os.utime(path, (1, 1))
    landing.put("house/calls/undone.csv.done", "")
    assert {r.status for r in landing.load()} == {"loaded"}


def test_a_file_that_changes_while_it_is_read_waits(landing, monkeypatch):
    path = landing.calls("a.csv", [call(1)])
    reader = load.kinds.read

    def grow(*args):
        table = reader(*args)
        os.utime(path)
        return table

    with monkeypatch.context() as patch:
        patch.setattr(load.kinds, "read", grow)
        assert landing.one().status == "waiting"
    assert landing.query("select count(*) from raw.calls") == [(0,)]
    assert landing.one().rows_accepted == 1


HOUSE = "columns:\n  call_id: 编码\n  started_at: 时刻\n  customer_number: 谁\n  direction: {const: inbound}\n"


def test_a_changed_mapping_reads_its_files_anew(landing):
    landing.profile("house/calls.yml", HOUSE + "  talk_seconds: 长\n")
    landing.put("house/calls/a.csv", "编码,时刻,谁,长,又\n1,2026-01-05 08:00:00,13900000001,5,7\n")
    landing.put("house/calls/b.csv", "编码,时刻,谁,长,又\n2,2026-01-06 08:00:00,13900000002,5,7\n")
    landing.calls("c.csv", [call(1, at="2026-01-07 08:00:00")])
    landing.load()
    accept(landing)
    reworded = f"description: said better\n{HOUSE}  talk_seconds: 长\nvalues: {{direction: {{x: inbound}}}}\n"
    landing.profile("house/calls.yml", reworded)
    assert all(r.skipped for r in landing.load())
    landing.query("delete from ops.dirty_dates")
    landing.profile("house/calls.yml", HOUSE + "  talk_seconds: 又\n")
    assert {r.path: r.skipped for r in landing.load()} == {
        "generic_400/calls/c.csv": True,
        "house/calls/a.csv": False,
        "house/calls/b.csv": False,
    }
    assert landing.query("select call_id, talk_seconds from raw.calls order by 1") == [
        ("1", "7"),
        ("2", "7"),
        ("C000001", "00:05:23"),
    ]
    assert dirty(landing) == ["2026-01-05", "2026-01-06"]
    assert landing.query("select source, status from ops.export_files order by all") == [
        ("generic_400", "accepted"),
        ("house", "loaded"),
        ("house", "loaded"),
    ]
    assert all(r.skipped for r in landing.load())


def test_a_mapping_that_no_longer_fits_leaves_the_rows_as_they_were(landing):
    landing.profile("house/calls.yml", HOUSE + "  talk_seconds: 长\n")
    landing.put("house/calls/a.csv", "编码,时刻,谁,长\n1,2026-01-05 08:00:00,13900000001,5\n")
    landing.load()
    accept(landing)
    landing.profile("house/calls.yml", HOUSE + "  talk_seconds: 没有\n")
    landing.load()
    assert [row[1] for row in in_force(landing)] == ["1"]
    assert "its rows stay as they were" in landing.query("select message from ops.export_files")[0][0]
    assert landing.one().skipped


def test_a_source_that_gets_a_profile_for_calls_no_longer_delivers_legs(landing):
    legs = HOUSE.replace("call_id:", "leg_id: 编码\n  leg_role: {const: agent}\n  call_id:") + "  talk_seconds: 长\n"
    landing.profile("house/call_legs.yml", legs)
    landing.put("house/calls/a.csv", "编码,时刻,谁,长\n1,2026-01-05 08:00:00,13900000001,5\n")
    assert landing.one().feed == "call_legs"
    accept(landing)
    landing.profile("house/calls.yml", HOUSE + "  talk_seconds: 长\n")
    assert landing.one().feed == "calls"
    assert landing.query("select feed, status from ops.export_files order by all") == [
        ("call_legs", "superseded"),
        ("calls", "loaded"),
    ]


def test_rows_that_a_correction_lacks_leave_the_marts(landing):
    put(landing, "a.csv", call(1), call(2), call(3, at="2026-01-06 08:00:00"))
    assert run.build(landing.settings, reports=False).ok
    put(landing, "rev=1/a.csv", call(1), call(3, at="2026-01-06 08:00:00"))
    assert run.build(landing.settings, reports=False).ok
    assert landing.query("select call_date::varchar, count(*) from marts.fct_calls group by 1 order by 1") == [
        ("2026-01-05", 1),
        ("2026-01-06", 1),
    ]


@pytest.mark.parametrize("broken", ["columns: [", None])
def test_a_broken_or_missing_profile_leaves_what_was_loaded(landing, broken):
    landing.profile("house/calls.yml", HOUSE + "  talk_seconds: 长\n")
    path = landing.put("house/calls/a.csv", "编码,时刻,谁,长\n1,2026-01-05 08:00:00,13900000001,5\n")
    landing.load()
    if broken:
        landing.profile("house/calls.yml", broken)
    else:
        (landing.settings.home / "profiles/house/calls.yml").unlink()
    assert (landing.one().skipped, landing.one().status) == (True, "loaded")
    os.utime(path, (5, 5))
    assert landing.one().status == "failed"
    landing.profile("house/calls.yml", HOUSE + "  talk_seconds: 长\n")
    assert landing.one().skipped
    assert sorted(landing.query("select status from ops.export_files")) == [("loaded",), ("superseded",)]
