"""What every table handed out for Excel, WPS or a CSV import does with text that could run as a formula."""

from __future__ import annotations

from typing import Any

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def neutral(value: Any) -> Any:
    """``value`` so that no spreadsheet takes it for a formula: such texts get a leading apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
