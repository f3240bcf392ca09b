"""What every policy row has in common: typed cells, validity dates, and messages that say what to do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails


class PolicyError(ValueError):
    """A policy file is wrong; the message names file, row, column, value and what to do."""


@dataclass(frozen=True)
class Prose:
    """Marks a column that people read beside the numbers and that nothing computes with."""

    after_validity: bool = False


@dataclass(frozen=True)
class Expects:
    """Marks a field whose wrong value is answered with this text: ``must be …``."""

    text: str


def _flag(value: object) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


def _day(value: object) -> dt.date:
    if isinstance(value, dt.datetime):
        raise ValueError("a day has no time")
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))


# YAML and CSV spell the same cell as number, date or text: each becomes what its column says, nothing else.
Text = Annotated[str, BeforeValidator(str)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Day = Annotated[dt.date, BeforeValidator(_day)]
Label = Annotated[Text | None, Prose()]
Remark = Annotated[Text | None, Prose(after_validity=True)]

_SQL_TYPES = {str: "varchar", int: "integer", float: "double", bool: "boolean", dt.date: "date"}


class Row(BaseModel):
    """One row of a policy table; a subclass per table.

    ``override_by``: an installation's rows replace all default rows of the same values. ``unique_by``: identifies a
    row, with its validity. ``refers_to``: column -> the table and column that must hold its value.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    override_by: ClassVar[tuple[str, ...]]
    unique_by: ClassVar[tuple[str, ...]]
    refers_to: ClassVar[dict[str, tuple[str, str]]] = {}

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, cells: dict[str, Any]) -> dict[str, Any]:
        stripped = ((name, cell.strip() if isinstance(cell, str) else cell) for name, cell in cells.items())
        return {name: cell for name, cell in stripped if cell is not None and cell != ""}

    @classmethod
    def read(cls, cells: dict[str, Any], where: str) -> Self:
        """The row that a file's ``cells`` are; ``where`` names file and row in the PolicyError."""
        try:
            return cls.model_validate(cells)
        except ValidationError as error:
            raise PolicyError(f"{where}: {_told(cls, cells, error)}") from error

    @classmethod
    def columns(cls) -> dict[str, str]:
        """SQL type by column, in the order of the table: remarks come last, after the dates of validity."""
        late = [name for name, field in cls.model_fields.items() if Prose(after_validity=True) in field.metadata]
        dates = [name for name in Validity.model_fields if name in cls.model_fields]
        first = [name for name in cls.model_fields if name not in (*late, *dates)]
        return {name: _SQL_TYPES[_kind(cls.model_fields[name])] for name in (*first, *dates, *late)}

    @classmethod
    def prose(cls) -> set[str]:
        """Columns that people read and nothing computes with."""
        return {name for name, field in cls.model_fields.items() if any(isinstance(m, Prose) for m in field.metadata)}

    def values_of(self, columns: tuple[str, ...]) -> tuple[Any, ...]:
        """Values of ``columns``, in their order."""
        return tuple(getattr(self, column) for column in columns)


class Validity(Row):
    """Mixin of rows that hold from one day to another, both included; an open end is None."""

    valid_from: Day | None = None
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError(f"ends on {self.valid_to}, before it begins on {self.valid_from}.")
        return self

    def is_valid(self, on: dt.date | None) -> bool:
        """Whether the row holds on day ``on``; None asks for the rule without end, the current one."""
        if on is None:
            return self.valid_to is None
        return (self.valid_from or dt.date.min) <= on <= (self.valid_to or dt.date.max)


def _kind(field: FieldInfo) -> type:
    """Python type of a column: int of ``int | None``, str of a Literal."""
    found = field.annotation
    while get_origin(found) is not Literal and get_args(found):
        found = next(part for part in get_args(found) if part is not type(None))
    return type(get_args(found)[0]) if get_origin(found) is Literal else found  # type: ignore[return-value]


def _told(model: type[Row], cells: dict[str, Any], error: ValidationError) -> str:
    """The most telling of the errors: an unknown column before what it leaves missing."""
    errors = sorted(error.errors(), key=lambda one: one["type"] not in ("extra_forbidden", "invalid_key"))
    extra = sorted(str(one["loc"][0]) for one in errors if one["type"] in ("extra_forbidden", "invalid_key"))
    if extra and len(errors[0]["loc"]) == 1:
        return f"unknown field {extra}; known are {list(model.model_fields)}."
    return _one_told(model, cells, errors[0])


def _one_told(model: type[Row], cells: dict[str, Any], error: ErrorDetails) -> str:
    if not error["loc"]:
        return str(error.get("ctx", {}).get("error", error["msg"]))
    column = str(error["loc"][0])
    field, value = model.model_fields[column], cells.get(column)
    expects = next((mark.text for mark in field.metadata if isinstance(mark, Expects)), None)
    if error["type"] == "missing" and len(error["loc"]) == 1:
        return f"column {column} is missing or empty; give it a value."
    if expects:
        return f"{column} = {value!r} must be {expects}."
    if error["type"] == "literal_error":
        return f"{column} = {value!r} is not one of {', '.join(get_args(_literal(field)))}."
    kind = _SQL_TYPES.get(_kind(field), "value")
    if kind == "boolean":
        return f"{column} = {value!r} must be true or false."
    if error["type"].startswith(("greater", "less", "finite")):
        return f"{column} = {value!r} must be {error['msg'].removeprefix('Input should be ')}."
    return f"{column} = {value!r} is not a valid {kind}."


def _literal(field: FieldInfo) -> Any:
    found = field.annotation
    while get_origin(found) is not Literal:
        found = next(part for part in get_args(found) if part is not type(None))
    return found
