"""Files that once broke the loader, found by `make fuzz` or in the field: tests/fixtures/regressions."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

from dial2deal.loading import together
from dial2deal.settings import Settings
from fuzz import worker

FOLDER = Path(__file__).parents[1] / "fixtures" / "regressions"


def files() -> dict[str, bytes]:
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in sorted(FOLDER.glob("*/*/*"))}


def test_regressions_stay_fixed(tmp_path):
    assert worker.load(Settings(home=tmp_path).ensure(), files()) == {}


def test_regressions_stay_fixed_one_by_one(tmp_path):
    with mock.patch.object(together, "_MAX_FILES", 1):
        assert worker.load(Settings(home=tmp_path).ensure(), files()) == {}


def test_a_broken_rule_is_noticed(tmp_path, monkeypatch):
    """The check itself: a loader that drops a row is caught."""
    settings = Settings(home=tmp_path).ensure()
    text = (
        "呼叫ID,呼叫类型,客户号码,开始时间,通话时长\n1,呼入,13900000001,2026-01-05 08:00:00,1\n"
        "2,呼入,13900000002,2026-01-05 08:00:00,1\n"
    )
    lose = worker.loading.load_landing

    def losing(con, *args, **kwargs):
        results = lose(con, *args, **kwargs)
        con.execute("delete from raw.calls where _row_key = '2'")
        return results

    monkeypatch.setattr(worker.loading, "load_landing", losing)
    wrong = worker.load(settings, {"generic_400/calls/a.csv": text.encode()})
    assert wrong == {"generic_400/calls/a.csv": ["2 accepted, 0 duplicates, 1 in raw"]}
