"""Files as they come: without header, in containers of every kind. Through the real loader."""

from __future__ import annotations

import pytest

from tests.unit.exports_support import Landing

PBX = """\
header: none
dialects:
  "4": [src, dst, start, billsec]
  "6": [src, dst, start, billsec, uniqueid, userfield]
columns:
  call_id: {headers: [uniqueid], hash_of: [customer_number, started_at]}
  direction: {const: inbound}
  customer_number: src
  started_at: start
  talk_seconds: billsec
"""


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


def pbx_line(number: int, *more: str) -> str:
    return ",".join([f'"139{number:08d}"', '"s"', f'"2026-01-05 08:00:{number:02d}"', "30", *more])


def test_files_without_header_by_their_number_of_cells(landing):
    landing.profile("pbx/calls.yml", PBX)
    landing.put("pbx/calls/Master.csv", f"{pbx_line(1)}\n{pbx_line(2)}\n")
    landing.put("pbx/calls/wide.csv", f"{pbx_line(3, 'u3', '')}\n{pbx_line(4)}\n{pbx_line(5, 'u5', 'x')}\n")
    landing.put("pbx/calls/five.csv", f"{pbx_line(6, 'u6')}\n")
    named = "src,dst,start,billsec\n" + pbx_line(7) + "\n"
    landing.put("pbx/calls/named.csv", named)
    results = {r.path.rsplit("/", 1)[-1]: r for r in landing.load()}
    assert (results["Master.csv"].rows_accepted, results["wide.csv"].rows_accepted) == (2, 2)
    assert results["wide.csv"].rows_quarantined == 1
    assert results["named.csv"].rows_accepted == 1
    assert "known are 4, 6, the first row has 5" in results["five.csv"].message
    assert landing.query("select customer_number, _line, _extra from raw.calls order by 1") == [
        ("13900000001", 1, '{"dst":"s"}'), ("13900000002", 2, '{"dst":"s"}'),
        ("13900000003", 1, '{"dst":"s","userfield":null}'), ("13900000005", 3, '{"dst":"s","userfield":"x"}'),
        ("13900000007", 2, '{"dst":"s"}')]


def test_short_rows_are_filled_when_the_profile_says_so(landing):
    landing.profile("pbx/calls.yml", PBX.replace("dialects:", "delimiter: '|'\nshort_rows: pad\ndialects:"))
    rows = [pbx_line(1, "u1").replace(",", "|"), "", pbx_line(2, "u2", '"a\nb"').replace(",", "|"),
            pbx_line(3, "u3").replace(",", "|"), pbx_line(4, "u", "v", "w").replace(",", "|")]
    landing.put("pbx/calls/queue_log", "\n".join(rows) + "\n")
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (3, 1), result
    landing.put("pbx/calls/plain", "\n".join(row.replace('"', "").replace("a\nb", "b") for row in rows) + "\n")
    assert [r.rows_accepted + r.rows_duplicate for r in landing.load()] == [3, 3]
    assert landing.query("select distinct customer_number, _line from raw.calls order by 1, 2") == [
        ("13900000001", 1), ("13900000002", 3), ("13900000003", 4), ("13900000003", 5)]


def test_rows_that_are_no_data_by_the_profile(landing):
    landing.profile("cucm/calls.yml", """\
not_data: ["{kind} in ('INTEGER', '2')", "{not in the file} = '1'"]
columns:
  call_id: pkid
  direction: {const: inbound}
  customer_number: from
  started_at: at
  talk_seconds: duration
ignore: [kind]
""")
    landing.put("cucm/calls/cdr.csv", "\n".join([
        "kind,pkid,from,at,duration", "INTEGER,UNIQUEIDENTIFIER,VARCHAR(50),INTEGER,INTEGER",
        "1,p1,13900000001,1767571200,30", "2,p2,13900000001,1767571201,30", "1,p3,13900000003,never,30"]) + "\n")
    result = landing.one()
    assert (result.rows_read, result.rows_accepted, result.rows_quarantined, result.rows_total_line) == (2, 1, 1, 2)
    assert landing.query("select line from ops.quarantine") == [(5,)]


@pytest.mark.parametrize(("change", "message"), [
    (('"4": [src, dst, start, billsec]', '"4": [src, dst, start]'), "must name 4"),
    (("header: none", ""), "belong together"),
])
def test_a_wrong_dialect_is_told(landing, change, message):
    landing.profile("pbx/calls.yml", PBX.replace(*change))
    landing.put("pbx/calls/Master.csv", pbx_line(1))
    assert message in landing.one().message

