"""The delivered files by feed, with short names for their columns."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

COLUMNS = {
    "calls": "call_id direction number own_number started answered ended talk ring queue status agent_id agent_name "
    "skill_group province city recording notes",
    "leads": "lead_id created name phone source status owner province city",
    "lead_events": "lead_id stage happened operator",
    "orders": "order_id ordered amount phone lead_id status",
    "channel_costs": "cost_month channel kind amount",
}
# Names of channels that are another's.
ALIASES = {"百度推广": "百度搜索", "老带新": "转介绍"}


def delivered(landing: str, feed: str) -> list[str]:
    """Paths of a feed's files, oldest name first."""
    source = "generic_400" if feed == "calls" else "generic_crm"
    return [str(path) for path in sorted(Path(landing, source, feed).glob("*.csv"))]


def say(sums: Iterable[tuple[Any, ...]]) -> None:
    """Control sums as the last line of a script: output → its numbers, rounded to whole ones."""
    print(json.dumps({name: [round(float(value)) for value in values] for name, *values in sums}, sort_keys=True))
