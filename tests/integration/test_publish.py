"""Publication from a hand-made warehouse: what is published, what it costs, and when it refuses."""

from __future__ import annotations

import datetime as dt
import json
import os

import duckdb
import pytest

from dial2deal import policy, publish, warehouse
from dial2deal.publish import snapshot
from dial2deal.publish.run import RedGateError
from dial2deal.settings import Settings
from tests.helpers import days, differences, dump, tree
from tests.integration.hand_made import (
    FIRST_DAY,
    Transformed,
    deliver,
    installation,
    publish_now,
    rebuild,
    write_manifest,
)


@pytest.fixture
def settings(tmp_path):
    return installation(tmp_path / "home")


def read(settings, sql):
    with duckdb.connect() as con:
        con.execute(f"attach '{settings.snapshot}' as warehouse (read_only)")
        con.execute("use warehouse.marts")
        return con.execute(sql).fetchall()


def scalar(settings, sql):
    return read(settings, sql)[0][0]


def marts_equal(settings):
    """Published marts against the warehouse's, for the models of the manifest."""
    wanted = {f"marts.{name}" for name in ("fct_calls", "calls_by_day", "dim_agents")}
    return differences(
        {k: v for k, v in dump(settings.warehouse, ["marts"]).items() if k in wanted},
        dump(settings.snapshot, ["marts"]),
    )


def test_first_publication_holds_models_of_marts_and_nothing_private(settings):
    result = publish_now(settings)
    assert result.changed
    assert result.base == "none"
    assert result.rows == {"fct_calls": 240, "calls_by_day": 6, "dim_agents": 1}
    assert result.as_of_date == dt.date(2026, 1, 10)
    assert marts_equal(settings) == []
    schemas = {
        row[0]
        for row in read(settings, "select distinct schema_name from duckdb_tables() where database_name = 'warehouse'")
    }
    assert schemas == {"marts", "ops", "policy"}
    assert not {"secrets", "dirty_dates", "state"} & {
        row[0]
        for row in read(
            settings, "select table_name from duckdb_tables() where schema_name = 'ops' and database_name = 'warehouse'"
        )
    }
    assert b"13800000000" not in settings.snapshot.read_bytes()
    assert os.stat(settings.snapshot).st_mode & 0o777 == 0o444
    assert json.loads((settings.published / "semantic_manifest.json").read_text()) == {"metrics": []}


def test_a_program_that_opens_the_file_directly_can_use_two_part_names(settings):
    publish_now(settings)
    with duckdb.connect(str(settings.snapshot), read_only=True) as con:
        assert con.execute("select count(*) from marts.fct_calls").fetchone() == (240,)


def test_there_is_one_snapshot_file_and_names_of_earlier_versions_go(settings):
    for name in ("marts.duckdb", ".marts.previous.duckdb"):
        (settings.published / name).write_bytes(b"of an earlier version")
    publish_now(settings)
    assert [path.name for path in settings.published.glob("*.duckdb")] == ["dial2deal.duckdb"]
    (settings.published / "marts.duckdb").write_bytes(b"came back with a restored backup")
    assert not publish_now(settings, "b2").changed
    assert [path.name for path in settings.published.glob("*.duckdb")] == ["dial2deal.duckdb"]


def test_tables_and_columns_carry_comments_that_follow_the_models(settings):
    told = {
        "description": "Grain: one row per day.",
        "columns": {
            "calls": {"name": "calls", "description": "Calls of the day; it's a count"},
            "gone": {"name": "gone"},
        },
    }
    by_date = {"materialized": "incremental", "event_time": "call_date", "meta": {"follows": ["fct_calls"]}}
    path = settings.dbt_target / "manifest.json"
    for number, (note, talk) in enumerate((("", 70), (" (new)", 80))):
        manifest = json.loads(path.read_text())
        manifest["metrics"] = {"metric.x.calls": {"name": "calls", "label": "通话量"}}
        manifest["nodes"]["model.x.calls_by_day"] |= {
            "config": by_date,
            **told,
            "description": told["description"] + note,
        }
        path.write_text(json.dumps(manifest), encoding="utf-8")
        rebuild(settings, days(FIRST_DAY, 1), talk=talk)
        publish_now(settings, f"b{number}")
        assert read(settings, "select comment from duckdb_tables() where table_name = 'calls_by_day'") == [
            (told["description"] + note,)
        ]
        assert read(
            settings, "select comment from duckdb_columns() where table_name = 'calls_by_day' and column_name = 'calls'"
        ) == [("通话量 · Calls of the day; it's a count",)]


