"""Text of another encoding becomes UTF-8, the same by one process as by two."""

from __future__ import annotations

import random

import pytest

from dial2deal.readers import transcode

LINES = [
    "呼叫ID,备注,金额\r\n",
    "C1,客户咨询价格，稍后回电,1.2万\r\n",
    "C2,𠮷野家 €,\n",
    "C3,ａｂｃ,-1\r",
    "C4,\0空,2\n",
]


@pytest.fixture
def source(tmp_path):
    chance = random.Random(3)
    text = "".join(chance.choice(LINES) for _ in range(3_000))
    path = tmp_path / "source.csv"
    path.write_bytes(text.encode("gb18030"))
    return path, text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


@pytest.mark.parametrize("two_processes_from", [1, 1 << 40])
def test_text_arrives_with_unified_line_ends(source, tmp_path, monkeypatch, two_processes_from):
    path, expected = source
    monkeypatch.setattr(transcode, "_TWO_PROCESSES_FROM", two_processes_from)
    target = tmp_path / "text.csv"
    seen = transcode.rewrite(path, target, "gb18030", "strict")
    assert target.read_text(encoding="utf-8") == expected
    whole = path.read_bytes()
    assert seen == transcode.Rewritten(0, whole.count(b"\n"), whole.count(b"\r"), whole.count(b"\r\n"), has_nul=True)
    assert seen.odd_line_ends
    assert [p.name for p in tmp_path.iterdir() if p != path] == ["text.csv"]


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_damage_in_either_half_is_told(source, tmp_path, monkeypatch, share):
    path, _ = source
    content = path.read_bytes()
    at = content.index(b"\n", int(len(content) * share)) + 1
    path.write_bytes(content[:at] + b"\xff\xff" + content[at:])
    monkeypatch.setattr(transcode, "_TWO_PROCESSES_FROM", 1)
    with pytest.raises(UnicodeDecodeError):
        transcode.rewrite(path, tmp_path / "text.csv", "gb18030", "strict")
    assert transcode.rewrite(path, tmp_path / "text.csv", "gb18030", "replace").damaged > 0
