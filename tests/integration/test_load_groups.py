"""Small files are loaded in groups: the same as one by one, in any order, and all or nothing when killed."""

from __future__ import annotations

import random

import pytest

from dial2deal.loading import ledger, together
from tests.unit.exports_support import CALLS_HEADER, Landing, call

FILES = (
    "file_id, path, status, rows_read, rows_accepted, rows_quarantined, rows_duplicate, rows_total_line, "
    "encoding, delimiter, unknown_columns, repairs, first_event_date, last_event_date, message"
)


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


def content(landing):
    return (
        landing.query("select * exclude (_loaded_at) from raw.calls order by all"),
        landing.query("select * exclude (quarantined_at) from ops.quarantine order by all"),
        landing.query(f"select {FILES} from ops.export_files order by all"),
        landing.query("select path, bytes, file_id from ops.landing_paths order by all"),
    )


def deliver(landing):
    """Ordinary small files among unusual ones: overlaps, repeats, bad rows, totals, other shapes and encodings."""
    landing.calls("a.csv", [call(i) for i in range(10)])
    landing.calls("b.csv", [call(i) for i in range(5, 15)])
    landing.calls("c.csv", [call(20), call(20), call(21), call(3)])
    landing.calls("d.csv", [call(30), call(31, talk="很久"), call(32, at=""), "合计,,,,,00:10:46,,,"])
    landing.calls("e.csv", [call(40), "C41,呼入", "", call(42)])
    landing.calls("f.csv", [call(50, notes='"第一行\n第二行"'), call(51, notes='没有"配对')])
    landing.calls("g.csv", [call(60, notes="备注"), call(61)], encoding="gb18030")
    landing.calls("h.csv", [call(62, talk="3分20秒"), call(63)], encoding="gb18030")
    landing.calls("i.csv", [call(70) + ",x"], header=CALLS_HEADER + ",新列")
    landing.calls("j.csv", [call(71) + ",y"], header=CALLS_HEADER + ",新列")
    landing.calls("k.csv", [call(i) for i in range(10)])
    landing.put("generic_400/calls/l.csv", "")
    landing.put("generic_400/calls/m.csv", "a,b\n1,2\n")
    landing.calls("n.csv", [])
    landing.calls("o.csv", [call(80, customer="1.39E+10"), call(81)])
    landing.calls("p.csv", [call(82, notes=" 空格 ")])
    landing.calls("q.csv", [call(40), call(50), call(90)])
    landing.calls("r.csv", [call(90), call(91)])


def alone(monkeypatch):
    monkeypatch.setattr(together, "load", lambda *args: ((delivery, None) for delivery in args[1]))


def test_grouped_files_are_loaded_as_if_each_came_alone(tmp_path, monkeypatch):
    grouped, single = Landing(tmp_path / "grouped"), Landing(tmp_path / "single")
    deliver(grouped)
    together = grouped.load()
    alone(monkeypatch)
    deliver(single)
    assert grouped_view(together) == grouped_view(single.load())
    assert content(grouped) == content(single)


def grouped_view(results):
    return [(r.path, r.status, r.rows_read, r.rows_accepted, r.rows_duplicate, r.skipped) for r in results]


def test_what_two_files_share_is_a_duplicate_of_the_later_however_they_are_read(landing):
    landing.calls("a.csv", [call(1), call(2)])
    landing.calls("b.csv", [call(2), call(3), "C9,呼入"])
    landing.calls("c.csv", [call(3), call(4)])
    landing.calls("d.csv", [call(4), call(5)])
    assert [(r.path[-5:], r.rows_duplicate) for r in landing.load()] == [
        ("a.csv", 0),
        ("b.csv", 1),
        ("c.csv", 1),
        ("d.csv", 1),
    ]


def test_later_groups_meet_earlier_ones(landing):
    landing.calls("a.csv", [call(1), call(2)])
    landing.calls("b.csv", [call(3), call(4)])
    assert [r.rows_duplicate for r in landing.load()] == [0, 0]
    landing.calls("c.csv", [call(4), call(5)])
    landing.calls("d.csv", [call(5), call(6), call(1)])
    assert [r.rows_duplicate for r in landing.load()][2:] == [1, 2]


def test_most_of_these_files_are_loaded_together(landing, monkeypatch):
    deliver(landing)
    found = []
    original = together._load_together
    monkeypatch.setattr(together, "_load_together", lambda *args: found.append(original(*args)) or found[-1])
    landing.load()
    names = {path.rsplit("/", 1)[1] for results in found for path in results}
    assert {"a.csv", "b.csv", "c.csv", "d.csv", "g.csv", "h.csv", "i.csv", "j.csv"} <= names
    assert not names & {"e.csv", "f.csv", "k.csv", "l.csv", "m.csv"}


@pytest.mark.parametrize("moment", range(3))
def test_a_group_that_dies_leaves_nothing_behind(tmp_path, monkeypatch, moment):
    landing, whole = Landing(tmp_path / "killed"), Landing(tmp_path / "whole")
    calls = 0

    def die(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls > moment:
            raise KeyboardInterrupt
        return original(*args, **kwargs)

    for there in (landing, whole):
        for number in range(5):
            there.calls(f"{number}.csv", [call(number * 2), call(number * 2 + 1)])
    original = ledger.record
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "record", die)
        with pytest.raises(KeyboardInterrupt):
            landing.load()
    assert landing.query("select count(*) from raw.calls") == [(0,)]
    assert landing.query("select count(*) from ops.landing_paths") == [(0,)]
    landing.load()
    whole.load()
    assert content(landing) == content(whole)


def test_a_group_that_fails_is_loaded_one_by_one(landing, monkeypatch):
    for number in range(3):
        landing.calls(f"{number}.csv", [call(number)])
    monkeypatch.setattr(together, "insert", lambda *args: 1 / 0)
    assert [r.status for r in landing.load()] == ["loaded"] * 3
    assert landing.query("select count(*) from raw.calls") == [(3,)]


def test_the_order_of_many_files_does_not_matter(tmp_path):
    chance = random.Random(7)
    found = []
    for name in ("forwards", "shuffled"):
        landing = Landing(tmp_path / name)
        order = list(range(30))
        if name == "shuffled":
            chance.shuffle(order)
        for place, number in enumerate(order):
            landing.calls(f"{place:02d}.csv", [call(number * 3 + i) for i in range(5)])
        landing.load()
        found.append(
            landing.query("select _row_key, _row_hash, _event_date, count(*) from raw.calls group by all order by all")
        )
    assert found[0] == found[1]


def test_line_numbers_are_those_of_each_file(landing):
    for number in range(4):
        landing.calls(f"{number}.csv", [call(number * 10 + i) for i in range(number + 1)])
    landing.load()
    assert landing.query(
        "select path, list(_line order by _line) from raw.calls join ops.export_files on file_id = _file_id "
        "group by path order by path"
    ) == [(f"generic_400/calls/{number}.csv", list(range(2, number + 3))) for number in range(4)]


def test_a_long_file_with_lines_of_another_width_is_loaded(landing):
    rows = [call(i) for i in range(25_000)]
    rows[100], rows[200] = "", "C1,呼入"
    landing.calls("a.csv", [*rows, "合计,25000"])
    result = landing.one()
    assert (result.status, result.rows_accepted, result.rows_quarantined, result.rows_total_line) == (
        "loaded",
        24_998,
        1,
        1,
    )
