"""Files that mean harm, or do harm without meaning it: refused or neutralised, and nobody else is stopped."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import struct

import openpyxl
import pytest
import xlsxwriter

from dial2deal.audit.pages import workbook as quality_workbook
from dial2deal.commands import output
from dial2deal.landing import archives
from dial2deal.presentation.words import Words
from dial2deal.reports import excel
from tests.integration.archive_files import (
    deflated_zeros,
    encrypted,
    gbk_named,
    lying_about_size,
    sparse_workbook,
    with_link,
    zipped,
)
from tests.integration.office_files import spreadsheet_xml, xls
from tests.unit.exports_support import CALLS_HEADER, Landing, call

CSV = f"{CALLS_HEADER}\n{call(1)}\n".encode()


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


def outcomes(landing) -> dict[str, tuple]:
    """What became of each file, by the last part of its name."""
    return {r.path.removeprefix("generic_400/calls/"): (r.status, r.message or "") for r in landing.load()}


def test_members_of_archives_are_files_of_their_own(landing):
    book = openpyxl.Workbook()
    book.active.append(CALLS_HEADER.split(","))
    book.active.append(call(3).split(","))
    inside = io.BytesIO()
    book.save(inside)
    landing.put(
        "generic_400/calls/a.zip",
        zipped(
            {
                "一月/a.csv": CSV,
                "b.xlsx": inside.getvalue(),
                "__MACOSX/._a.csv": b"x",
                ".hidden": b"x",
                "c.csv.gz": gzip.compress(f"{CALLS_HEADER}\n{call(4)}\n".encode()),
                "bad.csv": b"a,b\n1,2\n",
            }
        ),
    )
    landing.put("generic_400/calls/d.csv.gz", gzip.compress(f"{CALLS_HEADER}\n{call(5)}\n".encode()))
    landing.put("generic_400/calls/e.zip", gbk_named("二月.csv", f"{CALLS_HEADER}\n{call(6)}\n".encode("gb18030")))
    results = outcomes(landing)
    assert {name: status for name, (status, _) in results.items()} == {
        "a.zip!一月/a.csv": "loaded",
        "a.zip!b.xlsx": "loaded",
        "a.zip!c.csv.gz!c.csv": "loaded",
        "a.zip!bad.csv": "failed",
        "d.csv.gz!d.csv": "loaded",
        "e.zip!二月.csv": "loaded",
    }
    assert landing.query("select call_id from raw.calls order by 1") == [
        ("C000001",),
        ("C000003",),
        ("C000004",),
        ("C000005",),
        ("C000006",),
    ]
    assert all(r.skipped for r in landing.load())
    assert list(landing.settings.tmp.iterdir()) == []


def test_an_unchanged_archive_is_not_opened_again_and_a_changed_one_loads_what_is_new(landing, monkeypatch):
    landing.put("generic_400/calls/a.zip", zipped({"a.csv": CSV, "b.csv": CSV.replace(b"C000001", b"C9")}))
    landing.load()
    with monkeypatch.context() as patch:
        patch.setattr(archives, "unpacked", lambda *args: pytest.fail("the archive was opened"))
        assert [r.skipped for r in landing.load()] == [True, True]
    landing.put("generic_400/calls/a.zip", zipped({"a.csv": CSV, "c.csv": CSV.replace(b"C000001", b"C8")}))
    assert {r.path[-5:]: r.skipped for r in landing.load()} == {"a.csv": True, "c.csv": False}
    assert landing.query("select call_id from raw.calls order by 1") == [("C000001",), ("C8",), ("C9",)]


REFUSED = {
    "up.zip": (zipped({"../../evil.csv": CSV}), "leads out of the archive"),
    "root.zip": (zipped({"/etc/evil.csv": CSV}), "leads out of the archive"),
    "drive.zip": (zipped({"C:\\evil.csv": CSV}), "leads out of the archive"),
    "link.zip": (with_link("evil.csv", "/etc/passwd"), "symbolic link"),
    "locked.zip": (encrypted("a.csv", CSV), "encrypted with a password"),
    "empty.zip": (zipped({}), "holds no file"),
    "cut.zip": (zipped({"a.csv": CSV * 50})[:-40], "damaged or cut"),
    "cut.csv.gz": (gzip.compress(CSV)[:-12], "damaged or cut"),
    "liar.zip": (lying_about_size("a.csv", 1 << 20, 100), "damaged"),
    "deep.zip": (zipped({"a.zip": zipped({"b.zip": zipped({"c.csv": CSV})})}), "Archives lie in each other 3 deep"),
    "many.zip": (zipped({f"{n}.csv": b"" for n in range(archives.MAX_MEMBERS + 1)}), "more than 10000 files"),
    "tar.csv": (b"a.csv".ljust(257, b"\0") + b"ustar" + b"\0" * 250, "kind tar .* unpack"),
}


def test_archives_that_are_no_delivery_are_refused_and_stop_nobody(landing, tmp_path):
    for name, (data, _) in REFUSED.items():
        landing.put(f"generic_400/calls/{name}", data)
    landing.put("generic_400/calls/good.zip", zipped({"good.csv": CSV}))
    results = outcomes(landing)
    assert results.pop("good.zip!good.csv")[0] == "loaded"
    for name, (_, message) in REFUSED.items():
        (found,) = [key for key in results if key.split("!")[0] == name]
        status, told = results.pop(found)
        assert status == "failed", name
        assert re.search(message, told), (name, told)
    assert results == {}
    assert not list(tmp_path.rglob("evil*"))
    assert all(r.skipped for r in landing.load())


@pytest.mark.parametrize("name", ["bomb.gz", "bomb.zip"])
def test_bombs_are_refused_while_they_unpack(landing, monkeypatch, name):
    monkeypatch.setattr(archives, "_RATIO_FROM", 4 << 20)
    content = deflated_zeros(32 << 20) if name.endswith("gz") else zipped({"a.csv": b"\0" * (32 << 20)})
    landing.put(f"generic_400/calls/{name}", content)
    result = landing.one()
    assert result.status == "failed"
    assert "zip bomb" in result.message


def test_the_size_of_an_archive_is_limited_with_all_that_lies_in_it(landing, monkeypatch):
    monkeypatch.setattr(archives.Budget, "__init__", lambda self: self.__dict__.update(bytes=100_000, members=100))
    big = os.urandom(40_000).hex().encode()
    landing.put("generic_400/calls/a.zip", zipped({"a.csv": CSV, "b.zip": zipped({"b": big, "c": big})}))
    results = outcomes(landing)
    assert results["a.zip!a.csv"][0] == "loaded"
    assert "unpacks to more than" in results["a.zip!b.zip"][1]


@pytest.mark.parametrize("cell", ["XFD1048576", "ZZ1048576", "AAA5000", "xfd1048576"])
def test_a_sparse_workbook_is_refused_before_it_fills_memory(landing, cell):
    sparse_workbook(landing.settings.landing / "generic_400/calls/a.xlsx", cell)
    result = landing.one()
    assert result.status == "failed"
    assert "so far apart" in result.message


def test_a_workbook_bomb_is_refused(landing, monkeypatch):
    landing.put("generic_400/calls/a.xlsx", zipped({"[Content_Types].xml": b"x", "xl/sharedStrings.xml": b"a" * 9_000}))
    monkeypatch.setattr("dial2deal.readers.workbook_guard._MAX_UNPACKED", 8_000)
    assert "unpacks to more than" in landing.one().message


XML_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table><Row><Cell>'
    "<Data>&b;</Data></Cell></Row></Table></Worksheet></Workbook>"
)


def test_entities_are_not_expanded(landing):
    landing.put("generic_400/calls/a.xls", XML_BOMB)
    landing.put("generic_400/calls/b.xls", XML_BOMB.replace('"aaaaaaaaaa"', 'SYSTEM "file:///etc/passwd"'))
    landing.put("generic_400/calls/c.html", "<!DOCTYPE html [<!ENTITY a 'x'>]><table><tr><td>&a;</td></tr></table>")
    results = outcomes(landing)
    assert "declares entities" in results["a.xls"][1]
    assert "declares entities" in results["b.xls"][1]
    assert "No header" in results["c.html"][1]


@pytest.mark.parametrize(
    "attack",
    [
        "<table><tr>" + "<td colspan=1000>x" * 50,
        "<table>" * 500,
        "<!--" + "x" * (5 << 20),
        "<table><tr><td " + "a" * (5 << 20),
    ],
    ids=["columns", "depth", "comment", "tag"],
)
def test_pages_made_to_exhaust_the_reader_are_refused(landing, attack):
    landing.put("generic_400/calls/a.xls", f"<html><body>{attack}")
    assert landing.one().status == "failed"


@pytest.mark.parametrize("quoted", [False, True])
def test_a_cell_of_ten_megabytes_costs_only_its_row(landing, quoted):
    notes = "长" * (10 << 20)
    landing.calls("a.csv", [call(1), call(2, notes=f'"{notes}"' if quoted else notes), call(3)])
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (2, 1), result.message
    ((line, reason, size),) = landing.query("select line, reason, length(raw_line) from ops.quarantine")
    assert (line, size <= 2000) == (3, True)
    assert "more than 500000 characters" in reason


def test_names_that_would_break_messages_are_shown_plainly(landing):
    folder = landing.settings.landing / "generic_400/calls"
    folder.mkdir(parents=True)
    names = [b"a\nb\x1b[31m.csv", b"\xff\xfe.csv", "b\u202egnp.csv".encode(), b"x" * 200 + b".csv"]
    for number, name in enumerate(names):
        with open(os.path.join(os.fsencode(folder), name), "wb") as handle:
            handle.write(CSV.replace(b"C000001", b"C%d" % number))
    results = landing.load()
    assert {r.status for r in results} == {"loaded"}
    assert all(r.path.isprintable() for r in results)
    assert len({r.path for r in results}) == 4
    assert all(r.skipped for r in landing.load())


def test_pipes_devices_and_loops_of_links_are_not_opened(landing):
    folder = landing.settings.landing / "generic_400/calls"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe.csv")
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    (folder / "null.csv").symlink_to("/dev/null")
    landing.calls("good.csv", [call(1)])
    results = outcomes(landing)
    assert results.pop("good.csv")[0] == "loaded"
    assert {status for status, _ in results.values()} == {"failed"}
    assert "Pipes" in results["pipe.csv"][1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(landing):
    landing.calls("a.csv", [call(1)]).chmod(0)
    assert "Permission denied" in landing.one().message


EVIL = ['=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"]


def test_formulas_in_deliveries_do_not_become_formulas_in_our_tables(tmp_path, capsys):
    quality = tmp_path / "quality.xlsx"
    sheets = [("s", [("h", 10)], [[text] for text in EVIL])]
    quality.write_bytes(quality_workbook.assemble("t", None, sheets, Words("en")))
    report = tmp_path / "report.xlsx"
    book = xlsxwriter.Workbook(str(report), {"strings_to_formulas": False})
    sheet = book.add_worksheet()
    for row, text in enumerate(EVIL):
        excel.write(sheet, row, 0, text, None)
    book.close()
    for path in (quality, report):
        cells = [cell for row in openpyxl.load_workbook(path).active.iter_rows() for cell in row]
        assert {cell.data_type for cell in cells} == {"s"}
        assert sum(cell.value.startswith("'") for cell in cells) == len(EVIL)
    lines = [text for text in EVIL if "\r" not in text]
    output.as_csv(["h"], [[text] for text in lines])
    printed = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert [row[0] for row in printed[1:]] == [f"'{text}" for text in lines]


def test_a_damaged_xls_that_would_end_the_process_ends_nobodys_load(landing):
    whole = xls([CALLS_HEADER.split(","), *[call(n).split(",") for n in range(10)]])
    at = whole.index(struct.pack("<HH", 0x0204, 6 + 3 + 2 * len("C000009")) + struct.pack("<HH", 10, 0))
    for number, (row, column) in enumerate([(0xFFFF, 0xFFFF), (0xFFFF, 10)]):
        far = struct.pack("<HH", row, column)
        landing.put(f"generic_400/calls/{number}.xls", whole[: at + 4] + far + whole[at + 8 :])
    for cut in (600, 1500, len(whole) - 700):
        landing.put(f"generic_400/calls/cut{cut}.xls", whole[:cut])
    landing.put("generic_400/calls/noise.xls", whole[:1024] + bytes(range(256)) * 20)
    landing.put("generic_400/calls/z.xls", whole)
    results = outcomes(landing)
    assert results.pop("z.xls")[0] == "loaded"
    assert "its content makes no sense" in results["0.xls"][1]
    assert not any("Loading failed" in message for _, message in results.values())


@pytest.mark.parametrize("kind", ["html", "xml"])
def test_a_cell_that_never_ends_costs_only_its_row(landing, kind):
    table = [CALLS_HEADER.split(","), call(1).split(","), call(2, notes="长" * (3 << 20)).split(",")]
    if kind == "html":
        rows = "".join("<tr>" + "".join(f"<td>{cell}" for cell in row) for row in table)
        landing.put("generic_400/calls/a.xls", f"<table>{rows}</table>")
    else:
        landing.put("generic_400/calls/a.xls", spreadsheet_xml({"a": table}))
    result = landing.one()
    assert (result.rows_accepted, result.rows_quarantined) == (1, 1), result.message
