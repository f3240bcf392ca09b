"""Exports of other telephone systems in their true shape, row by row against what a person reads out of them."""

from __future__ import annotations

import pytest

from tests.integration.vendor_files import VendorWorld, select
from tests.unit.exports_support import Landing

LEGS = ("call_id", "leg_id", "leg_role", "direction", "customer_number", "own_number", "started_at", "answered_at",
        "ended_at", "talk_seconds", "tech_result", "agent_id")
# source, folder in landing, fixture, rows accepted, rows that are no data
FILES = [
    ("freeswitch", "calls", "call_legs.csv", 7, 0),
    ("freeswitch", "calls", "call_legs_ab.csv", 2, 0),
    ("freeswitch_asterisk", "calls", "call_legs.csv", 4, 0),
    ("fusionpbx", "calls", "call_legs.csv", 6, 0),
    ("fusionpbx", "calls", "call_legs_epoch.csv", 2, 0),
    ("threecx", "calls", "calls.csv", 6, 0),
    ("threecx", "call_legs", "call_legs.csv", 5, 0),
    ("cisco_cucm", "calls", "cdr_StandAloneCluster_01_202601050800_1", 5, 1),
    ("huawei_cec", "calls", "20200105235959123456_call_1.csv", 4, 0),
    ("huawei_cec", "calls", "20260105235959123456_call_1.csv", 6, 0),
    ("huawei_cec", "recordings", "20260105235959123456_record_1.csv", 2, 0),
    ("carrier", "calls", "calls.csv", 3, 0),
    ("recorder", "calls", "calls.csv", 4, 0),
    ("kf5", "calls", "calls.csv", 2, 0),
    ("kf5", "calls", "calls.json", 2, 0),
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


def test_freeswitch(world):
    made = "11111111-0000-4000-8000-00000000000"
    assert world.read("freeswitch", "calls", "call_legs.csv", LEGS) == [
        (made + "2", made + "1", "pair", "inbound", "13800130001", None, "01-05 08:00:00", "01-05 08:00:05",
         "01-05 08:05:05", 300, "connected", "1001"),
        (made + "3", made + "3", "ivr", "inbound", "13800130002", "02223456789", "01-05 08:10:00", None,
         "01-05 08:10:31", 0, "ivr_only", None),
        (made + "5", made + "4", "pair", "outbound", "13800130003", None, "01-05 08:20:00", None,
         "01-05 08:20:09", 0, "busy", "1001"),
        (made + "7", made + "6", "pair", "outbound", "13800130004", None, "01-05 08:21:00", "01-05 08:21:08",
         "01-05 08:21:48", 40, "connected", "1001"),
        (made + "8", made + "8", "pair", "outbound", "13800130005", None, "01-05 08:22:00", None,
         "01-05 08:22:02", 0, "invalid_number", "1001"),
        (made + "9", made + "9", "pair", "inbound", "13800130006", None, "01-05 08:23:00", None,
         "01-05 08:23:20", 0, "abandoned_ring", "1002"),
        (made + "b", made + "a", "inside", "internal", None, None, "01-05 08:24:00", "01-05 08:24:02",
         "01-05 08:24:12", 10, "connected", "1001"),
    ]


def test_freeswitch_both_legs_share_the_call_and_talk_once(world):
    made = "11111111-0000-4000-8000-00000000000"
    assert world.read("freeswitch", "calls", "call_legs_ab.csv", ("call_id", "leg_id", "talk_seconds")) == [
        (made + "2", made + "2", 0), (made + "2", made + "1", 300)]


def test_freeswitch_asterisk_template(world):
    made = "22222222-0000-4000-8000-00000000000"
    assert world.read("freeswitch_asterisk", "calls", "call_legs.csv", LEGS) == [
        (made + "1", made + "1", "pair", "inbound", "13800130001", None, "01-05 08:00:00", "01-05 08:00:05",
         "01-05 08:05:05", 300, "connected", "1001"),
        (made + "2", made + "2", "ivr", "inbound", "13800130002", None, "01-05 08:10:00", None, "01-05 08:10:31", 0,
         "ivr_only", "5000"),
        (made + "3", made + "3", "pair", "outbound", "13800130003", None, "01-05 08:20:00", None, "01-05 08:20:30",
         0, "no_answer", "1001"),
        (made + "4", made + "4", "voicemail", "inbound", "13800130004", None, "01-05 08:30:00", None,
         "01-05 08:30:50", 0, "voicemail", "1002"),
    ]
    assert world.read("freeswitch_asterisk", "calls", "call_legs.csv", ("ivr_seconds", "line_id", "notes")) == [
        (None, "external", None), (30, "external", "菜单"), (None, "external", None), (None, "external", None)]


def test_fusionpbx(world):
    """Quotes inside a name are not escaped; an unanswered call has a negative time to answer."""
    made, own = "33333333-0000-4000-8000-00000000000", "02223456789"
    assert world.read("fusionpbx", "calls", "call_legs.csv", LEGS) == [
        (made + "1", made + "1", "whole", "inbound", "13800130001", own, "01-05 08:00:00", "01-05 08:00:05",
         "01-05 08:05:05", 300, "connected", "1001"),
        (made + "3", made + "3", "whole", "inbound", "13800130002", own, "01-05 08:10:00", None, "01-05 08:10:25",
         0, "abandoned_ring", "1002"),
        (made + "4", made + "4", "agent", "outbound", "13800130003", own, "01-05 08:20:00", "01-05 08:20:08",
         "01-05 08:20:48", 40, "connected", "1001"),
        (made + "6", made + "6", "agent", "outbound", "13800130004", own, "01-05 08:30:00", None, "01-05 08:30:03",
         0, "invalid_number", "1001"),
        (made + "7", made + "7", "inside", "internal", None, None, "01-05 08:40:00", "01-05 08:40:02",
         "01-05 08:40:20", 18, "connected", "1001"),
        (made + "9", made + "9", "voicemail", "inbound", "13800130006", own, "01-05 08:50:00", None, "01-05 08:50:50",
         0, "voicemail", "1002"),
    ]
    columns = ("ring_seconds", "hangup_side", "agent_name", "recording_ref", "mos_score")
    assert world.read("fusionpbx", "calls", "call_legs.csv", columns)[:3] == [
        (5, "customer", "员工甲", "a1.wav", 4.5), (None, "customer", "员工乙", None, 0.0),
        (8, "customer", "员工甲", "a3.wav", 4.41)]


def test_fusionpbx_with_epochs_and_a_queue(world):
    """Other permissions, other columns; the talk begins when the agent answers, 40 seconds after the queue did."""
    made = "44444444-0000-4000-8000-00000000000"
    columns = (*LEGS, "queue", "queue_seconds", "hold_seconds")
    assert world.read("fusionpbx", "calls", "call_legs_epoch.csv", columns) == [
        (made + "1", made + "1", "whole", "inbound", "13800130001", None, "01-05 08:00:00", "01-05 08:00:41",
         "01-05 08:05:41", 285, "connected", "1002", "600", 40, 15),
        (made + "2", made + "2", "whole", "inbound", "13800130002", None, "01-05 08:10:00", None,
         "01-05 08:10:46", 0, "abandoned_queue", None, "600", 45, 0),
    ]


CALLS = ("call_id", "direction", "customer_number", "own_number", "started_at", "answered_at", "ended_at",
         "talk_seconds", "tech_result", "hangup_side", "agent_id", "agent_name")


def test_threecx_old_service(world):
    """Times are UTC: midnight there is eight in the morning here."""
    own = "02223456789"
    assert world.read("threecx", "calls", "calls.csv", CALLS) == [
        ("0000017519638101_101", "inbound", "13800130001", own, "01-05 08:00:00", "01-05 08:00:05", "01-05 08:05:05",
         300, "connected", "customer", "101", "员工甲"),
        ("0000017519638102_102", "outbound", "13800130002", None, "01-05 08:10:00", "01-05 08:10:08",
         "01-05 08:10:48", 40, "connected", "customer", "101", "员工甲"),
        ("0000017519638103_103", "inbound", "13800130003", own, "01-05 08:20:00", None, "01-05 08:20:20", 0,
         "abandoned_queue", None, None, "销售队列"),
        ("0000017519638104_104", "outbound", "13800130004", None, "01-05 08:30:00", None, "01-05 08:30:05", 0,
         "busy", None, "101", "员工甲"),
        ("0000017519638105_105", "internal", None, None, "01-05 08:40:00", "01-05 08:40:03", "01-05 08:40:27", 24,
         "connected", None, "101", "员工甲"),
        ("0000017519638106_106", "inbound", "13800130006", own, "01-05 08:50:00", "01-05 08:50:10", "01-05 08:52:10",
         120, "connected", "customer", "102", "员工乙"),
    ]


def test_threecx_in_an_order_of_ones_own(landing):
    landing.profile("threecx/calls.yml", """
like: threecx
dialects:
  "11": [callid, time-start, time-answered, time-end, duration, from-no, to-no, reason-terminated, dial-no, from-type,
         to-type]
terms:
  reached: lower({to-type})
""")
    landing.put("threecx/calls/cdr.log", "C1,2026/01/05 00:00:00,2026/01/05 00:00:05,2026/01/05 00:00:15,00:00:10,"
                "Ext.101,13800130001,TerminatedByDst,13800130001,Extension,Line\n")
    assert landing.one().rows_accepted == 1
    columns = ("call_id", "direction", "customer_number", "talk_seconds", "tech_result")
    assert landing.query(select("calls", columns), "%") == [
        ("C1", "outbound", "13800130001", 10, "connected")]


def test_threecx_cdroutput(world):
    call, leg = "00000000-01db-aef6-ba9a-df6b0000000", "00000000-01db-aef6-c109-60ec0000000"
    own = "02223456789"
    assert world.read("threecx", "call_legs", "call_legs.csv", LEGS) == [
        (call + "b", leg + "1", "other", "inbound", "13800130001", own, "01-05 08:00:00", None, "01-05 08:00:00", 0,
         "call_forwarded", None),
        (call + "b", leg + "2", "queue", "inbound", "13800130001", own, "01-05 08:00:00", None, "01-05 08:00:15", 0,
         "abandoned_queue", None),
        (call + "b", leg + "3", "pair", "inbound", "13800130001", own, "01-05 08:00:15", "01-05 08:00:20",
         "01-05 08:05:20", 300, "connected", "101"),
        (call + "c", leg + "4", "pair", "outbound", "13800130002", None, "01-05 08:10:00", None, "01-05 08:10:04",
         0, "busy", "101"),
        (call + "d", leg + "5", "queue", "inbound", "13800130003", own, "01-05 08:20:00", None, "01-05 08:20:31", 0,
         "abandoned_queue", None),
    ]
    columns = ("queue_seconds", "ring_seconds", "hangup_side", "agent_name", "department", "queue", "line_id")
    assert world.read("threecx", "call_legs", "call_legs.csv", columns)[1:4] == [
        (15, None, None, None, "销售部", "800", "10000"), (None, 5, "customer", "员工甲", "销售部", None, "10000"),
        (None, 4, None, "员工甲", "销售部", None, "10000")]


def test_cisco_cucm(world):
    """A transferred call makes two records of one globalCallID; the line of types is no data; 0 means never."""
    made, cluster = "55555555-0000-4000-8000-00000000000", "StandAloneCluster-1-"
    assert world.read("cisco_cucm", "calls", "cdr_StandAloneCluster_01_202601050800_1", LEGS) == [
        (cluster + "5001", made + "1", "pair", "inbound", "13800130001", "02223456789", "01-05 08:00:00",
         "01-05 08:00:05", "01-05 08:05:05", 300, "connected", "1001"),
        (cluster + "5001", made + "2", "inside", "internal", None, None, "01-05 08:05:05", None, "01-05 08:05:10", 0,
         "call_forwarded", "1001"),
        (cluster + "5002", made + "3", "pair", "outbound", "13800130002", None, "01-05 08:10:00", None,
         "01-05 08:10:04", 0, "busy", "1002"),
        (cluster + "5003", made + "4", "pair", "inbound", "13800130003", "02223456789", "01-05 08:20:00", None,
         "01-05 08:20:20", 0, "abandoned_ring", "1001"),
        (cluster + "5004", made + "5", "pair", "outbound", "13800130004", None, "01-05 08:30:00", "01-05 08:30:06",
         "01-05 08:31:06", 60, "connected", "1002"),
    ]
    columns = ("ring_seconds", "hangup_side", "agent_name", "queue", "line_id")
    rows = world.read("cisco_cucm", "calls", "cdr_StandAloneCluster_01_202601050800_1", columns)
    assert (rows[0], rows[4]) == ((5, "customer", "zhang", "600", "SIPTrunk-CTC"),
                                  (6, "customer", "li", None, "SIPTrunk-CTC"))
    # An address is a signed number and stays as it came.
    file_id = world.result("cisco_cucm", "calls", "cdr_StandAloneCluster_01_202601050800_1").file_id
    ((address,),) = world.query("select json_extract_string(_extra, 'origIpAddr') from raw.call_legs "
                                        "where _file_id = ? order by _line limit 1", file_id)
    assert address == "-1139627840"


def test_huawei_cec(world):
    """One row per device; the last one of a call is number -1 and alone holds the cause of its release."""
    first, own = "1767571200-101", "02223456789"
    assert world.read("huawei_cec", "calls", "20260105235959123456_call_1.csv", LEGS) == [
        (first, "1", "ivr", "inbound", "13800130001", own, "01-05 08:00:00", None, "01-05 08:00:15", 0, "ivr_only",
         None),
        (first, "2", "queue", "inbound", "13800130001", own, "01-05 08:00:15", None, "01-05 08:00:35", 0,
         "abandoned_queue", None),
        (first, "-1", "agent", "inbound", "13800130001", own, "01-05 08:00:35", "01-05 08:00:40", "01-05 08:05:40",
         300, "connected", "1001"),
        ("1767571800-102", "-1", "queue", "inbound", "13800130002", own, "01-05 08:10:00", None, "01-05 08:10:45", 0,
         "abandoned_queue", None),
        ("1767572400-103", "-1", "agent", "outbound", "13800130003", own, "01-05 08:20:00", None, "01-05 08:20:30", 0,
         "no_answer", "1002"),
        ("1767573000-104", "-1", "agent", "internal", None, None, "01-05 08:30:00", "01-05 08:30:02",
         "01-05 08:30:32", 30, "connected", "1002"),
    ]
    columns = ("ivr_seconds", "queue_seconds", "ring_seconds", "queue", "hangup_reason", "skill_group")
    assert world.read("huawei_cec", "calls", "20260105235959123456_call_1.csv", columns)[:4] == [
        (15, None, None, None, None, None), (None, 20, None, "7", None, "7"), (None, None, 5, None, "512", "7"),
        (None, 45, None, "7", "513", "7")]


def test_huawei_cec_before_2022(world):
    columns = ("leg_id", "leg_role", "talk_seconds", "skill_group")
    assert world.read("huawei_cec", "calls", "20200105235959123456_call_1.csv", columns) == [
        ("1", "ivr", 0, None), ("2", "queue", 0, None), ("-1", "agent", 300, None), ("-1", "queue", 0, None)]


def test_huawei_cec_recordings(world):
    columns = ("recording_id", "call_id", "recorded_at", "recording_seconds", "recording_ref", "file_name", "agent_id",
               "direction", "customer_number", "own_number")
    path = "/10/1/record/100/13533/"
    assert world.read("huawei_cec", "recordings", "20260105235959123456_record_1.csv", columns) == [
        (f"1767571200-101/{path}0903379.wav", "1767571200-101", "01-05 08:00:40", 300, f"{path}0903379.wav",
         "0903379.wav", "1001", "inbound", "13800130001", "02223456789"),
        (f"1767573600-105/{path}0903380.wav", "1767573600-105", "01-05 08:40:00", 60, f"{path}0903380.wav",
         "0903380.wav", "1002", "outbound", "13800130005", "02223456789"),
    ]


def test_carrier(world):
    columns = ("direction", "customer_number", "own_number", "started_at", "talk_seconds")
    assert world.read("carrier", "calls", "calls.csv", columns) == [
        ("inbound", "13800130001", "4000000101", "01-05 08:00:00", 300),
        ("inbound", "13800130002", "4000000101", "01-05 08:10:00", 45),
        ("outbound", "13800130003", "02223456789", "01-05 08:20:00", 60),
    ]
    assert len({call_id for (call_id,) in world.read("carrier", "calls", "calls.csv", ("call_id",))}) == 3


def test_recorder(world):
    columns = ("direction", "customer_number", "own_number", "started_at", "talk_seconds", "tech_result", "agent_id",
               "agent_name", "customer_id")
    assert world.read("recorder", "calls", "calls.csv", columns) == [
        ("inbound", "13800130001", None, "01-05 08:00:00", 300, None, "A01", "员工甲", "C001"),
        ("outbound", "13800130002", None, "01-05 08:10:00", 60, None, "A01", "员工甲", None),
        ("inbound", "13800130003", "02223456789", "01-05 08:20:00", 0, "no_answer", "8002", "员工乙", None),
        ("internal", None, None, "01-05 08:30:00", 20, None, "A02", "员工乙", None),
    ]


@pytest.mark.parametrize("fixture", ["calls.csv", "calls.json"])
def test_kf5(world, fixture):
    columns = ("call_id", "direction", "customer_number", "own_number", "started_at", "talk_seconds", "total_seconds",
               "ring_seconds", "is_connected", "agent_name", "related_ticket_id", "region_province", "region_city",
               "transfer_count")
    assert world.read("kf5", "calls", fixture, columns) == [
        ("9001", "inbound", "186****", "02223456789", "01-05 08:00:00", 120, 140, 6, True, "员工甲", "501", "四川",
         "成都", 0),
        ("9002", "outbound", "13800130002", "02223456789", "01-05 08:10:00", 0, 50, 20, True, "员工甲", None, "黑龙江",
         "哈尔滨", 1),
    ]
