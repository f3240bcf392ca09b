"""What a zipped workbook may not be: larger unpacked than any export, or so sparse that reading it fills memory."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from dial2deal.readers.problems import DAMAGED_ARCHIVE, FileProblem, is_machine_fault, not_read_here

# A million rows of thirty columns are about one GB of XML.
_MAX_UNPACKED = 4 << 30
_MAX_PARTS = 10_000
_PIECE = 1 << 20
_KEPT = 32
# calamine holds the rectangle from the first to the last cell, at 32 bytes a cell, however few are filled. The
# largest rectangle let through is 702 columns x 99,999 rows; a sheet of up to 52 columns may have every row.
_BEYOND_52 = re.compile(rb"""r\s*=\s*["'](?:[B-Zb-z][A-Za-z]|[A-Za-z]{3})[0-9]""")
_BEYOND_702 = re.compile(rb"""r\s*=\s*["'][A-Za-z]{3}[0-9]""")
_ROW_1000 = re.compile(rb"""r\s*=\s*["'][A-Za-z]{0,3}[0-9]{4}""")
_ROW_100000 = re.compile(rb"""r\s*=\s*["'][A-Za-z]{0,3}[0-9]{6}""")


def check_workbook(path: Path) -> None:
    """Raise FileProblem when the file is a zipped workbook that is not safe to read."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
                raise FileProblem(
                    f"The workbook unpacks to more than {_MAX_UNPACKED >> 30} GB or {_MAX_PARTS} parts. "
                    "Export CSV instead."
                )
            for part in parts:
                _check_part(archive, part)
    except (*DAMAGED_ARCHIVE, OSError) as error:
        if is_machine_fault(error):
            raise not_read_here(error) from error
        raise FileProblem(f"The workbook is damaged, cut or encrypted ({error}). Export it again.") from error


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unpack once: the size declared must be true (its checksum is then), and the cells near each other."""
    is_sheet = part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
    if not _found(archive, part, {_BEYOND_52} if is_sheet else set()):
        return
    found = _found(archive, part, {_BEYOND_702, _ROW_1000, _ROW_100000})
    if _ROW_100000 in found or {_BEYOND_702, _ROW_1000} <= found:
        raise FileProblem(
            "A sheet's cells lie so far apart (more than 52 columns with more than 100,000 rows, or more than 702 "
            "with more than 1,000) that it cannot be held in memory. Delete stray cells far right or far below, "
            "or export CSV."
        )


def _found(archive: zipfile.ZipFile, part: zipfile.ZipInfo, patterns: set[re.Pattern[bytes]]) -> set[re.Pattern[bytes]]:
    """Which of ``patterns`` are in a part, which is read to its end."""
    missing = set(patterns)
    with archive.open(part) as content:
        held = b""
        while piece := content.read(_PIECE):
            if missing:
                text = held + piece
                missing = {pattern for pattern in missing if not pattern.search(text)}
                held = piece[-_KEPT:]
    return patterns - missing
