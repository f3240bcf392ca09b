"""Read, merge and validate the policy files of the project and of the installation."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from dial2deal.policy import checks, files
from dial2deal.policy.models import TABLES, Setting
from dial2deal.policy.rows import PolicyError, Row
from dial2deal.settings import Settings

R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Policy:
    """Validated rules. ``tables`` maps a table's name to its rows; ``version`` is a hash of all of them."""

    tables: dict[str, list[Row]] = field(repr=False)

    @cached_property
    def version(self) -> str:
        """Twelve digits that change with any rule, a label or a remark among them."""
        return _digest({name: [row.model_dump() for row in rows] for name, rows in self.tables.items()})[:12]

    @cached_property
    def versions(self) -> dict[str, str]:
        """Of each table, a hash of its rows without their prose: it changes when a number may change."""
        return {
            name: _digest([row.model_dump(exclude=row.prose()) for row in rows])[:12]
            for name, rows in self.tables.items()
        }

    def rows(self, model: type[R]) -> list[R]:
        """All rows of the table of ``model`` in file order."""
        return [row for row in self.tables[_NAMES[model]] if isinstance(row, model)]

    def text(self, key: str, scope: str = "", on: dt.date | None = None) -> str:
        """Value of a setting as text, for business line ``scope`` (else global), valid on date ``on``.

        Without ``on`` the row without end of validity (the current rule) is taken. Raises PolicyError.
        """
        for candidate in (scope, ""):
            for row in self._settings.get((key, candidate), []):
                if row.is_valid(on):
                    return row.value_text
        raise PolicyError(f"Setting {key!r} has no value valid on {on or 'today'}; add it to policy/settings.yml.")

    def number(self, key: str, scope: str = "", on: dt.date | None = None) -> float:
        """Value of a setting as a number; see ``text``. Raises PolicyError when it is not a number."""
        value = self.text(key, scope, on)
        try:
            return float(value)
        except ValueError as error:
            raise PolicyError(f"Setting {key!r} must be a number, not {value!r}.") from error

    def optional_number(self, key: str, on: dt.date | None = None) -> float | None:
        """Value of a setting that may be ``none``: no number is set. Raises PolicyError as ``number`` does."""
        return None if self.text(key, on=on) == "none" else self.number(key, on=on)

    @cached_property
    def _settings(self) -> dict[tuple[str, str], list[Setting]]:
        by_key: dict[tuple[str, str], list[Setting]] = {}
        for row in self.rows(Setting):
            by_key.setdefault((row.key, row.scope), []).append(row)
        return by_key


_NAMES: dict[type[Row], str] = {model: name for name, model in TABLES.items()}


def load(settings: Settings) -> Policy:
    """Policy of the project overridden by the installation's own files. Raises PolicyError."""
    stray = checks.stray_files(settings.policy_dirs[-1], settings.policy_dirs[0])
    if stray:
        raise PolicyError(f"{settings.policy_dirs[-1].name}/: {stray}")
    tables: dict[str, list[Row]] = {}
    for name, model in TABLES.items():
        rows = _merged(settings, name, model)
        _check_overlap(name, rows)
        tables[name] = list(rows)
    for name, model in TABLES.items():
        _check_references(name, model, tables)
    return Policy(tables)


def layers(settings: Settings, table: str, model: type[R]) -> Iterator[list[R]]:
    """Rows of ``table`` as the project has them, then as the installation has. Raises PolicyError."""
    for folder in settings.policy_dirs:
        found = files.read(folder, table, list(model.model_fields))
        yield [model.read(cells, where) for cells, where in found]


def _merged(settings: Settings, table: str, model: type[R]) -> list[R]:
    rows: list[R] = []
    for layer in layers(settings, table, model):
        replaced = {row.values_of(model.override_by) for row in layer}
        rows = [row for row in rows if row.values_of(model.override_by) not in replaced] + layer
    return rows


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, default=str, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _check_overlap(name: str, rows: Iterable[Row]) -> None:
    by_key: dict[tuple[Any, ...], list[tuple[dt.date, dt.date]]] = {}
    for row in rows:
        span = (getattr(row, "valid_from", None) or dt.date.min, getattr(row, "valid_to", None) or dt.date.max)
        by_key.setdefault(row.values_of(row.unique_by), []).append(span)
    for key, spans in by_key.items():
        for (_, end), (next_start, _) in itertools.pairwise(sorted(spans)):
            if next_start <= end:
                raise PolicyError(
                    f"{name}: {key} has two rows valid on {next_start}; end the earlier one "
                    "(valid_to) the day before the later one begins (valid_from)."
                )


def _check_references(name: str, model: type[Row], tables: dict[str, list[Row]]) -> None:
    for column, (table, named) in model.refers_to.items():
        known = {getattr(row, named) for row in tables[table]}
        for row in tables[name]:
            value = getattr(row, column)
            if value not in known:
                raise PolicyError(
                    f"{files.file_of(name)}: {column} {value!r} of {', '.join(map(str, row.values_of(row.unique_by)))} "
                    f"does not stand in {files.file_of(table)}; known are {', '.join(sorted(known))}."
                )
