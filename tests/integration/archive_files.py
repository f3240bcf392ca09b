"""Archives as friends, fools and attackers pack them."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path


def zipped(members: dict[str, bytes | str]) -> bytes:
    """A deflated archive of these members."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def with_link(name: str, to: str) -> bytes:
    """An archive whose only member is a symbolic link."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, to)
    return target.getvalue()


def encrypted(name: str, content: bytes) -> bytes:
    """An archive that says its member is encrypted."""
    data = bytearray(zipped({name: content}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.index(mark)
        struct.pack_into("<H", data, start + at, struct.unpack_from("<H", data, start + at)[0] | 1)
    return bytes(data)


def lying_about_size(name: str, real: int, declared: int) -> bytes:
    """A member of ``real`` zero bytes that declares ``declared``."""
    data = bytearray(zipped({name: b"\0" * real}))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(mark) + at, declared)
    return bytes(data)


def gbk_named(name: str, content: bytes) -> bytes:
    """An archive as Windows in Chinese packs it: the name in GBK, no flag."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("N" * len(name.encode("gbk")), content)
    return target.getvalue().replace(b"N" * len(name.encode("gbk")), name.encode("gbk"))


def sparse_workbook(path: Path, cell: str) -> None:
    """A workbook with values in A1 and in ``cell`` only."""
    row = "".join(c for c in cell if c.isdigit())
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
        'Extension="xml" ContentType="application/xml"/></Types>',
        "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r='
        '"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" '
        'r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        'relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="{row}"><c r="{cell}"><v>2</v></c></row>'
        "</sheetData></worksheet>",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zipped(parts))


def deflated_zeros(size: int) -> bytes:
    """A gzip stream of ``size`` zero bytes, made without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"\0" * (1 << 20)
    parts = [packer.compress(block) for _ in range(size >> 20)]
    return b"".join(parts) + packer.flush()
