"""What this machine does to a file, a key or the warehouse is told apart from damage and passes with its cause."""

from __future__ import annotations

import errno
import gzip
import io
import os
import stat
import zipfile
from pathlib import Path

import duckdb
import pytest

from dial2deal import warehouse
from dial2deal.commands import health
from dial2deal.landing import archives, deliveries
from dial2deal.readers import workbook
from dial2deal.settings import Settings
from tests.unit.exports_support import CALLS_HEADER, Landing, call

_TEXT = "\n".join([CALLS_HEADER, call(1), call(2)]) + "\n"


@pytest.fixture
def place(tmp_path):
    return Landing(tmp_path)


def _zip(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, _TEXT)
    return content.getvalue()


def _accounted(place) -> dict[str, tuple]:
    return {
        path: (status, message or "")
        for path, status, message in place.query(
            "select path, status, message from ops.export_files where status <> 'superseded'"
        )
    }


def test_a_passing_fault_is_no_damage_and_is_tried_again(place, monkeypatch):
    place.put("generic_400/calls/plain.csv", _TEXT)
    place.put("generic_400/calls/packed.zip", _zip("inside.csv"))
    place.put("generic_400/calls/single.csv.gz", gzip.compress(_TEXT.replace("C00000", "G00000").encode()))
    real_open, real_copy = Path.open, archives._copy

    def failing_open(self, *arguments, **options):
        if self.name == "plain.csv":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real_open(self, *arguments, **options)

    def full_disk(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "open", failing_open)
    monkeypatch.setattr(archives, "_copy", full_disk)
    place.load()
    found = _accounted(place)
    assert len(found) == 3
    for status, message in found.values():
        assert (status, "could not be read here" in message, "damaged" in message) == ("failed", True, False), found
    monkeypatch.setattr(Path, "open", real_open)
    monkeypatch.setattr(archives, "_copy", real_copy)
    assert {result.status for result in place.load()} == {"loaded"}
    assert place.query("select count(*) from raw.calls") == [(4,)]  # two of the three have the same content
    assert {status for status, _ in _accounted(place).values()} == {"loaded"}


def test_an_ended_reader_of_a_workbook_is_tried_again_once(place, monkeypatch):
    place.put("generic_400/calls/book.xlsx", b"PK\x03\x04 [Content_Types].xml xl/workbook.xml")
    killer = place.settings.home / "killer.py"
    killer.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    monkeypatch.setattr(workbook.workbook_cells, "__file__", str(killer))
    (first,) = place.load()
    assert "could not be read here (the process that read it was ended from outside)" in first.message
    (second,) = place.load()
    assert not second.skipped  # read again, and ended again: from now on it counts as the file's own fault
    (third,) = place.load()
    assert third.skipped


