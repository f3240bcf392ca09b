"""From unexpected rows to verdicts: which check of which file passed, failed or could not be evaluated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dial2deal.audit.suites import CheckSpec

# Expectations about missing values look at every row; all others only at rows that have a value (GX's rule).
_ABOUT_MISSING = ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null")


@dataclass
class CheckOutcome:
    """One check of one file. ``rows_checked`` counts the rows it applies to: 0 means not applicable.

    ``samples`` are the first failing rows: line, column, value (phone numbers masked).
    """

    feed: str
    check_name: str
    severity: str  # critical | warning
    outcome: str  # passed | failed | not_evaluable
    file_id: str
    path: str
    rows_checked: int | None
    rows_failed: int | None
    message: str | None
    spec: CheckSpec = field(repr=False)
    samples: list[dict[str, Any]] = field(default_factory=list)


def counts_every_row(check: CheckSpec) -> bool:
    """True when rows without a value count as checked."""
    return check.expectation in _ABOUT_MISSING


def holds(rows_checked: int, rows_failed: int, tolerance: float) -> bool:
    """GX's own rule for ``mostly``: the share of passing rows reaches the tolerance; no row at all passes."""
    return rows_checked == 0 or (rows_checked - rows_failed) / rows_checked >= tolerance


def file_status(outcomes: Iterable[CheckOutcome]) -> str:
    """``held`` on a failed critical check, ``loaded`` (undecided) when one could not be evaluated, else accepted."""
    critical = {outcome.outcome for outcome in outcomes if outcome.severity == "critical"}
    if "failed" in critical:
        return "held"
    return "loaded" if "not_evaluable" in critical else "accepted"
