"""What a setting may be: told by its default row, so that a misspelt or senseless value is refused where it is read."""

from __future__ import annotations

import difflib
import math
import re
import zoneinfo
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_FILES = (".yml", ".yaml", ".csv")
_SUFFIX_RANGES = {"share": (0.0, 1.0)}
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def complaint(key: str, value: Any, default: dict[str, Any] | None, known: Iterable[str]) -> str | None:
    """Why ``value`` is no value of setting ``key``, None when it is one. ``default`` is the project's own row."""
    if default is None:
        near = difflib.get_close_matches(key, list(known), 1)
        return "is no setting" + (f"; did you mean {near[0]}?" if near else "; see policy/settings.yml of the project.")
    if isinstance(value, (list, dict)) or value is None or (isinstance(value, bool) and _is_number(default["value"])):
        return f"= {value!r} must be one {'number' if _is_number(default['value']) else 'text'}."
    if _is_number(default["value"]):
        return _number_complaint(value, default.get("unit"))
    choices = default.get("choices")
    if choices:
        chosen = [part.strip() for part in str(value).split(",")] if default.get("several") else [str(value)]
        wrong = [part for part in chosen if part not in choices]
        return f"= {wrong[0]!r} is not one of {', '.join(choices)}." if wrong else None
    check = default.get("check")
    if check == "optional":
        return None if str(value) == "none" else _number_complaint(value, default.get("unit"))
    if check == "time_zone" and str(value) not in zoneinfo.available_timezones():
        return f"= {value!r} is no time zone such as Asia/Shanghai."
    if check == "clock" and not _CLOCK.fullmatch(str(value)):
        return f'= {value!r} is no time of day such as "17:00", in quotes.'
    return None


def stray_files(folder: Path, project: Path) -> str | None:
    """The first file of an installation's policy folder that nothing reads, with what may be meant."""
    known = sorted(path.name for path in project.iterdir())
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix in _FILES and path.name not in known:
            near = difflib.get_close_matches(path.name, known, 1)
            return f"{path.name} is no policy file" + (
                f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}."
            )
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number_complaint(value: Any, unit: str | None) -> str | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return f"= {str(value)[:40]!r} must be a number."
    low, high = _SUFFIX_RANGES.get(unit or "", (0.0, 1e12))
    if not math.isfinite(number) or not low <= number <= high:
        return f"= {value!r} must be a number from {low:g} to {high:g}{f' ({unit})' if unit else ''}."
    return None
