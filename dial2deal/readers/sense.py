"""How the texts of a table are meant, as far as its own columns say: dates, numbers, telephone numbers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

# A mark behind a number whose decimal mark is no point, or is not known (parse.sql).
MARKS = {",": "[,]", "?": "[?]"}


@dataclass(frozen=True)
class Finding:
    """How one column is read and why. ``rows`` say so, ``against`` say otherwise, ``of`` are concerned.

    ``value`` is dmy, mdy, comma, point or unknown; ``why`` is column, other_column, profile, delivery, pattern,
    delimiter, default, contradiction or nothing.
    """

    column: str
    kind: str
    value: str
    why: str
    rows: int = 0
    against: int = 0
    of: int = 0
    other: str = ""


@dataclass(frozen=True)
class Sense:
    """How the texts of one file are meant; ``orders`` and ``marks`` are by canonical column.

    ``region``: the country of its telephone numbers, ? where they contradict what is said of them, empty for China.
    """

    orders: tuple[tuple[str, str], ...] = ()
    marks: tuple[tuple[str, str], ...] = ()
    region: str = ""
    findings: tuple[Finding, ...] = field(default=(), compare=False)

    def order(self, column: str) -> str | None:
        """mdy, dmy, or '' where the file contradicts itself; None where the file does not say."""
        return dict(self.orders).get(column)

    def mark(self, column: str) -> str | None:
        """The suffix of the column's ambiguous numbers (parse.sql), None where a point is the decimal mark."""
        return MARKS.get(dict(self.marks).get(column, ""))

    def as_json(self) -> str | None:
        """The findings for ops.export_files; None where nothing had to be decided."""
        return json.dumps([asdict(finding) for finding in self.findings]) if self.findings else None


NOTHING_DECIDED = Sense()
