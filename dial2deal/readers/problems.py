"""What can be wrong with one file; the text is for the person who can fix it."""

from __future__ import annotations

import errno
import gzip
import zipfile
import zlib

# What unpacking raises on damaged, cut or encrypted content; names that are not UTF-8 are a ValueError.
DAMAGED_ARCHIVE = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
)


class FileProblem(Exception):
    """The file cannot be loaded. The message names what was found, what was expected and what to do."""


class MachineProblem(Exception):
    """The file could not be read on this machine this time: no fault of the file's, so it is tried again."""


def is_machine_fault(error: Exception) -> bool:
    """Whether disk, memory or permissions are at fault; a bad gzip header and a seek to nowhere are the file's own."""
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def not_read_here(why: object) -> MachineProblem:
    """The message of a passing fault."""
    told = why.strerror or why if isinstance(why, OSError) else why
    return MachineProblem(
        f"The file could not be read here ({told}). Nothing is wrong with the file itself as far as "
        "is known: the next load tries it again."
    )
