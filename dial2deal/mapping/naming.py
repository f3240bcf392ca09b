"""A name for the source of an export: from the folder it lies in, its file name, or the vendor it names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dial2deal.mapping.meanings import meaning

_FILE = Path(__file__).with_name("names.yml")
_WORDS_KEPT = 3


def source_name(path: Path, feed: str, taken: Iterable[str]) -> str:
    """A name that no profile of the project has. ``path``: the file as delivered."""
    name = _vendor(path) or _own_words(path.stem) or _own_words(path.parent.name) or f"my_{feed}"
    return f"{name}_own" if name in set(taken) else name


def _vendor(path: Path) -> str | None:
    """The platform that the file's or its folder's name speaks of."""
    said = f"{path.parent.name} {path.stem}".lower()
    return next((name for word, name in _names()["vendors"].items() if word in said), None)


def _own_words(text: str) -> str:
    """Latin words that are neither dates nor say what kind of file it is."""
    words = [
        w
        for w in re.findall(r"[a-z][a-z0-9]+", text.lower())
        if w not in _names()["generic"] and not meaning(w).concepts
    ]
    return "_".join(words[:_WORDS_KEPT])


@cache
def _names() -> dict[str, Any]:
    content = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return {
        "vendors": {word.lower(): name for name, words in content["vendors"].items() for word in words},
        "generic": frozenset(content["generic"]),
    }