def test_without_any_accepted_file_there_is_nothing_to_publish(tmp_path):
    result = publish_now(Settings(home=tmp_path / "empty").ensure())
    assert not result.changed
    assert list((tmp_path / "empty" / "published").iterdir()) == []


def test_next_publications_patch_the_touched_dates_only(settings):
    publish_now(settings)
    for number, expected_base in enumerate(("copy", "spare", "spare"), start=1):
        rebuild(settings, days(FIRST_DAY, 6)[number : number + 1], talk=100 * number, calls_per_day=30 + number)
        result = publish_now(settings, f"b{number + 1}")
        assert result.base == expected_base
        assert result.dates == (days(FIRST_DAY, 6)[number],)
        assert marts_equal(settings) == [], number


def test_a_patched_snapshot_equals_one_built_from_nothing(settings, tmp_path):
    publish_now(settings)
    for number in range(1, 4):
        rebuild(settings, days(FIRST_DAY, 6)[number : number + 2], talk=70 + number)
        publish_now(settings, f"b{number}")
    patched = dump(settings.snapshot)
    settings.snapshot.unlink()
    (settings.published / ".dial2deal.previous.duckdb").unlink()
    assert publish_now(settings, "b9").base == "none"
    assert differences(patched, dump(settings.snapshot)) == []


def test_a_day_that_became_empty_loses_its_rows(settings):
    publish_now(settings)
    rebuild(settings, days(FIRST_DAY, 1), calls_per_day=0)
    publish_now(settings, "b2")
    assert scalar(settings, f"select count(*) from fct_calls where call_date = date '{FIRST_DAY}'") == 0
    assert not (settings.published / "parquet" / "fct_calls" / f"call_date={FIRST_DAY}").exists()
    assert marts_equal(settings) == []


def test_a_file_that_somebody_has_open_is_never_written_to(settings):
    publish_now(settings)
    rebuild(settings, days(FIRST_DAY, 1), talk=500)
    publish_now(settings, "b2")
    spare = settings.published / ".dial2deal.previous.duckdb"
    with spare.open("rb") as reader:  # no database lock: a backup program
        before = reader.read()
        rebuild(settings, days(FIRST_DAY, 1), talk=900)
        assert publish_now(settings, "b3").base == "copy"
        reader.seek(0)
        assert reader.read() == before


def test_a_file_just_replaced_rests_before_it_is_written_to(settings):
    publish_now(settings)
    for number in (2, 3):
        rebuild(settings, days(FIRST_DAY, 1), talk=500 + number)
        assert publish_now(settings, f"b{number}", spare_min_age=900).base == "copy"


def test_rows_that_differ_from_the_warehouse_cause_a_copy_from_nothing(settings):
    publish_now(settings)
    rebuild(settings, days(FIRST_DAY, 1), talk=500)
    with warehouse.session(settings) as con:  # a row of a date that no bookkeeping mentions
        con.execute("insert into marts.fct_calls values ('stray', date '2026-01-09', null, 1, null)")
    assert publish_now(settings, "b2").base == "none"
    assert marts_equal(settings) == []


def test_a_changed_column_is_published_for_every_date(settings):
    publish_now(settings)
    with warehouse.session(settings) as con:
        con.execute("alter table marts.fct_calls add column team varchar default 'north'")
        warehouse.set_state(con, "full_refresh_pending", "new models")
    publish_now(settings, "b2")
    assert scalar(settings, "select count(*) from fct_calls where team = 'north'") == 240
    assert marts_equal(settings) == []


def test_a_new_and_a_removed_model_appear_and_disappear(settings):
    publish_now(settings)
    with warehouse.session(settings) as con:
        con.execute("create table marts.channel_roi as select 'x' as channel")
    write_manifest(settings, channel_roi={"materialized": "table"})
    publish_now(settings, "b2")
    assert scalar(settings, "select channel from channel_roi") == "x"
    write_manifest(settings)
    publish_now(settings, "b3")
    assert read(settings, "select 1 from duckdb_tables() where table_name = 'channel_roi'") == []


