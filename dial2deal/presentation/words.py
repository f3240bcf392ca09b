"""Every word that people read, in each language: one catalogue, ``words/*.yml``, for reports, quality page and Excel.

Names of channels, tiers, stages and rules are the user's and stand with their policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

LOCALES = ("zh", "en")
FOLDER = Path(__file__).with_name("words")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class MissingWordError(KeyError):
    """The catalogue has no such key, or not in this language."""


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All of ``words/*.yml``: key -> language -> text. Raises ValueError for a key that stands twice."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(FOLDER.glob("*.yml")):
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
        if twice := sorted(found.keys() & entries.keys()):
            raise ValueError(f"words/{path.name}: {', '.join(twice)} stands in another file too")
        found |= entries
    return found


class Words:
    """Texts of one ``locale``. Raises ValueError for a locale without catalogue."""

    def __init__(self, locale: str):
        if locale not in LOCALES:
            raise ValueError(f"reports.locale is {locale!r}; the catalogue has {', '.join(LOCALES)}")
        self.locale = locale

    def __call__(self, key: str, **values: object) -> str:
        """Text of ``key`` with ``{placeholders}`` filled in. Raises MissingWordError."""
        try:
            text = catalogue()[key][self.locale]
        except KeyError as error:
            raise MissingWordError(f"presentation/words has no {self.locale} text for {key!r}") from error
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        """Whether ``key`` is one of the catalogue."""
        return key in catalogue()

    def of(self, row: Mapping[str, Any], default: str = "") -> str:
        """The row's ``label_zh`` or ``label_en`` (policy tables carry both)."""
        return row.get(f"label_{self.locale}") or default
