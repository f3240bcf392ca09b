"""The audit on raw tables written by hand: each file judged alone, nothing lost, nothing judged that was not seen."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import socket
import tempfile
from dataclasses import replace

import pytest

from dial2deal import audit, policy, warehouse
from dial2deal.audit import candidates, evaluate, suites, verdicts
from dial2deal.audit import run as audit_run
from tests.unit.quality_support import add_file, call, calls, make_home, query, shifted

DAY = dt.date(2026, 1, 5)


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the audit tried to open a network connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def run(home, build_id="build-1"):
    return audit.judge(home, policy.load(home), build_id)


def statuses(home):
    return dict(query(home, "select regexp_extract(path, '[^/]+$'), status from ops.export_files"))


def with_suite(home, tmp_path, feed, change):
    """Settings whose suite of ``feed`` was changed by ``change(content)``; the project's own stays untouched."""
    root = tmp_path / "project"
    for folder in ("expectations", "policy"):
        shutil.copytree(home.project_root / folder, root / folder)
    path = root / "expectations" / "suites" / f"{feed}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    return replace(home, project_root=root)


def test_good_file_is_accepted_and_its_dates_become_dirty(home):
    rows = [*calls(50), call(90, _event_date=DAY + dt.timedelta(days=1))]
    file_id = add_file(home, "good.csv", rows)
    outcomes = run(home)
    assert statuses(home) == {"good.csv": "accepted"}
    assert {o.outcome for o in outcomes} == {"passed"}
    assert [row[:2] for row in query(home, "select feed, event_date from ops.dirty_dates order by 2")] == [
        ("calls", DAY),
        ("calls", DAY + dt.timedelta(days=1)),
    ]
    assert query(
        home, "select count(*) from ops.check_results where file_id = ? and outcome = 'passed'", [file_id]
    ) == [(len(suites.load_suites(home)["calls"].checks),)]
    assert query(home, "select count(*) from ops.check_failures") == [(0,)]


def test_small_bad_file_does_not_hide_among_large_good_ones(home):
    add_file(home, "large.csv", calls(2000))
    bad = add_file(home, "small.csv", shifted(12))
    run(home)
    assert statuses(home) == {"large.csv": "accepted", "small.csv": "held"}
    message = query(home, "select message from ops.export_files where file_id = ?", [bad])[0][0]
    assert "ring_before_answer" in message
    assert "12 / 12" in message
    assert "行 2、3、4、5、6" in message
    assert "电话平台管理员" in message
    failures = query(
        home, "select line, column_name, value from ops.check_failures where file_id = ? order by line", [bad]
    )
    assert [row[0] for row in failures] == list(range(2, 14)), "every failing row, not a sample"
    assert failures[0] == (2, "ring_seconds", "00:01:00")
    assert query(home, "select count(*) from ops.dirty_dates where reason like '%small%'") == [(0,)]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda row: {"direction": row["agent_id"]}, "direction_known"),
        (lambda row: {"started_at": row["call_id"]}, "started_at_readable"),
        (lambda row: {"talk_seconds": "00:59:00"}, "talk_within_call"),
        (lambda row: {"talk_seconds": row["tech_result"]}, "talk_readable"),
        (lambda row: {"ended_at": "2026-01-04 00:00:00"}, "ends_after_start"),
        (lambda row: {"customer_number": row["own_number"]}, "customer_numbers_plausible"),
        (lambda row: {"tech_result": "占线"}, "unconnected_without_talk"),
        (lambda row: {"total_seconds": "00:00:09"}, "talk_within_total"),
    ],
)
def test_each_critical_rule_holds_a_file_with_a_column_gone_wrong(home, change, rule):
    add_file(home, "x.csv", [row | change(row) for row in calls(20)])
    outcomes = run(home)
    assert statuses(home) == {"x.csv": "held"}
    assert (rule, "failed", 20) in {(o.check_name, o.outcome, o.rows_failed) for o in outcomes}


