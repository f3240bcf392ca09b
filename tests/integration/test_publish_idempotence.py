"""The same data give the same tables and reports: built twice, in pieces, in another order, or late."""

from __future__ import annotations

import datetime as dt
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from dial2deal import demo, policy, reports
from dial2deal.publish import phones, snapshot
from dial2deal.settings import Settings
from dial2deal.transform import TransformResult, kept
from orchestration import builds, run
from tests.helpers import differences, dump, few_reports, tree

LATE_DAY = dt.date(2026, 6, 17)
# Which file and line a row came from is the one thing that splitting a file changes.
_PROVENANCE = {"source_file", "source_line"}
_ALL_LAYERS = ("raw", "staging", "quality", "intermediate", "core", "marts", "policy", "ops")
_DIARY = {"ops.builds", "ops.build_steps", "ops.node_runs", "ops.state"}  # that a build took place


@dataclass
class Built:
    """An installation after its first build of everything at once."""

    settings: Settings
    calls_file: Path


@pytest.fixture(autouse=True, scope="module")
def replaced_snapshots_need_no_rest():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot, "SPARE_MIN_AGE_SECONDS", 0.0)
        yield


def build(settings: Settings, **options) -> run.BuildOutcome:
    result = run.build(settings, **options)
    assert result.ok, result.build.problems
    return result


def transformed(settings: Settings, result: run.BuildOutcome) -> TransformResult:
    return builds.read(settings, result.build.run_id, "transform", kept)


def marts(settings: Settings) -> dict[str, str]:
    return dump(settings.snapshot, ["marts"], ignore=_PROVENANCE)


@pytest.fixture(scope="module")
def at_once(tmp_path_factory) -> Built:
    settings = Settings(home=tmp_path_factory.mktemp("at_once")).ensure()
    demo.write_exports(settings, days=28, calls_per_day=60, plain=True)
    few_reports(settings)
    settings.secret_key.write_text("0" * 64 + "\n")
    build(settings)
    (calls_file,) = (settings.landing / "generic_400" / "calls").iterdir()
    return Built(settings, calls_file)


def empty_twin(at_once: Built, home: Path) -> Settings:
    """A new home with the same key and policy, and all files but the calls."""
    settings = Settings(home=home).ensure()
    shutil.copy2(at_once.settings.secret_key, settings.secret_key)
    shutil.copytree(at_once.settings.home / "policy", settings.home / "policy", dirs_exist_ok=True)
    shutil.copytree(at_once.settings.landing, settings.landing, dirs_exist_ok=True)
    (settings.landing / at_once.calls_file.relative_to(at_once.settings.landing)).unlink()
    return settings


def deliver(settings: Settings, name: str, header: bytes, lines: list[bytes]) -> None:
    folder = settings.landing / "generic_400" / "calls"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"\n".join([header, *lines]) + b"\n")


def test_building_again_changes_nothing(at_once):
    settings = at_once.settings
    published, reports = tree(settings.published), tree(settings.reports)
    tables = dump(settings.warehouse, _ALL_LAYERS, skip=_DIARY)
    again = build(settings)
    assert not transformed(settings, again).changed
    assert not again.build.published
    assert again.reports == []
    assert tree(settings.published) == published
    assert tree(settings.reports) == reports
    assert differences(dump(settings.warehouse, _ALL_LAYERS, skip=_DIARY), tables) == []


def test_a_full_rebuild_gives_the_same_rows_and_report_bytes(at_once):
    settings = at_once.settings
    before, reports = dump(settings.snapshot, ["marts", "policy"]), tree(settings.reports)
    result = build(settings, full_refresh=True)
    assert result.build.published
    assert result.reports
    assert differences(dump(settings.snapshot, ["marts", "policy"]), before) == []
    assert tree(settings.reports) == reports


def test_pieces_in_any_order_and_a_late_day_give_the_same_marts(at_once, tmp_path):
    settings = empty_twin(at_once, tmp_path / "pieces")
    header, *lines = at_once.calls_file.read_bytes().rstrip(b"\n").split(b"\n")
    late = [line for line in lines if f",{LATE_DAY} ".encode() in line]
    rest = [line for line in lines if line not in set(late)]
    assert len(late) > 20
    random.Random(7).shuffle(rest)
    third = len(rest) // 3
    deliver(settings, "c_20260702_080000.csv", header, rest[:third])
    build(settings, reports=False)
    # Overlapping pieces, the older-named after the newer one.
    deliver(settings, "b_20260701_100000.csv", header, rest[third - 40 : 2 * third])
    deliver(settings, "a_20260701_090000.csv", header, rest[2 * third - 40 :])
    build(settings, reports=False)

    parquet = settings.published / "parquet"
    before = {p.stat().st_ino for p in parquet.resolve().rglob("*.parquet")}
    deliver(settings, "late_20260703_080000.csv", header, late)
    result = build(settings, reports=False)
    rebuilt = transformed(settings, result).dates_rebuilt
    assert set(rebuilt["fct_calls"]) == {LATE_DAY}
    rewritten = {
        (p.parents[1].name, p.parent.name)
        for p in parquet.resolve().rglob("*=*/*.parquet")
        if p.stat().st_ino not in before
    }
    assert {day for table, day in rewritten if table == "fct_calls"} == {f"call_date={LATE_DAY}"}
    allowed = {str(day) for fact, days in rebuilt.items() if fact.startswith("fct_") for day in days}
    assert {day.split("=")[1] for _, day in rewritten} <= allowed
    assert result.build.snapshot_from in ("copy", "spare")

    assert differences(marts(settings), marts(at_once.settings)) == []
    reference = tree(at_once.settings.reports)
    for granularity, period in (("daily", "2026-06-30"), ("weekly", "2026-W26")):
        reports.render(settings, policy.load(settings), granularity, period, phones.lookup(settings))
        name = f"{granularity}/{period}"
        assert tree(settings.reports / name) == {
            file.removeprefix(f"{name}/"): digest for file, digest in reference.items() if file.startswith(name)
        }
