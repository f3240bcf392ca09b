"""Ways to damage a file: in its bytes, lines, cells, quotes, encoding and container. Pure functions of their chance."""

from __future__ import annotations

import random
from collections.abc import Callable

Mutation = Callable[[random.Random, bytes, list[bytes]], bytes]

_HUGE = 200_000
_CELLS = [
    b"",
    b" ",
    b'"',
    b'""',
    b"'",
    b"-",
    b"\\N",
    b"NULL",
    b"NaN",
    b"inf",
    b"-1",
    b"0",
    b"1e308",
    b"1.39E+10",
    b"9" * 40,
    b'="13800000000"',
    b"'13800000000",
    b"138****0000",
    b"+86 138-0000-0000",
    b"00:00:00",
    b"24:00:00",
    b"-00:01:00",
    b"99999:99:99",
    b"2026-02-30",
    b"0000-00-00 00:00:00",
    b"2026/1/5 8:3",
    b"1767571200",
    b"1767571200000",
    b"46027.5",
    b"2026-01-05T08:00:00+25:00",
    b"20260105080000",
    b"2026-01-05 08:00:00[Nowhere/City]",
    b"5/1/26",
    b"{",
    b"[1,2]",
    b'{"a": "b"}',
    b"%s",
    b"$file_id",
    b"c0",
    b"'; drop table x; --",
    b"=1+1",
    b"\xef\xbc\x91\xef\xbc\x92",
    "合计".encode(),
    "共 3 条".encode(),
    "很久".encode(),
    "３分２０秒".encode(),
    "1.2万".encode(),
    "下午3点".encode(),
    "\u2028".encode(),
    "\u3000".encode(),
    "\u202e".encode(),
    "😀".encode(),
    b"\xc3\x28",
    b"\x85",
    b"\xa1\xa1",
    b"\x1a",
    b"\x0b",
    b"\x0c",
    b"a\rb",
    b"a\nb",
    b'"a\nb"',
    b'a"b',
    b'"a"b',
    b'a""b"',
    b"a,b;c|d\te",
]
_DELIMITERS = [b",", b"\t", b";", b"|", b"\x01", "，".encode()]
_ENCODINGS = ["utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "big5", "utf-7"]


def mutate(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """One to five mutations, one after the other."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        content = chance.choices(_MUTATIONS, _WEIGHTS)[0](chance, content, others)
    return content


def flip_bytes(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    damaged = bytearray(content)
    for _ in range(min(len(damaged), chance.choice((1, 1, 2, 8, 40)))):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def insert_bytes(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    at = chance.randrange(len(content) + 1)
    what = chance.choice((b"\0", b"\0" * 9, b'"', b"\r", b"\n", b"\xff", b"\xef\xbb\xbf", b",", chance.randbytes(6)))
    return content[:at] + what + content[at:]


def cut_out(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    begin = chance.randrange(len(content) + 1)
    return content[:begin] + content[begin + chance.choice((1, 1, 3, 20, 300)) :]


def truncate(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def repeat_part(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    begin = chance.randrange(len(content) + 1)
    part = content[begin : begin + chance.choice((1, 10, 200))]
    return content[:begin] + part * chance.choice((1, 2, 50)) + content[begin:]


def splice(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    other = chance.choice(others)
    if chance.random() < 0.5:
        return _joined(_lines(content)[: chance.randrange(9)] + _lines(other)[chance.randrange(4) :])
    return content[: chance.randrange(len(content) + 1)] + other[chance.randrange(len(other) + 1) :]


def lines(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """Drop, repeat, swap, blank or add a line."""
    rows = _lines(content)
    at = chance.randrange(len(rows))
    kind = chance.randrange(7)
    if kind == 0:
        del rows[at]
    elif kind == 1:
        rows.insert(at, rows[chance.randrange(len(rows))])
    elif kind == 2:
        other = chance.randrange(len(rows))
        rows[at], rows[other] = rows[other], rows[at]
    elif kind == 3:
        rows.insert(at, chance.choice((b"", b" ", b"\t", b",,,", b'""', b'"')))
    elif kind == 4:
        rows.insert(chance.randrange(2) * len(rows), "合计,3,,00:10:00,共 3 条".encode())
    elif kind == 5:
        rows = ["导出报表".encode(), *[b'\xe6\x9d\xa1\xe4\xbb\xb6,"x'] * chance.randrange(3), *rows]
    else:
        chance.shuffle(rows)
    return _joined(rows)


def cells(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """Replace, add, drop or swap cells of one row, or do the same to every row."""
    rows = _lines(content)
    delimiter = max((b",", b"\t", b";", b"|"), key=content.count)
    kind, position, value = chance.randrange(5), chance.randrange(30), chance.choice(_CELLS)
    every = chance.random() < 0.2
    only = chance.randrange(len(rows))
    for number, row in enumerate(rows):
        if not every and number != only:
            continue
        parts = row.split(delimiter)
        at = position % len(parts)
        if kind < 2:
            parts[at] = value
        elif kind == 2:
            parts.insert(at, value)
        elif kind == 3:
            del parts[at]
        else:
            parts[at], parts[0] = parts[0], parts[at]
        rows[number] = delimiter.join(parts)
    return _joined(rows)


def quotes(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """Quote every cell, break a quote, or put a line break into a cell."""
    kind = chance.randrange(4)
    if kind == 0:
        quoted = (b'"' + row.replace(b'"', b'""').replace(b",", b'","') + b'"' for row in _lines(content))
        return _joined(list(quoted))
    if kind == 1:
        return content.replace(b'"', b"", 1) if b'"' in content else insert_bytes(chance, content, others)
    at = chance.randrange(len(content) + 1)
    if kind == 2:
        return content[:at] + b'"' + content[at:]
    return content[:at] + b'"x\n' * chance.choice((1, 3, 250)) + b'"' + content[at:]


def delimiters(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    old, new = chance.choice(_DELIMITERS), chance.choice(_DELIMITERS)
    return content.replace(old, new, chance.choice((-1, -1, 1, 5)))


def line_ends(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    new = chance.choice((b"\r\n", b"\r", b"\n\n", b"\r\r\n", b"\n\r", b"\x85", b""))
    return content.replace(b"\r\n", b"\n").replace(b"\n", new, chance.choice((-1, -1, 1, 4)))


def encoding(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    old = chance.choice(("utf-8", "utf-8", "utf-8", "gb18030", "latin-1"))
    changed = content.decode(old, errors="replace").encode(chance.choice(_ENCODINGS), errors="replace")
    return changed if chance.random() < 0.9 else content[: len(content) // 2] + changed[len(changed) // 2 :]


def huge(chance: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """A cell, a row or a header far beyond what anybody means."""
    if chance.random() < 0.8:  # large files are slow; few are enough
        return cells(chance, content, others)
    at = chance.randrange(len(content) + 1)
    what = chance.choice((b"x", b"9", b",", b"\xe5\x95\x8a", b'"', b" ", b"\0"))
    return content[:at] + what * (_HUGE // len(what)) + content[at:]


def _lines(content: bytes) -> list[bytes]:
    return content.replace(b"\r\n", b"\n").split(b"\n")


def _joined(rows: list[bytes]) -> bytes:
    return b"\n".join(rows)


_BY_WEIGHT: dict[Mutation, int] = {
    flip_bytes: 3,
    insert_bytes: 4,
    cut_out: 3,
    truncate: 2,
    repeat_part: 2,
    splice: 3,
    lines: 6,
    cells: 12,
    quotes: 5,
    delimiters: 2,
    line_ends: 3,
    encoding: 2,
    huge: 1,
}
_MUTATIONS, _WEIGHTS = list(_BY_WEIGHT), list(_BY_WEIGHT.values())