def test_empty_file_and_mostly_quarantined_file_are_held(home):
    add_file(home, "empty.csv", [])
    add_file(home, "torn.csv", calls(5), quarantined=5)
    outcomes = run(home)
    assert statuses(home) == {"empty.csv": "held", "torn.csv": "held"}
    assert {(o.path, o.check_name) for o in outcomes if o.severity == "critical" and o.outcome == "failed"} == {
        ("demo/calls/empty.csv", "has_rows"),
        ("demo/calls/torn.csv", "mostly_readable"),
    }


def test_warning_is_recorded_and_the_file_accepted(home):
    add_file(home, "w.csv", calls(20, tech_result="新结果"))
    outcomes = run(home)
    assert statuses(home) == {"w.csv": "accepted"}
    failed = [o for o in outcomes if o.outcome == "failed"]
    assert [(o.check_name, o.severity, o.rows_failed) for o in failed] == [("tech_result_known", "warning", 20)]
    assert failed[0].samples[0] == {"line": 2, "column": "tech_result", "value": "新结果"}
    assert "tech_result_known" in query(home, "select message from ops.export_files")[0][0]


def test_tolerance_is_applied_per_file_at_its_exact_border(home):
    """direction_known tolerates 2 %: one of 50 rows passes, one of 49 does not."""
    add_file(home, "border.csv", [*calls(49), call(49, direction="?")])
    add_file(home, "beyond.csv", [*calls(48), call(48, direction="?")])
    run(home)
    assert statuses(home) == {"border.csv": "accepted", "beyond.csv": "held"}


def test_second_audit_does_nothing_and_does_not_start_great_expectations(home, monkeypatch):
    add_file(home, "good.csv", calls(10))
    run(home)
    before = query(home, "select * from ops.check_results order by all")
    monkeypatch.setattr("dial2deal.audit.run.evaluate", lambda *a, **k: pytest.fail("nothing to evaluate"))
    assert run(home, "build-2") == []
    assert query(home, "select * from ops.check_results order by all") == before


def test_only_the_asked_feeds_are_audited(home):
    add_file(home, "c.csv", calls(10))
    add_file(home, "a.csv", [{"agent_id": "A01", "agent_name": "测试甲", "team": "一组"}], "agents")
    audit.judge(home, policy.load(home), "b", feeds=["agents"])
    assert statuses(home) == {"c.csv": "loaded", "a.csv": "accepted"}


def test_file_judgement_equals_great_expectations_on_that_file_alone(home):
    """Independent oracle: GX itself, one file at a time, with its own ``mostly``."""
    dirty = [
        [
            call(i, direction="?" if i % 60 == 0 else "呼入", talk_seconds="" if i % 7 == 0 else "00:01:10")
            for i in range(120)
        ],
        [call(i, started_at="?" if i in (3, 4) else "2026-01-05 10:00:00", customer_number=None) for i in range(100)],
        [call(i, tech_result="占线" if i % 2 else "已接听", agent_id=None if i % 9 == 0 else "A1") for i in range(81)],
    ]
    for number, rows in enumerate(dirty):
        add_file(home, f"{number}.csv", rows)
    expected = _gx_file_by_file(home)
    ours = {(o.file_id, o.check_name): o.outcome == "passed" for o in run(home)}
    assert ours == expected
    assert False in ours.values()
    assert len(expected) == 3 * len(suites.load_suites(home)["calls"].checks)


def _gx_file_by_file(home):
    from dial2deal.audit.gx_duckdb import gx, release_file

    suite = suites.load_suites(home)["calls"]
    parameters, errors = suites.resolve(suite, policy.load(home))
    assert not errors
    with warehouse.session(home) as con:
        found = candidates.build(con, home, {"calls": suite}, candidates.loaded_files(con, None))
        ids = [row[0] for row in con.execute("select file_id from ops.export_files order by 1").fetchall()]
    datasource = evaluate._datasource(found.path)
    verdict = {}
    for level, table in (("row", "calls"), ("file", "every_file")):
        for file_id in ids:
            asset = datasource.add_query_asset(
                f"{table}{file_id}", query=f"select * from candidate.{table} where _file_id = '{file_id}'"
            )
            batch = asset.add_batch_definition_whole_table("all").get_batch()
            gx_suite = gx.ExpectationSuite(
                name=f"{table}{file_id}",
                expectations=[
                    {
                        "type": spec.expectation,
                        "kwargs": {**spec.kwargs, "mostly": spec.tolerance},
                        "meta": {"check": spec.check_name},
                    }
                    for spec in suite.on(level)
                ],
            )
            for result in batch.validate(gx_suite, expectation_parameters=parameters).results:
                assert not result.exception_info.get("raised_exception"), result.exception_info
                verdict[file_id, result.expectation_config.meta["check"]] = result.success
    release_file(datasource)
    candidates.discard(found.path)
    return verdict


