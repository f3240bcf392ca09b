"""What can be wrong with one file; the text is for the person who can fix it."""

from __future__ import annotations

import zipfile
import zlib

# What unpacking raises on damaged, cut or encrypted content; names that are not UTF-8 are a ValueError.
DAMAGED_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)


class FileProblem(Exception):
    """The file cannot be loaded. The message names what was found, what was expected and what to do."""


class ProfileError(ValueError):
    """A profile is wrong; the message names file, entry and what to do."""
