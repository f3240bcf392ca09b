"""Files of old office programs, made by hand: nothing installed writes them."""

from __future__ import annotations

import struct
from html import escape

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def xls(rows: list[list[str | float]], sheet: str = "Sheet1") -> bytes:
    """A workbook of Excel 97 (BIFF8 in an OLE2 container) with one sheet; None leaves a cell out."""
    cells = b""
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            place = struct.pack("<HHH", at, column, 0)
            if isinstance(value, str):
                text = value.encode("utf-16-le")
                cells += _record(0x0204, place + struct.pack("<HB", len(value), 1) + text)
            elif value is not None:
                cells += _record(0x0203, place + struct.pack("<d", value))
    size = _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))
    worksheet = _begin(0x10) + size + cells + _record(0x0A, b"")
    title = sheet.encode("utf-16-le")

    def globals_(offset: int) -> bytes:
        bound = struct.pack("<IBBBB", offset, 0, 0, len(sheet), 1) + title
        return _begin(0x05) + _record(0x42, struct.pack("<H", 1200)) + _record(0x85, bound) + _record(0x0A, b"")

    return _ole2("Workbook", globals_(len(globals_(0))) + worksheet)


def spreadsheet_xml(sheets: dict[str, list[list[str]]], encoding: str = "utf-8") -> bytes:
    """SpreadsheetML of 2003; a cell "Type:text" has that type."""
    parts = [
        f'<?xml version="1.0" encoding="{encoding}"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">\n'
    ]
    for name, rows in sheets.items():
        parts.append(f'<Worksheet ss:Name="{escape(name)}"><Table>\n')
        for row in rows:
            parts.append("<Row>")
            for at, cell in enumerate(row, 1):
                kind, _, text = cell.partition("!") if "!" in cell else ("String", "", cell)
                if text:
                    parts.append(f'<Cell ss:Index="{at}"><Data ss:Type="{kind}">{escape(text)}</Data></Cell>')
            parts.append("</Row>\n")
        parts.append("</Table></Worksheet>")
    return ("".join(parts) + "</Workbook>").encode(encoding)


def _record(code: int, data: bytes) -> bytes:
    return struct.pack("<HH", code, len(data)) + data


def _begin(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))


def _ole2(name: str, stream: bytes) -> bytes:
    """A container of one stream, large enough not to need the small-stream area."""
    stream = stream.ljust(4096, b"\0")
    stream += b"\0" * (-len(stream) % _SECTOR)
    count = len(stream) // _SECTOR
    fat_sectors = -(-(count + 2) // 126)
    chain = [_FAT] * fat_sectors + [_END] + [fat_sectors + 2 + i for i in range(count - 1)] + [_END]
    chain += [_FREE] * (fat_sectors * 128 - len(chain))
    header = (
        bytes.fromhex("d0cf11e0a1b11ae1")
        + b"\0" * 16
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + b"\0" * 6
        + struct.pack("<IIIIIIIII", 0, fat_sectors, fat_sectors, 0, 4096, _END, 0, _END, 0)
        + struct.pack("<109I", *range(fat_sectors), *[_FREE] * (109 - fat_sectors))
    )
    directory = (
        _entry("Root Entry", 5, 1, _END, 0)
        + _entry(name, 2, _FREE, fat_sectors + 1, len(stream))
        + _entry("", 0, _FREE, 0, 0) * 2
    )
    return header + struct.pack(f"<{len(chain)}I", *chain) + directory + stream


def _entry(name: str, kind: int, child: int, first: int, size: int) -> bytes:
    text = name.encode("utf-16-le")
    length = len(text) + 2 if name else 0
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBBIII", length, kind, 1, _FREE, _FREE, child)
        + b"\0" * 36
        + struct.pack("<IQ", first, size)
    )
