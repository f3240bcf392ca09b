"""The second day: one more file of each feed on a built installation, while BI programs read what is published."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from dial2deal import published
from dial2deal.publish import snapshot
from dial2deal.settings import PROJECT_ROOT, Settings
from orchestration import run
from tests.next_day import DAY, FEEDS, deliver, unused

# A BI client: opens the path again and again, checks that what it sees fits together, and counts.
_READER = """
import json, os, sys, time, duckdb
path, stop = sys.argv[1:]
reads, seen, errors = 0, set(), []
while not os.path.exists(stop):
    try:
        con = duckdb.connect(path, read_only=True)
        generation, table_rows = con.execute("select generation, table_rows from ops.build_info").fetchone()
        rows = json.loads(table_rows)
        whole = con.execute("select (select count(*) from marts.fct_calls), "
                            "(select count(*) from marts.dim_agents)").fetchone()
        facts = con.execute("select count(*), sum(talk_seconds) filter (where is_connected) from marts.fct_calls "
                            "where direction <> 'internal'").fetchone()
        mart = con.execute("select sum(calls), sum(talk_seconds) from marts.call_efficiency "
                           "where direction <> 'internal'").fetchone()
        talk = con.execute("select talk_seconds from marts.fct_calls where source_call_id = 'ND1'").fetchone()
        name = con.execute("select agent_name from marts.dim_agents where agent_id = '8001'").fetchone()[0]
        con.close()
        if whole != (rows["fct_calls"], rows["dim_agents"]) or facts != mart \\
                or (talk and not name.endswith(str(talk[0]))):
            errors.append(f"mixed state in generation {generation}: {whole} {facts} {mart} {talk} {name}")
        reads += 1
        seen.add(generation)
    except Exception as error:
        errors.append(repr(error))
    time.sleep(0.02)
print(json.dumps({"reads": reads, "generations": len(seen), "errors": errors}))
"""


@pytest.fixture
def home(built, tmp_path) -> Settings:
    """A copy of the built installation."""
    settings, outcome = built
    assert outcome.ok
    shutil.copytree(settings.home, tmp_path / "home", symlinks=True)
    return Settings(home=tmp_path / "home")


def by_command_line(settings: Settings) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dial2deal.cli", "build", "--no-reports"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "DIAL2DEAL_HOME": str(settings.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_more_file_of_every_feed_while_a_program_reads(home, tmp_path, monkeypatch):
    """In two groups: the first by the command line, which copies the snapshot, the second patches the spare one."""
    monkeypatch.setattr(snapshot, "SPARE_MIN_AGE_SECONDS", 0.0)
    stop = tmp_path / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", _READER, str(home.snapshot), str(stop)], stdout=subprocess.PIPE, text=True
    )
    try:
        for number in range(2):
            # Two tables that are published in different ways change together each time.
            group = sorted({*FEEDS[number::2], "calls", "agents"})
            paths = [deliver(home, feed, talk_seconds=65 + number) for feed in group]
            if number == 0:
                by_command_line(home)
            else:
                outcome = run.build(home, reports=False)
                assert outcome.build.problems == [], group
                assert (outcome.build.files_new, outcome.build.snapshot_from) == (len(group), "spare")
            assert unused(home, paths) == []
    finally:
        stop.touch()
        seen = json.loads(reader.communicate(timeout=60)[0])
    assert seen["errors"] == []
    assert seen["generations"] >= 2
    with published.connect(home) as con:
        assert con.execute(
            "select source_call_id, call_date, talk_seconds from marts.fct_calls "
            "where source_call_id in ('ND1', 'ND2') order by 1"
        ).fetchall() == [("ND1", DAY, 66), ("ND2", DAY, 0)]
        assert con.execute(
            "select order_date, amount_cny::varchar from marts.fct_orders where source_order_id = 'ND-O1'"
        ).fetchall() == [(DAY, "980.50")]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_one_more_file_of_each_feed_in_turn(home):
    for feed in FEEDS:
        path = deliver(home, feed)
        outcome = run.build(home, reports=False)
        assert outcome.build.problems == [], feed
        assert outcome.build.published, feed
        assert unused(home, [path]) == []
