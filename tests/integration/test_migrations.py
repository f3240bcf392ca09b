"""A home built by an earlier version opens and goes on; one of a later version is refused; opening changes nothing."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import duckdb
import pytest

from dial2deal import warehouse
from dial2deal.settings import Settings
from dial2deal.warehouse import schema
from tests import next_day

_HOMES = Path(__file__).parents[1] / "fixtures" / "homes"
# A migration that homes have run is never changed: what is to be different goes into the next number.
_RELEASED = {"0001_bookkeeping.sql": "8bbabf403917"}


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home").ensure()


def test_a_home_from_before_migrations_opens_and_builds_its_next_day(settings):
    from orchestration import run

    with tarfile.open(_HOMES / "before_migrations.tar.xz") as archive:
        archive.extractall(settings.home, filter="data")
    with duckdb.connect(str(settings.warehouse), read_only=True) as con:
        assert schema.version_of(con) == 0
        before = con.execute("select count(*) from ops.export_files").fetchone()
    with warehouse.session(settings) as con:
        assert schema.version_of(con) == len(schema.migrations())
        assert con.execute("select count(*) from ops.export_files").fetchone() == before
    new = next_day.deliver(settings, "orders", talk_seconds=66)
    outcome = run.build(settings)
    assert outcome.build.published, outcome
    assert next_day.unused(settings, [new]) == []
    with duckdb.connect(str(settings.snapshot), read_only=True) as con:
        orders = con.execute("select order_date::varchar from marts.fct_orders").fetchall()
        calls = con.execute("select count(*), max(call_date)::varchar from marts.fct_calls").fetchone()
    assert orders == [("2026-07-01",)]  # the same order, delivered again with another date
    assert calls == (2, "2026-06-30")


def test_opening_an_up_to_date_warehouse_writes_nothing(settings):
    warehouse.connect(settings).close()
    before = hashlib.sha256(settings.warehouse.read_bytes()).hexdigest()
    warehouse.connect(settings).close()
    assert hashlib.sha256(settings.warehouse.read_bytes()).hexdigest() == before


def test_a_warehouse_of_a_later_version_is_refused_and_let_go(settings):
    with warehouse.session(settings) as con:
        warehouse.set_state(con, "schema_version", "99")
    with pytest.raises(warehouse.WarehouseNewerError, match="later version of dial2deal"):
        warehouse.connect(settings)
    with duckdb.connect(str(settings.warehouse)) as con:
        assert schema.version_of(con) == 99


def test_a_migration_runs_once_and_whole_or_not_at_all(tmp_path):
    first = schema.migrations()[0].read_text(encoding="utf-8")

    def folder(name: str, second: str) -> Path:
        (tmp_path / name).mkdir()
        (tmp_path / name / "0001_first.sql").write_text(first, encoding="utf-8")
        (tmp_path / name / "0002_second.sql").write_text(second, encoding="utf-8")
        return tmp_path / name

    rename = "alter table ops.builds rename column message to told;"
    with duckdb.connect() as con:
        with pytest.raises(duckdb.Error):
            schema.upgrade(con, folder("broken", rename + "select * from nowhere;"))
        assert schema.version_of(con) == 1
        con.execute("select message from ops.builds")
        whole = folder("whole", rename)
        schema.upgrade(con, whole)
        schema.upgrade(con, whole)
        assert schema.version_of(con) == 2
        con.execute("select told from ops.builds")


def test_numbers_have_no_gaps(tmp_path):
    (tmp_path / "0002_late.sql").write_text("select 1")
    with pytest.raises(ValueError, match="numbered 1, 2, 3"):
        schema.migrations(tmp_path)


def test_macros_are_renewed_when_their_text_changes(settings, monkeypatch):
    warehouse.connect(settings).close()
    monkeypatch.setattr(schema, "parse_macros", lambda: "create or replace macro parse.planted() as 'new'")
    with warehouse.session(settings) as con:
        assert con.execute("select parse.planted()").fetchone() == ("new",)


def test_released_migrations_are_as_they_were():
    found = {s.name: hashlib.sha256(s.read_bytes()).hexdigest()[:12] for s in schema.migrations()}
    assert {name: found.get(name) for name in _RELEASED} == _RELEASED
