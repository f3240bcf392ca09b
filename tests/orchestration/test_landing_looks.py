"""When the landing sensor takes a file for complete."""

from __future__ import annotations

import os
import time

from orchestration import landing


def test_a_file_is_ready_when_it_stays_the_same_and_again_when_its_done_file_comes(tmp_path):
    path = tmp_path / "house/calls/a.csv"
    path.parent.mkdir(parents=True)
    path.write_text("x")
    first = landing.look(tmp_path, None)
    second = landing.look(tmp_path, first.cursor)
    assert (first.ready, second.ready) == ((), ("house/calls/a.csv",))
    path.with_name("a.csv.done").touch()
    third = landing.look(tmp_path, second.cursor)
    fourth = landing.look(tmp_path, third.cursor)
    assert (third.waiting, fourth.ready) == (("house/calls/a.csv",), ("house/calls/a.csv",))


def test_a_file_the_loader_would_leave_waiting_is_not_ready(tmp_path):
    path = tmp_path / "house/calls/a.csv"
    path.parent.mkdir(parents=True)
    path.write_text("x")
    first = landing.look(tmp_path, None, 600)
    assert landing.look(tmp_path, first.cursor, 600).waiting == ("house/calls/a.csv",)
    os.utime(path, (time.time() - 700,) * 2)
    older = landing.look(tmp_path, first.cursor, 600)
    assert landing.look(tmp_path, older.cursor, 600).ready == ("house/calls/a.csv",)