def test_unused_space_is_given_back(settings, monkeypatch):
    monkeypatch.setattr(snapshot, "_COMPACT_MIN_BYTES", 0)
    publish_now(settings)
    with warehouse.session(settings) as con:
        warehouse.set_state(con, "snapshot_bytes_per_row", "1.0")
    rebuild(settings, days(FIRST_DAY, 1), talk=500)
    assert publish_now(settings, "b2").base == "none"


def test_nothing_changed_publishes_nothing(settings):
    publish_now(settings)
    before = tree(settings.published)
    result = publish_now(settings, "b2")
    assert not result.changed
    assert result.rows["fct_calls"] == 240
    assert tree(settings.published) == before


def test_consumed_dates_go_and_later_ones_stay(settings):
    with warehouse.session(settings) as con:
        con.execute(
            "insert into ops.dirty_dates values ('calls', date '2026-01-06', 'late', "
            "now()::timestamp + interval 1 hour)"
        )
    publish_now(settings)
    with warehouse.session(settings) as con:
        assert con.execute("select event_date, reason from ops.dirty_dates").fetchall() == [
            (dt.date(2026, 1, 6), "late")
        ]


def test_a_publication_killed_before_its_commit_is_done_again(settings, monkeypatch):
    publish_now(settings)
    rebuild(settings, days(FIRST_DAY, 2), talk=300)
    with monkeypatch.context() as patch:

        def killed(*_, **__):
            raise KeyboardInterrupt

        patch.setattr("dial2deal.publish.run._commit", killed)
        with pytest.raises(KeyboardInterrupt):
            publish_now(settings, "b2")
    with warehouse.session(settings) as con:
        assert con.execute("select count(*) from ops.dirty_dates").fetchone() == (2,)
    # The next build may rebuild other dates: those of the killed one must still reach every file.
    rebuild(settings, days(FIRST_DAY, 6)[3:4], talk=800)
    publish_now(settings, "b3")
    assert marts_equal(settings) == []
    rebuild(settings, days(FIRST_DAY, 6)[4:5], talk=801)
    publish_now(settings, "b4")
    assert marts_equal(settings) == []


def test_reports_of_touched_periods_are_queued_once(settings):
    publish_now(settings)
    rebuild(settings, days(FIRST_DAY, 1), talk=300)
    publish_now(settings, "b2")
    with warehouse.session(settings) as con:
        queued = con.execute("select granularity, period from ops.report_queue order by all").fetchall()
    assert len(queued) == len(set(queued))
    assert ("daily", FIRST_DAY) in queued
    assert ("monthly", "2026-01") not in queued  # January is not over


def test_a_rebuild_of_everything_queues_the_latest_periods_only(settings):
    rebuild(settings, days(FIRST_DAY, 40))
    publish_now(settings)
    with warehouse.session(settings) as con:
        con.execute("delete from ops.report_queue")
        warehouse.set_state(con, "full_refresh_pending", "new models")
    rebuild(settings, days(FIRST_DAY, 40), talk=90)
    assert publish_now(settings, "b2").changed  # killed between transform and publication
    with warehouse.session(settings) as con:
        queued = con.execute("select period from ops.report_queue where granularity = 'daily' order by 1").fetchall()
        assert warehouse.get_state(con, "full_refresh_pending") is None
    assert [period for (period,) in queued] == [day.isoformat() for day in days("2026-02-06", 7)]


def test_parquet_rewrites_touched_dates_only_and_equals_the_snapshot(settings):
    publish_now(settings)
    before = {p.stat().st_ino for p in (settings.published / "parquet" / "fct_calls").rglob("*.parquet")}
    rebuild(settings, days(FIRST_DAY, 6)[2:3], talk=300)
    publish_now(settings, "b2")
    folder = (settings.published / "parquet").resolve()
    kept = {p.parent.name for p in (folder / "fct_calls").rglob("*.parquet") if p.stat().st_ino in before}
    assert len(kept) == 5
    assert "call_date=2026-01-07" not in kept
    for table in ("fct_calls", "calls_by_day", "dim_agents"):
        columns = ", ".join(
            row[0]
            for row in read(
                settings, f"select column_name from duckdb_columns() where table_name = '{table}' order by column_index"
            )
        )
        stored = duckdb.sql(
            f"select {columns} from read_parquet('{folder}/{table}/**/*.parquet', "
            "hive_partitioning = true) order by all"
        ).fetchall()
        assert stored == read(settings, f"select {columns} from {table} order by all"), table


