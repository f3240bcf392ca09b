"""The canonical feeds of feeds/<feed>.yml as objects: the one place that says what a feed is and which columns it has.

Everything else that lists feeds follows from these files: raw tables, headers, dbt sources and staging (generate.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dial2deal.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "feeds"
# In C it is ten times as fast. Every scalar stays the text it is: a header 1, no or 2026 is none but itself.
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
# A feed without a place in the order comes after all others.
_LAST = 1_000_000

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
    """One canonical column. ``kind`` says how its text is read (parse.sql); ``requirement`` whom it serves.

    ``headers``: names that exports give it, the commonest first; compared as `headers.normalise_header` does.
    """

    name: str
    kind: str
    required: bool = False
    not_empty: bool = False
    requirement: str = ""
    headers: tuple[str, ...] = ()
    label_zh: str = ""
    label_en: str = ""
    description: str = ""

    @property
    def must_parse(self) -> bool:
        """A row whose text cannot be read here is quarantined: the row would be worthless without it."""
        return (self.required or self.not_empty) and self.kind in ("timestamp", "date", "seconds", "money")


@dataclass(frozen=True)
class Staging:
    """What dbt makes of a feed: ``date`` is the date column of stg_<feed>, ``moved_as`` what ops.moved_ids names there.

    ``key``: key column of a model that needs nothing but typing and is generated; empty where it is written by hand.
    """

    key: str = ""
    date: str = ""
    moved_as: str = "row_key"


@dataclass(frozen=True)
class Fact:
    """The fact that follows a feed date by date, with the columns that show since and up to when it was delivered."""

    model: str
    date: str = ""
    moment: str = ""


@dataclass(frozen=True)
class Feed:
    """One canonical feed; ``event_column`` dates a row, None for small feeds that are rebuilt whole.

    Files in the folder ``instead_of`` are this feed's when their source has a profile for it and none for that.
    ``may_lie_ahead``: its rows may be plans and budgets, dated after tomorrow.
    Rows that share ``united_by`` make one row of another table and are rebuilt together, whatever their dates.
    Rows of one file that share their key are added up in the column ``adds_up``; elsewhere the latest of them counts.
    ``grain`` says what one row is, ``note`` what else a reader of the generated staging model must know.
    """

    name: str
    label_zh: str
    label_en: str
    key: tuple[str, ...]
    columns: dict[str, Column]
    event_column: str | None = None
    instead_of: str | None = None
    united_by: str | None = None
    adds_up: str | None = None
    may_lie_ahead: bool = False
    requirement: str = ""
    grain: str = ""
    note: str = ""
    staging: Staging = Staging()
    fact: Fact | None = None

    @property
    def ids_can_move(self) -> bool:
        """Whether what a row stands for can lie on several dates: a re-delivery may carry another one."""
        return self.event_column is not None and (self.united_by is not None or self.event_column not in self.key)


@cache
def feeds() -> dict[str, Feed]:
    """All feeds by name, in the ``order`` that their files give."""
    return read(FOLDER)


def read(folder: Path) -> dict[str, Feed]:
    """The feeds of ``folder``, as `feeds`.

    Raises ValueError that names the file whose entries are none of a feed's.
    """
    written = {path.stem: yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader) for path in folder.glob("*.yml")}
    ordered = sorted(written, key=lambda name: (int(written[name].pop("order", _LAST)), name))
    return {name: _feed(name, written[name], written) for name in ordered}


def _feed(name: str, item: dict[str, Any], all_items: dict[str, dict[str, Any]]) -> Feed:
    # columns_of: the columns of that feed, and those that stand here, in their place where both have one.
    shared = all_items[item["columns_of"]]["columns"] if "columns_of" in item else {}
    entries = {key: value for key, value in item.items() if key not in ("label", "columns_of", "columns")}
    try:
        return Feed(
            name=name,
            label_zh=item["label"]["zh"],
            label_en=item["label"]["en"],
            columns={column: _column(column, spec) for column, spec in {**shared, **item["columns"]}.items()},
            **{
                **entries,
                "key": tuple(item["key"]),
                "may_lie_ahead": item.get("may_lie_ahead") == "true",
                "staging": Staging(**item.get("staging", {})),
                "fact": Fact(**item["fact"]) if "fact" in item else None,
            },
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"feeds/{name}.yml: {error}") from error


def _column(name: str, spec: dict[str, Any]) -> Column:
    headers, label = tuple(spec.get("headers", ())), spec.get("label", {})
    plain = {key: value for key, value in spec.items() if key not in ("headers", "label", "required", "not_empty")}
    return Column(
        name=name,
        required=spec.get("required") == "true",
        not_empty=spec.get("not_empty") == "true",
        headers=headers,
        label_zh=label.get("zh") or (headers[0] if headers else name),
        label_en=label.get("en") or name.replace("_", " ").capitalize(),
        **plain,
    )


@cache
def known_headers() -> dict[str, dict[str, list[str]]]:
    """Feed → column → the header names that profiles with ``synonyms: true`` accept."""
    return {
        name: {column.name: list(column.headers) for column in feed.columns.values()} for name, feed in feeds().items()
    }
