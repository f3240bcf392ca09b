"""Exports of Asterisk and FreePBX in their true shape, row by row against what a person reads out of them."""

from __future__ import annotations

import pytest

from tests.integration.vendor_files import VENDORS, VendorWorld, select
from tests.unit.exports_support import Landing

LEGS = ("call_id", "leg_id", "leg_role", "direction", "customer_number", "own_number", "started_at", "answered_at",
        "ended_at", "talk_seconds", "tech_result", "agent_id")
# source, folder in landing, fixture, rows accepted, rows that are no data
FILES = [
    ("asterisk", "calls", "call_legs.csv", 12, 0),
    ("asterisk", "calls", "call_legs_16.csv", 3, 0),
    ("asterisk", "calls", "call_legs_17.csv", 3, 0),
    ("asterisk", "calls", "call_legs_17_userfield.csv", 3, 0),
    ("asterisk", "calls", "call_legs_18.csv", 3, 0),
    ("asterisk", "calls", "call_legs_19.csv", 3, 0),
    ("asterisk", "calls", "call_legs_20.csv", 3, 0),
    ("asterisk_custom", "calls", "call_legs.csv", 3, 0),
    ("asterisk_custom", "calls", "call_legs_18.csv", 3, 0),
    ("asterisk_queue_log", "queue_events", "queue_log", 14, 1),
    ("asterisk_queue_log", "queue_events", "queue_log_database.csv", 3, 0),
    ("asterisk_queue_log", "agent_states", "queue_log", 5, 10),
    ("asterisk_cel", "calls", "call_legs.csv", 5, 10),
    ("freepbx", "calls", "call_legs.csv", 3, 0),
    ("freepbx", "calls", "call_legs_old.csv", 2, 0),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return VendorWorld(tmp_path_factory.mktemp("pbx"), [file[:3] for file in FILES])


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


@pytest.mark.parametrize(("source", "folder", "name", "rows", "no_data"), FILES)
def test_every_row_has_its_place(world, source, folder, name, rows, no_data):
    assert world.counts(source, folder, name) == (rows, no_data, 0)


def test_asterisk_21_columns(world):
    queue, outbound = "1767571200.100", "1767572400.120"
    assert world.read("asterisk", "calls", "call_legs.csv", LEGS) == [
        (queue, f"{queue}/200", "ivr", "inbound", "13800130001", "4000000101", "01-05 08:00:00", None,
         "01-05 08:00:20", 0, "ivr_only", None),
        (queue, f"{queue}/201", "pair", "inbound", "13800130001", None, "01-05 08:00:20", None,
         "01-05 08:00:35", 0, "abandoned_queue", "1001"),
        (queue, f"{queue}/202", "pair", "inbound", "13800130001", None, "01-05 08:00:35", "01-05 08:00:40",
         "01-05 08:05:40", 300, "connected", "1002"),
        ("1767571800.110", "1767571800.110/210", "queue", "inbound", "13800130002", None, "01-05 08:10:00", None,
         "01-05 08:10:45", 0, "abandoned_queue", None),
        (outbound, f"{outbound}/220", "pair", "outbound", "13800130003", None, "01-05 08:20:00", "01-05 08:20:05",
         "01-05 08:21:05", 60, "connected", "1002"),
        ("1767573000.130", "1767573000.130/230", "pair", "outbound", "13800130004", None, "01-05 08:30:00", None,
         "01-05 08:30:04", 0, "busy", "1002"),
        ("1767573060.131", "1767573060.131/231", "pair", "outbound", "13800130005", None, "01-05 08:31:00", None,
         "01-05 08:31:01", 0, "line_fault", "1001"),
        ("1767573600.140", "1767573600.140/240", "inside", "internal", None, None, "01-05 08:40:00", "01-05 08:40:03",
         "01-05 08:40:33", 30, "connected", "1001"),
        ("1767574200.150", "1767574200.150/250", "voicemail", "inbound", "13800130006", None, "01-05 08:50:00", None,
         "01-05 08:50:50", 0, "voicemail", None),
        ("1767574500.155", "1767574500.155/255", "pair", "inbound", "13800130007", None, "01-05 08:55:00", None,
         "01-05 08:55:20", 0, "abandoned_ring", "1001"),
        ("1767574800.160", "1767574800.160/260", "pair", "inbound", "13800130008", None, "01-05 09:00:00",
         "01-05 09:00:06", "01-05 09:01:36", 90, "connected", "1002"),
        ("1767574800.160", "1767574801.161/261", "copy", None, None, None, "01-05 09:00:01", None,
         "01-05 09:01:36", 0, None, None),
    ]
    columns = ("ivr_seconds", "queue_seconds", "ring_seconds", "total_seconds", "queue", "line_id", "notes")
    assert world.read("asterisk", "calls", "call_legs.csv", columns)[:5] == [
        (20, None, None, 20, None, "ctc-trunk", None),
        (None, None, 15, 15, "sales", "ctc-trunk", None),
        (None, None, 5, 305, "sales", "ctc-trunk", "意向A;已回访"),
        (None, 45, None, 45, "sales", "ctc-trunk", None),
        (None, None, 5, 65, None, "ctc-trunk", None),
    ]


@pytest.mark.parametrize(("fixture", "has_id", "has_sequence", "notes"), [
    ("call_legs_16.csv", False, False, None),
    ("call_legs_17.csv", True, False, None),
    ("call_legs_17_userfield.csv", False, False, "意向A;已回访"),
    ("call_legs_18.csv", True, False, "意向A;已回访"),
    ("call_legs_19.csv", True, True, None),
    ("call_legs_20.csv", True, True, None),
])
def test_asterisk_column_counts(world, fixture, has_id, has_sequence, notes):
    """The same three rows with fewer columns mean the same; ids are made where there are none."""
    rows = world.read("asterisk", "calls", fixture, LEGS)
    assert [row[2:] for row in rows] == [
        ("pair", "inbound", "13800130001", None, "01-05 08:00:20", None, "01-05 08:00:35", 0, "abandoned_queue",
         "1001"),
        ("pair", "inbound", "13800130001", None, "01-05 08:00:35", "01-05 08:00:40", "01-05 08:05:40", 300,
         "connected", "1002"),
        ("pair", "outbound", "13800130003", None, "01-05 08:20:00", "01-05 08:20:05", "01-05 08:21:05", 60,
         "connected", "1002"),
    ]
    assert [row[0] for row in rows] == ["1767571200.100", "1767571200.100", "1767572400.120"] or not has_id
    assert len({row[1] for row in rows}) == 3
    assert all(row[1].endswith(end) for row, end in zip(rows, ("201", "202", "220"), strict=True)) or not has_sequence
    assert world.read("asterisk", "calls", fixture, ("notes",))[1] == (notes,)


def test_asterisk_in_gmt_is_a_profile_of_two_lines(landing):
    landing.profile("asterisk/call_legs.yml", "like: asterisk\ntime_zone: UTC\n")
    landing.put("asterisk/calls/Master.csv", (VENDORS / "asterisk" / "call_legs.csv").read_bytes())
    assert landing.one().rows_accepted == 12
    assert landing.query(select("call_legs", ("started_at", "answered_at", "ended_at")), "%")[2] == (
        "01-05 16:00:35", "01-05 16:00:40", "01-05 16:05:40")


def test_asterisk_of_unknown_width_is_refused(landing):
    landing.put("asterisk/calls/Master.csv", '"a","b","c"\n"d","e","f"\n')
    result = landing.one()
    assert result.status == "failed"
    assert "16, 17, 18, 19, 20, 21" in result.message


@pytest.mark.parametrize(("fixture", "leg"), [("call_legs.csv", "1767571200.100/201"), ("call_legs_18.csv", None)])
def test_asterisk_custom(world, fixture, leg):
    rows = world.read("asterisk_custom", "calls", fixture, LEGS)
    assert [(row[0], *row[2:]) for row in rows] == [
        ("1767571200.100", "pair", "inbound", "13800130001", None, "01-05 08:00:20", None, "01-05 08:00:35", 0,
         "abandoned_queue", "1001"),
        ("1767571200.100", "pair", "inbound", "13800130001", None, "01-05 08:00:35", "01-05 08:00:40",
         "01-05 08:05:40", 300, "connected", "1002"),
        ("1767572400.120", "pair", "outbound", "13800130003", None, "01-05 08:20:00", "01-05 08:20:05",
         "01-05 08:21:05", 60, "connected", "1002"),
    ]
    assert rows[0][1] == leg or leg is None


EVENTS = ("occurred_at", "event", "call_id", "queue", "agent_id", "customer_number", "position", "entry_position",
          "wait_seconds", "ring_seconds", "talk_seconds", "reason", "transferred_to")


def test_asterisk_queue_log(world):
    first, none = "1767571200.100", None
    assert world.read("asterisk_queue_log", "queue_events", "queue_log", EVENTS) == [
        ("01-05 07:59:50", "agent_login", none, none, "1003", none, none, none, none, none, none, none, none),
        ("01-05 07:59:55", "pause", none, "sales", "1001", none, none, none, none, none, none, "午餐", none),
        ("01-05 08:00:20", "enter", first, "sales", none, "13800130001", none, 1, none, none, none, none, none),
        ("01-05 08:00:35", "ring_no_answer", first, "sales", "1001", none, none, none, none, 15, none, none, none),
        ("01-05 08:00:40", "connect", first, "sales", "1002", none, none, none, 20, 5, none, none, none),
        ("01-05 08:05:40", "complete", first, "sales", "1002", none, none, 1, 20, none, 300, "caller", none),
        ("01-05 08:10:00", "enter", "1767571800.110", "sales", none, "13800130002", none, 2, none, none, none, none,
         none),
        ("01-05 08:10:45", "abandon", "1767571800.110", "sales", none, none, 1, 2, 45, none, none, none, none),
        ("01-05 08:11:40", "exit_key", "1767571900.112", "sales", none, none, 1, 1, 30, none, none, "9", none),
        ("01-05 08:12:30", "timeout", "1767571950.113", "sales", none, none, 2, 3, 60, none, none, none, none),
        ("01-05 08:13:20", "transfer", "1767571960.114", "sales", "测试员", none, none, 1, 12, none, 28, none, "1005"),
        ("01-05 08:15:00", "unpause", none, "sales", "1001", none, none, none, none, none, none, none, none),
        ("01-05 08:16:40", "agent_logout", none, "sales", "1004", none, none, none, none, none, none, none, none),
        ("01-05 08:18:20", "agent_logout", none, none, "1003", none, none, none, none, none, none, none, none),
    ]


def test_asterisk_channel_events_become_legs(world):
    columns = ("call_id", "leg_role", "direction", "answered_at", "ended_at", "talk_seconds", "tech_result", "agent_id")
    assert [row for row in world.read("asterisk_cel", "calls", "call_legs.csv", columns) if row[1] != "other"] == [
        ("1767574800.1", "agent", "inbound", "01-05 09:00:10", "01-05 09:01:10", 60, "connected", "1001"),
        ("1767575400.3", "ivr", "inbound", None, "01-05 09:10:20", 0, "ivr_only", None)]


def test_asterisk_queue_log_from_the_database(world):
    assert world.read("asterisk_queue_log", "queue_events", "queue_log_database.csv", EVENTS) == [
        ("01-05 08:00:20", "enter", "1767571200.100", "sales", None, "13800130001", None, 1, None, None, None, None,
         None),
        ("01-05 08:00:40", "connect", "1767571200.100", "sales", "1002", None, None, None, 20, 5, None, None, None),
        ("01-05 08:05:40", "complete", "1767571200.100", "sales", "1002", None, None, 1, 20, None, 300, "agent", None),
    ]


def test_asterisk_queue_log_as_agent_states(world):
    """The same file, delivered for the states of the agents."""
    assert world.read("asterisk_queue_log", "agent_states", "queue_log", ("agent_id", "state", "started_at", "reason",
                                                                "queue")) == [
        ("1003", "login", "01-05 07:59:50", None, None),
        ("1001", "break", "01-05 07:59:55", "午餐", "sales"),
        ("1001", "ready", "01-05 08:15:00", None, "sales"),
        ("1004", "offline", "01-05 08:16:40", None, "sales"),
        ("1003", "offline", "01-05 08:18:20", None, None),
    ]


def test_freepbx(world):
    assert world.read("freepbx", "calls", "call_legs.csv", LEGS) == [
        ("1767571200.100", "1767571200.100/201", "pair", "inbound", "13800130001", "02223456789", "01-05 08:00:20",
         None, "01-05 08:00:35", 0, "abandoned_queue", "1001"),
        ("1767571200.100", "1767571200.100/202", "pair", "inbound", "13800130001", "02223456789", "01-05 08:00:35",
         "01-05 08:00:40", "01-05 08:05:40", 300, "connected", "1002"),
        ("1767572400.120", "1767572400.120/220", "pair", "outbound", "13800130003", "02223456789", "01-05 08:20:00",
         "01-05 08:20:05", "01-05 08:21:05", 60, "connected", "1002"),
    ]
    assert world.read("freepbx", "calls", "call_legs.csv", ("agent_name", "queue", "line_id", "recording_ref")) == [
        ("员工甲", "600", "ctc", None),
        ("员工乙", "600", "ctc", "q-600-13800130001-20260105-080000-1767571200.100.wav"),
        ("员工乙", None, "ctc", "out-13800130003-1002-20260105-082000-1767572400.120.wav"),
    ]


def test_freepbx_of_old_with_quotes_as_they_are(world):
    """16 columns, quotes only around commas, the caller's own quotes not escaped."""
    rows = world.read("freepbx", "calls", "call_legs_old.csv", LEGS)
    assert [(row[0], *row[2:]) for row in rows] == [
        ("1767572400.120", "pair", "outbound", "13800130003", None, "01-05 08:20:00", "01-05 08:20:05",
         "01-05 08:21:05", 60, "connected", "1002"),
        ("1767573000.130", "pair", "outbound", "13800130004", None, "01-05 08:30:00", None, "01-05 08:30:04", 0,
         "busy", "1002"),
    ]


def test_one_queue_log_for_both_feeds_by_a_link(landing):
    path = landing.put("asterisk_queue_log/queue_events/queue_log",
                       (VENDORS / "asterisk_queue_log" / "queue_log").read_bytes())
    link = path.parent.parent / "agent_states" / "queue_log"
    link.parent.mkdir()
    link.symlink_to("../queue_events/queue_log")
    assert sorted((r.feed, r.rows_accepted, r.rows_total_line) for r in landing.load()) == [
        ("agent_states", 5, 10), ("queue_events", 14, 1)]


def test_asterisk_table_exported_with_its_header(landing):
    """The columns of the database in an order of their own, found by their names."""
    landing.put("asterisk/calls/cdr.csv", (
        "calldate,src,dst,channel,dstchannel,lastapp,lastdata,duration,billsec,disposition,uniqueid,linkedid,sequence\n"
        '2026-01-05 08:20:00,1002,13800130003,PJSIP/1002-00000014,PJSIP/ctc-trunk-00000015,Dial,"PJSIP/ctc,60",65,60,'
        "ANSWERED,1767572400.120,1767572400.120,220\n"))
    assert landing.one().rows_accepted == 1
    assert landing.query(select("call_legs", LEGS), "%") == [
        ("1767572400.120", "1767572400.120/220", "pair", "outbound", "13800130003", None, "01-05 08:20:00",
         "01-05 08:20:05", "01-05 08:21:05", 60, "connected", "1002")]