def test_a_reader_of_the_earlier_parquet_folder_keeps_it_for_one_publication(settings):
    publish_now(settings)
    first = (settings.published / "parquet").resolve()
    rebuild(settings, days(FIRST_DAY, 1), talk=300)
    publish_now(settings, "b2")
    assert first.exists()
    rebuild(settings, days(FIRST_DAY, 1), talk=301)
    publish_now(settings, "b3")
    assert not first.exists()
    assert len(list((settings.published / ".parquet").iterdir())) == 2


class TestGate:
    def gate(self, settings, **result):
        return publish.gate(settings, policy.load(settings), "b1", Transformed(**result))

    def test_green_and_complete(self, settings):
        deliver(settings, "generic_400/calls/a.csv", "accepted")
        verdict = self.gate(settings)
        assert (verdict.green, verdict.verdict, verdict.reasons) == (True, "complete", ())

    def test_a_failed_critical_test_is_red_and_leaves_the_snapshot(self, settings):
        publish_now(settings)
        before = tree(settings.published)
        rebuild(settings, days(FIRST_DAY, 1), talk=1)
        verdict = self.gate(settings, green=False, red_reasons=["unique_fct_calls_call_key: 2 rows"])
        assert not verdict.green
        assert verdict.reasons == ("unique_fct_calls_call_key: 2 rows",)
        with pytest.raises(RedGateError, match="unique_fct_calls"):
            publish.publish(settings, policy.load(settings), "b2", verdict)
        assert tree(settings.published) == before

    def test_rows_that_vanish_are_red_and_the_file_is_named(self, settings):
        deliver(settings, "generic_400/calls/a.csv", "accepted", read=10, accepted=8, quarantined=1)
        verdict = self.gate(settings)
        assert not verdict.green
        assert (
            "generic_400/calls/a.csv: 10 rows read, but 8 accepted + 1 quarantined + 0 duplicate + 0 superseded = 9"
            in verdict.reasons[0]
        )

    def test_a_held_file_makes_it_incomplete_with_rule_rows_and_dates(self, settings):
        deliver(settings, "generic_400/calls/b.csv", "held", first="2026-01-06", last="2026-01-07", rule="ids_unique")
        deliver(settings, "generic_400/calls/c.csv", "failed", read=0, accepted=0)
        deliver(settings, "generic_400/calls/d.csv", "superseded", rule="ids_unique")
        verdict = self.gate(settings)
        assert verdict.green
        assert verdict.verdict == "incomplete"
        assert [(f.file, f.status, f.rule, f.rows, f.first_date, f.last_date) for f in verdict.incomplete_files] == [
            ("generic_400/calls/b.csv", "held", "ids_unique", 3, "2026-01-06", "2026-01-07"),
            ("generic_400/calls/c.csv", "failed", "file_readable", 0, None, None),
        ]

    def test_policy_block_turns_a_held_file_red(self, settings):
        (settings.home / "policy").mkdir()
        (settings.home / "policy" / "settings.yml").write_text(
            "settings:\n  - {key: on_held_file, value: block, unit: choice, description: test, requirement: X}\n"
        )
        deliver(settings, "generic_400/calls/b.csv", "held", rule="ids_unique")
        verdict = self.gate(settings)
        assert not verdict.green
        assert "generic_400/calls/b.csv: held by rule ids_unique, 3 rows" in verdict.reasons[0]

    def test_a_newly_held_file_is_published_and_its_reports_queued_though_no_mart_changed(self, settings):
        rebuild(settings, days(FIRST_DAY, 10))
        publish_now(settings)
        with warehouse.session(settings) as con:
            con.execute("delete from ops.report_queue")
        deliver(settings, "generic_400/calls/b.csv", "held", first="2026-01-06", last="2026-01-06", rule="ids_unique")
        result = publish_now(settings, "b2")
        assert result.changed
        assert result.dates == ()
        assert scalar(settings, "select verdict from ops.build_info") == "incomplete"
        assert json.loads(scalar(settings, "select incomplete_files from ops.build_info"))[0]["rule"] == "ids_unique"
        with warehouse.session(settings) as con:
            assert ("daily", "2026-01-06") in con.execute("select granularity, period from ops.report_queue").fetchall()