@pytest.mark.parametrize("breakage", ["missing raw column", "unknown column", "unknown type", "missing setting"])
def test_rule_that_cannot_be_evaluated_is_not_called_bad_data(home, tmp_path, breakage):
    def change(content):
        item = next(e for e in content["expectations"] if e["meta"]["check"] == "talk_readable")
        if breakage == "missing raw column":
            content["meta"]["columns"]["talk_readable"]["sql"] = "r.no_such_column is not null"
        elif breakage == "unknown column":
            item["kwargs"]["column"] = "no_such_column"
        elif breakage == "unknown type":
            item["type"] = "expect_something_unheard_of"
        else:
            item["kwargs"]["value_set"] = {"$PARAMETER": "nothing"}
            content["meta"]["parameters"]["nothing"] = {"setting": "no.such.key"}

    file_id = add_file(home, "x.csv", calls(20))
    broken = with_suite(home, tmp_path, "calls", change)
    outcomes = audit.judge(broken, policy.load(home), "b1")
    assert statuses(home) == {"x.csv": "loaded"}
    undecided = [o for o in outcomes if o.outcome != "passed"]
    assert [(o.check_name, o.outcome, o.rows_failed) for o in undecided] == [("talk_readable", "not_evaluable", None)]
    message = query(home, "select message from ops.export_files where file_id = ?", [file_id])[0][0]
    assert "审核未完成" in message
    assert "talk_readable" in message
    assert query(home, "select count(*) from ops.dirty_dates") == [(0,)]
    audit.judge(home, policy.load(home), "b2")
    assert statuses(home) == {"x.csv": "accepted"}, "with the rule repaired the file gets its verdict"
    assert query(
        home, "select build_id, outcome from ops.check_results where check_name = 'talk_readable' order by build_id"
    ) == [("b1", "not_evaluable"), ("b2", "passed")], "history is kept"


def test_row_that_makes_a_rule_raise_leaves_the_other_files_alone(home, tmp_path):
    def change(content):
        content["meta"]["columns"]["talk"]["sql"] = "cast(r.talk_seconds as integer)"

    add_file(home, "numbers.csv", calls(20, talk_seconds="60"))
    add_file(home, "clock.csv", calls(20))
    audit.judge(with_suite(home, tmp_path, "calls", change), policy.load(home), "b1")
    assert statuses(home) == {"numbers.csv": "accepted", "clock.csv": "loaded"}


def test_audit_killed_between_two_files_continues_where_it_stopped(home, monkeypatch):
    for name in ("1.csv", "2.csv", "3.csv"):
        add_file(home, name, calls(10))
    real = warehouse.mark_dirty
    marked = []

    def die_on_the_second(con, feed, dates, reason):
        if len(marked) == 1:
            raise KeyboardInterrupt
        marked.append(reason)
        real(con, feed, dates, reason)

    monkeypatch.setattr(warehouse, "mark_dirty", die_on_the_second)
    with pytest.raises(KeyboardInterrupt):
        run(home)
    assert statuses(home) == {"1.csv": "accepted", "2.csv": "loaded", "3.csv": "loaded"}
    assert query(home, "select distinct file_id from ops.check_results") == [("id-1.csv",)]
    monkeypatch.setattr(warehouse, "mark_dirty", real)
    run(home, "build-2")
    assert set(statuses(home).values()) == {"accepted"}
    per_file = query(home, "select count(*) from ops.check_results group by file_id")
    assert len(set(per_file)) == 1
    assert query(home, "select count(*) from ops.dirty_dates") == [(3,)]