def test_a_folder_that_cannot_be_opened_stops_only_itself(place, monkeypatch):
    place.calls("good.csv", [call(1)])
    place.put("generic_crm/leads/hidden.csv", "a,b\n")
    real = os.scandir

    def refuse(folder):
        if str(folder).endswith("leads"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(folder)

    monkeypatch.setattr(deliveries.os, "scandir", refuse)
    results = {result.path: result for result in place.load()}
    assert results["generic_400/calls/good.csv"].status == "loaded"
    assert "may not open the folder" in results["generic_crm/leads"].message


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\xff", "description: 通话".encode("gbk") + b"\xff", b"[" * 4000, b"a: \0"],
    ids=["broken mark", "no encoding", "nested", "zero byte"],
)
def test_a_broken_profile_is_named_and_stops_only_its_source(place, content):
    place.profile("evil/calls.yml", "")
    (place.settings.home / "profiles/evil/calls.yml").write_bytes(content)
    place.put("evil/calls/x.csv", _TEXT)
    place.calls("good.csv", [call(1)])
    results = {result.path: result for result in place.load()}
    assert results["generic_400/calls/good.csv"].status == "loaded"
    assert "evil/calls.yml" in results["evil/calls/x.csv"].message


def test_a_profile_saved_as_gbk_is_read(place):
    (place.settings.home / "profiles/mine").mkdir(parents=True)
    (place.settings.home / "profiles/mine/calls.yml").write_bytes(
        "like: generic_400\ncolumns:\n  call_id: 单号\n".encode("gb18030")
    )
    place.put("mine/calls/x.csv", _TEXT.replace("呼叫ID", "单号"))
    assert place.one().status == "loaded"


@pytest.mark.parametrize(
    "content",
    [b"", b" \n", b"abc\n", bytes(range(64, 128)), b"0" * 63 + b"\n"],
    ids=["empty", "blank", "short", "no digits", "one too few"],
)
def test_a_key_that_is_none_is_refused_with_its_file_named(tmp_path, content):
    settings = Settings(home=tmp_path / "home").ensure()
    settings.secret_key.write_bytes(content)
    with pytest.raises(warehouse.SecretKeyError, match=r"secret\.key does not hold 64 hexadecimal digits"):
        warehouse.connect(settings)
    settings.secret_key.unlink()
    with warehouse.session(settings) as con:
        (key,) = con.execute("select customer_hash_key from ops.secrets").fetchone()
    assert settings.secret_key.read_text().strip() == key
    assert len(key) == 64


def test_a_kill_while_the_key_is_made_leaves_none(tmp_path, monkeypatch):
    settings = Settings(home=tmp_path / "home").ensure()

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        warehouse.connect(settings)
    assert not settings.secret_key.exists()


def test_the_key_file_comes_back_and_an_empty_key_of_old_is_refused(tmp_path, caplog):
    settings = Settings(home=tmp_path / "home").ensure()
    warehouse.connect(settings).close()
    key = settings.secret_key.read_text()
    settings.secret_key.unlink()
    warehouse.connect(settings).close()
    assert settings.secret_key.read_text() == key
    assert "written again" in caplog.text
    with warehouse.session(settings) as con:
        con.execute("update ops.secrets set customer_hash_key = ''")
    with pytest.raises(warehouse.SecretKeyError, match="protect nobody"):
        warehouse.connect(settings)


def test_doctor_tells_of_another_key_and_of_open_doors(tmp_path):
    settings = Settings(home=tmp_path / "home").ensure()
    warehouse.connect(settings).close()
    settings.secret_key.write_text("0" * 64 + "\n")
    settings.home.chmod(0o755)
    told = {finding.subject: finding.message for finding in health.examine(settings) if finding.state == "warning"}
    assert "is not the warehouse's key" in told["key"]
    assert "chmod 700" in told["access"]


def test_only_the_owner_reads_what_holds_numbers(tmp_path):
    settings = Settings(home=tmp_path / "home").ensure()
    warehouse.connect(settings).close()
    for path in (settings.home, settings.warehouse, settings.secret_key):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_damaged_warehouse_is_called_damaged_at_once(tmp_path):
    settings = Settings(home=tmp_path / "home").ensure()
    with warehouse.session(settings) as con:
        con.execute("create table filler as select range as n, md5(range::varchar) as t from range(20000)")
    whole = settings.warehouse.read_bytes()
    old = settings.warehouse.stat().st_ctime - 60
    for damaged in (
        whole[: len(whole) // 2],
        b"x" * 20_000,
        b"".join(b"\x55" * 64 + whole[at + 64 : at + 4096] for at in range(0, len(whole), 4096)),
    ):
        settings.warehouse.write_bytes(damaged)
        os.utime(settings.warehouse, (old, old))
        with pytest.raises((warehouse.WarehouseDamagedError, duckdb.Error)) as caught:
            warehouse.connect(settings, wait_seconds=0.2)
        assert "another process" not in str(caught.value)
        finding = next(f for f in health.examine(settings) if f.subject == "warehouse")
        assert finding.state == "error"
        assert "in use" not in finding.message


def test_a_new_warehouse_beside_a_snapshot_is_said(tmp_path, caplog):
    settings = Settings(home=tmp_path / "home").ensure()
    settings.snapshot.touch()
    warehouse.connect(settings).close()
    assert "is gone although a snapshot is published" in caplog.text
    assert len(caplog.records) == 1


def test_fewer_rows_under_the_same_path_are_said(place):
    place.calls("day.csv", [call(1), call(2), call(3)])
    place.load()
    place.calls("day.csv", [call(1), call(2)])
    (result,) = [result for result in place.load() if not result.skipped]
    assert "the file that lay here before had 3 rows, this one has 2" in result.message
    assert place.query("select count(distinct _row_key) from raw.calls") == [(3,)]


def test_a_question_mark_in_the_path_is_refused_with_advice(tmp_path):
    with pytest.raises(warehouse.WarehouseDamagedError, match="choose another folder"):
        warehouse.connect(Settings(home=tmp_path / "what?"))
