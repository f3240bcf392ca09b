"""The canonical feeds of feeds.yml as objects: one place that says which columns raw.<feed> has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("feeds.yml")
# Ten times as fast as the loader written in Python, which took a tenth of a build that finds nothing new.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Columns the loader adds to every raw table, after the canonical ones.
PROVENANCE = {
    "_extra": "varchar",
    "_source": "varchar",
    "_file_id": "varchar",
    "_line": "bigint",
    "_row_key": "varchar",
    "_row_hash": "ubigint",
    "_event_date": "date",
    "_loaded_at": "timestamp",
}


@dataclass(frozen=True)
class Column:
    """One canonical column. ``kind`` says how its text is read (parse.sql); ``requirement`` whom it serves."""

    name: str
    kind: str
    required: bool = False
    not_empty: bool = False
    requirement: str = ""

    @property
    def must_parse(self) -> bool:
        """A row whose text cannot be read here is quarantined: the row would be worthless without it."""
        return (self.required or self.not_empty) and self.kind in ("timestamp", "date", "seconds", "money")


@dataclass(frozen=True)
class Feed:
    """One canonical feed; ``event_column`` dates a row, None for small feeds that are rebuilt whole.

    Files in the folder ``instead_of`` are this feed's when their source has a profile for it and none for that.
    ``may_lie_ahead``: its rows may be plans and budgets, dated after tomorrow.
    Rows that share ``united_by`` make one row of another table and are rebuilt together, whatever their dates.
    Rows of one file that share their key are added up in the column ``adds_up``; elsewhere the latest of them counts.
    """

    name: str
    label_zh: str
    key: tuple[str, ...]
    columns: dict[str, Column]
    event_column: str | None = None
    instead_of: str | None = None
    united_by: str | None = None
    adds_up: str | None = None
    may_lie_ahead: bool = False
    requirement: str = ""

    @property
    def ids_can_move(self) -> bool:
        """Whether what a row stands for can lie on several dates: a re-delivery may carry another one."""
        return self.event_column is not None and (self.united_by is not None or self.event_column not in self.key)


@cache
def definitions() -> dict[str, dict[str, Any]]:
    """feeds.yml as it is written: feed → its entries."""
    return yaml.load(_FILE.read_text(encoding="utf-8"), Loader=_Loader)


@cache
def feeds() -> dict[str, Feed]:
    """All feeds by name, in the order of feeds.yml."""
    return {
        name: Feed(
            name=name,
            label_zh=item["label_zh"],
            key=tuple(item["key"]),
            event_column=item.get("event_column"),
            instead_of=item.get("instead_of"),
            united_by=item.get("united_by"),
            adds_up=item.get("adds_up"),
            may_lie_ahead=item.get("may_lie_ahead", False),
            requirement=item.get("requirement", ""),
            columns={column: Column(name=column, **spec) for column, spec in item["columns"].items()},
        )
        for name, item in definitions().items()
    }
