"""Files of systems that write several rows per call, from landing to one row per call."""

from __future__ import annotations

import shutil

import pytest

from dial2deal import policy, warehouse
from dial2deal.transform import dates, dbt
from tests.integration.vendor_files import VENDORS
from tests.unit.exports_support import Landing

FILES = [("asterisk", "call_legs.csv"), ("huawei_cec", "20260105235959123456_call_1.csv"),
         ("cisco_cucm", "cdr_StandAloneCluster_01_202601050800_1"), ("fusionpbx", "call_legs.csv"),
         ("twilio", "call_legs.json"), ("amazon_connect", "call_legs.json")]
COLUMNS = ("source_call_id", "direction", "customer_phone_masked", "started_at", "answered_at", "ended_at",
           "talk_seconds", "tech_result", "agent_id", "leg_count", "transfer_count")



@pytest.fixture(scope="module")
def calls(tmp_path_factory, parsed):
    """source → rows of stg_calls, built once."""
    home = tmp_path_factory.mktemp("legs")
    shutil.copytree(parsed, home / "dbt")
    landing = Landing(home)
    for source, name in FILES:
        landing.put(f"{source}/calls/{name}", (VENDORS / source / name).read_bytes())
    assert {result.status for result in landing.load()} == {"loaded"}
    with warehouse.session(landing.settings) as con:
        policy.sync(con, landing.policy)
        con.execute("update ops.export_files set status = 'accepted'")
        dates.plan(con, full=True, date_range=None)
    outcome = dbt.invoke(landing.settings, ["build", "--full-refresh", "--indirect-selection", "cautious",
                                            "--select", "+stg_calls"], None)
    assert not [(r.node.name, r.message) for r in outcome.results if str(r.status) not in ("success", "pass")]
    times = ", ".join(f"strftime({c}, '%m-%d %H:%M:%S')" if c.endswith("_at") else c for c in COLUMNS)
    return {source: landing.query(f"select {times} from staging.stg_calls where source_system = ? "
                                  "order by started_at, source_call_id", source) for source, _ in FILES}


def test_asterisk(calls):
    """Announcement, unanswered agent and talk are one call; the talk of a ring group counts once."""
    assert calls["asterisk"] == [
        ("1767571200.100", "inbound", "138****0001", "01-05 08:00:00", "01-05 08:00:40", "01-05 08:05:40", 300,
         "connected", "1002", 3, 0),
        ("1767571800.110", "inbound", "138****0002", "01-05 08:10:00", None, "01-05 08:10:45", 0, "abandoned_queue",
         None, 1, 0),
        ("1767572400.120", "outbound", "138****0003", "01-05 08:20:00", "01-05 08:20:05", "01-05 08:21:05", 60,
         "connected", "1002", 1, 0),
        ("1767573000.130", "outbound", "138****0004", "01-05 08:30:00", None, "01-05 08:30:04", 0, "busy", "1002", 1,
         0),
        ("1767573060.131", "outbound", "138****0005", "01-05 08:31:00", None, "01-05 08:31:01", 0, "line_fault",
         "1001", 1, 0),
        ("1767573600.140", "internal", None, "01-05 08:40:00", "01-05 08:40:03", "01-05 08:40:33", 30, "connected",
         "1001", 1, 0),
        ("1767574200.150", "inbound", "138****0006", "01-05 08:50:00", None, "01-05 08:50:50", 0, "voicemail", None,
         1, 0),
        ("1767574500.155", "inbound", "138****0007", "01-05 08:55:00", None, "01-05 08:55:20", 0, "abandoned_ring",
         "1001", 1, 0),
        ("1767574800.160", "inbound", "138****0008", "01-05 09:00:00", "01-05 09:00:06", "01-05 09:01:36", 90,
         "connected", "1002", 2, 0),
    ]


def test_huawei(calls):
    assert calls["huawei_cec"] == [
        ("1767571200-101", "inbound", "138****0001", "01-05 08:00:00", "01-05 08:00:40", "01-05 08:05:40", 300,
         "connected", "1001", 3, 0),
        ("1767571800-102", "inbound", "138****0002", "01-05 08:10:00", None, "01-05 08:10:45", 0, "abandoned_queue",
         None, 1, 0),
        ("1767572400-103", "outbound", "138****0003", "01-05 08:20:00", None, "01-05 08:20:30", 0, "no_answer",
         "1002", 1, 0),
        ("1767573000-104", "internal", None, "01-05 08:30:00", "01-05 08:30:02", "01-05 08:30:32", 30, "connected",
         "1002", 1, 0),
    ]


def test_cisco(calls):
    """The record that a transfer split off adds no talk."""
    assert calls["cisco_cucm"][0] == (
        "StandAloneCluster-1-5001", "inbound", "138****0001", "01-05 08:00:00", "01-05 08:00:05", "01-05 08:05:10",
        300, "connected", "1001", 2, 0)
    assert [(row[1], row[6], row[7]) for row in calls["cisco_cucm"][1:]] == [
        ("outbound", 0, "busy"), ("inbound", 0, "abandoned_ring"), ("outbound", 60, "connected")]


def test_fusionpbx(calls):
    assert [(row[1], row[2], row[6], row[7], row[8]) for row in calls["fusionpbx"]] == [
        ("inbound", "138****0001", 300, "connected", "1001"), ("inbound", "138****0002", 0, "abandoned_ring", "1002"),
        ("outbound", "138****0003", 40, "connected", "1001"),
        ("outbound", "138****0004", 0, "invalid_number", "1001"), ("internal", None, 18, "connected", "1001"),
        ("inbound", "138****0006", 0, "voicemail", "1002")]


def test_twilio(calls):
    """The child measures the talk; a machine is no talk; an agent's browser dials out."""
    number = "CA0000000000000000000000000000000{}".format
    assert calls["twilio"] == [
        (number(1), "inbound", "138****0001", "01-05 08:03:00", "01-05 08:03:47", "01-05 08:09:10", 323, "connected",
         "alice", 2, 0),
        (number(3), "outbound", "138****0002", "01-05 09:00:00", None, "01-05 09:00:21", 0, "voicemail", None, 1, 0),
        (number(4), "outbound", "138****0003", "01-05 09:10:00", None, None, 0, "no_answer", None, 1, 0),
        (number(5), "outbound", "138****0004", "01-05 10:00:00", None, "01-05 10:02:00", 0, "busy", "bob", 2, 0),
    ]


def test_amazon_connect(calls):
    """A transfer continues the call, which is then the last agent's; a record delivered again counts once."""
    assert calls["amazon_connect"] == [
        ("c-0001", "inbound", "138****0001", "01-05 08:03:00", "01-05 08:03:40", "01-05 08:10:30", 383, "connected",
         "bob", 2, 1),
        ("c-0003", "outbound", "138****0003", "01-05 09:00:00", None, "01-05 09:00:20", 0, "voicemail", None, 1, 0),
        ("c-0004", "inbound", None, "01-05 10:00:00", None, "01-05 10:01:30", 0, "abandoned_queue", None, 1, 0),
    ]
