"""A header as a name, whichever way it is spelled."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_BRACKETS = re.compile(r"[(\[{<【「](.*?)[)\]}>】」]")
# What tells one figure from another and is no unit: Talk Duration (AVG) is not the talk of all calls.
_FIGURE = re.compile(r"\s*(avg|average|mean|max|total|平均|最大|最长|总)", re.IGNORECASE)
_NOISE = re.compile(r"[\s_\-*:'\"​﻿]+")


@lru_cache(maxsize=4096)
def normalise_header(text: str) -> str:
    """Header without case, full-width forms, spaces, separators and a unit in brackets."""
    plain = unicodedata.normalize("NFKC", text or "")
    bare = _BRACKETS.sub(lambda found: found[1] if _FIGURE.match(found[1]) else "", plain)
    return _NOISE.sub("", bare).lower() or _NOISE.sub("", plain).lower()
