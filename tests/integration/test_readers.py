"""BI programs read the snapshot while builds publish: no error, and never rows of two publications together."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from tests.helpers import days
from tests.integration.hand_made import FIRST_DAY, installation, publish_now, rebuild

_PUBLICATIONS = 10

# A BI client: opens the path again and again, checks that what it sees fits together, and counts.
_READER = """
import json, os, sys, duckdb
path, stop = sys.argv[1:]
reads, seen, errors = 0, set(), []
while not os.path.exists(stop):
    try:
        con = duckdb.connect(path, read_only=True)
        generation, table_rows = con.execute("select generation, table_rows from ops.build_info").fetchone()
        rows = json.loads(table_rows)
        talk, calls = con.execute("select sum(talk_seconds), count(*) from marts.fct_calls").fetchone()
        talk_by_day, calls_by_day, day_count = con.execute(
            "select sum(talk_seconds), sum(calls), count(*) from marts.calls_by_day").fetchone()
        version = con.execute("select version from marts.dim_agents").fetchone()[0]
        latest = con.execute("select min(talk_seconds) from marts.fct_calls where call_date = "
                             "date '2026-01-05'").fetchone()[0]
        con.close()
        if (talk, calls) != (talk_by_day, calls_by_day) or rows["fct_calls"] != calls \\
                or rows["calls_by_day"] != day_count or version != latest:
            errors.append(f"mixed state in generation {generation}")
        reads += 1
        seen.add(generation)
    except Exception as error:
        errors.append(repr(error))
print(json.dumps({"reads": reads, "generations": len(seen), "errors": errors}))
"""


@pytest.fixture
def readers(tmp_path):
    started = []

    def start(path):
        stop = tmp_path / "stop"
        process = subprocess.Popen([sys.executable, "-c", _READER, str(path), str(stop)],
                                   stdout=subprocess.PIPE, text=True)
        started.append((process, stop))
        return process, stop

    yield start
    for process, stop in started:
        stop.touch()
        process.wait(timeout=30)


@pytest.mark.parametrize(
    "spare_min_age", [0.0, 900.0], ids=["patching the spare", "patching a copy"])
def test_reading_in_a_loop_while_ten_builds_publish(tmp_path, readers, spare_min_age):
    settings = installation(tmp_path / "home", day_count=30, calls_per_day=300)
    publish_now(settings)
    client, stop = readers(settings.snapshot)
    bases = []
    for number in range(_PUBLICATIONS):
        # The first day always changes, so every table of every generation differs from the one before.
        rebuild(settings, days(FIRST_DAY, 1) + days(FIRST_DAY, 30)[number + 1:number + 3], talk=1000 + number,
                calls_per_day=200 + number)
        bases.append(publish_now(settings, f"b{number}", spare_min_age=spare_min_age).base)
        time.sleep(0.1)
    stop.touch()
    seen = json.loads(client.communicate(timeout=60)[0])
    assert seen["errors"] == []
    assert seen["reads"] >= _PUBLICATIONS
    assert seen["generations"] >= 3
    assert "none" not in bases
    assert ("spare" in bases) == (spare_min_age == 0.0)