def test_phone_numbers_are_masked_wherever_they_stand(home):
    rows = [call(i, talk_seconds=f"1391234{i:04d}", customer_number=f"+86 138-1234-{i:04d}") for i in range(10)]
    add_file(home, "x.csv", rows)
    outcomes = run(home)
    stored = str(query(home, "select * from ops.check_failures")) + str(query(home, "select * from ops.check_results"))
    stored += str(query(home, "select message from ops.export_files")) + str([o.samples for o in outcomes])
    assert "talk_readable" in stored or "talk_within_call" in stored
    for number in range(10):
        assert f"1391234{number:04d}" not in stored
        assert f"1234-{number:04d}" not in stored
    assert "139****0000" in stored


def test_release_accepts_a_held_file_with_the_reason_in_history(home):
    file_id = add_file(home, "bad.csv", shifted(12))
    run(home)
    with pytest.raises(audit.ReleaseError):
        audit.release(home, file_id, "  ")
    assert audit.release(home, "demo/calls/bad.csv", "已与供应商核对", by="张三") == "demo/calls/bad.csv"
    assert statuses(home) == {"bad.csv": "accepted"}
    assert query(home, "select feed, event_date from ops.dirty_dates") == [("calls", DAY)]
    history = query(home, "select check_name, message from ops.check_results where check_name = 'manual_release'")
    assert history == [("manual_release", "已人工放行：已与供应商核对（张三）")]
    assert query(home, "select count(*) from ops.check_results where outcome = 'failed'")[0][0] > 0
    with pytest.raises(audit.ReleaseError):
        audit.release(home, file_id, "twice")
    with pytest.raises(audit.ReleaseError):
        audit.release(home, "no/such/file.csv", "x")


def test_a_held_file_is_judged_anew_once_a_map_a_rule_or_a_setting_changed(home, tmp_path, monkeypatch):
    add_file(home, "words.csv", calls(20, direction="打进来"))
    run(home)
    assert statuses(home) == {"words.csv": "held"}
    with monkeypatch.context() as patch:
        patch.setattr(audit_run, "evaluate", lambda *_: pytest.fail("nothing changed, so nothing is to be judged"))
        run(home, "build-2")
    with warehouse.session(home) as con:
        con.execute("insert into ops.value_maps values ('demo', 'calls', 'direction', '打进来', 'inbound')")
    run(home, "build-3")
    assert statuses(home) == {"words.csv": "accepted"}
    assert query(home, "select count(*) > 0 from ops.dirty_dates where reason like 'accepted%'") == [(True,)]


def test_nothing_is_written_outside_home_and_no_scratch_is_left(home, tmp_path, monkeypatch):
    elsewhere = tmp_path / "tmp"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    add_file(home, "good.csv", calls(10))
    project = with_suite(home, tmp_path, "calls", lambda content: None)
    before = sorted((path, path.stat().st_mtime_ns) for path in project.project_root.rglob("*"))
    audit.judge(project, policy.load(home), "b1")
    assert sorted((path, path.stat().st_mtime_ns) for path in project.project_root.rglob("*")) == before
    assert not list(elsewhere.iterdir())
    assert not list(home.tmp.glob("candidate*"))


def test_home_with_unusual_characters(tmp_path):
    settings = make_home(tmp_path / "数据 100% $HOME #1 'x'")
    add_file(settings, "good.csv", calls(10))
    audit.judge(settings, policy.load(settings), "b1")
    assert statuses(settings) == {"good.csv": "accepted"}


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([("critical", "passed"), ("warning", "failed")], "accepted"),
        ([("critical", "passed"), ("warning", "not_evaluable")], "accepted"),
        ([("critical", "not_evaluable"), ("critical", "passed")], "loaded"),
        ([("critical", "not_evaluable"), ("critical", "failed")], "held"),
        ([], "accepted"),
    ],
)
def test_file_status(outcomes, status):
    made = [
        verdicts.CheckOutcome("calls", "c", severity, outcome, "f", "p", 1, 0, None, None)
        for severity, outcome in outcomes
    ]
    assert verdicts.file_status(made) == status
