"""What `dial2deal map` is asked and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dial2deal.loading.file_report import FileReport, as_dict
from dial2deal.mapping.trial import Outcome

DRY_RUN_ROWS = 200_000
_KNOWN_AT_LEAST = 2  # columns by which the loader finds a header


class MapError(RuntimeError):
    """What was asked for cannot be mapped; the message says what to do."""


@dataclass
class Mapping:
    """All that is known of one file. ``recognised`` names an existing profile, None when one is proposed.

    ``verdict`` says why the file is none of the feeds (``feed`` is then empty). ``sure``: of the feed: high, medium,
    low, or asked for; ``second``: the feed that comes next.
    """

    path: Path  # what was delivered
    name: str  # how it is called: archive.zip!file.csv for a member
    source: str
    feed: str
    recognised: str | None
    container: str
    encoding: str
    delimiter: str
    header_line: int
    columns: list[dict[str, Any]]
    candidates: list[dict[str, Any]]
    missing: dict[str, str]
    notes: list[str]
    outcome: Outcome | None
    profile_text: str | None = None
    profile_path: Path | None = None
    written: bool = False
    next_commands: list[str] = field(default_factory=list)
    problem: str | None = None
    verdict: str | None = None
    sure: str = ""
    second: str | None = None

    def failure(self, report: FileReport) -> str:
        """Why a file cannot be loaded; a header that was found here is not called lacking."""
        known = [entry["header"] for entry in self.columns if entry["column"] or entry["used_by"]]
        if self.profile_text and self.header_line and len(known) < _KNOWN_AT_LEAST:
            return (
                f"{', '.join(known) or 'No column'} is all that the proposed profile knows of this file, too "
                f"little to tell its header by. Name more of its columns, or it is none of {self.feed}."
            )
        return report.message or ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values with stable names, for --json."""
        plain = {
            key: value for key, value in vars(self).items() if key not in ("outcome", "path", "name", "profile_path")
        }
        outcome = self.outcome
        return {
            "file": self.name,
            **plain,
            "profile_path": self.profile_path and str(self.profile_path),
            "dry_run": outcome
            and {
                **{
                    counter: outcome.total(counter)
                    for counter in (
                        "rows_read",
                        "rows_accepted",
                        "rows_quarantined",
                        "rows_duplicate",
                        "rows_superseded",
                        "rows_total_line",
                    )
                },
                "is_part": outcome.is_part,
                "repeated_ids": outcome.repeated_ids,
                "unmapped_values": {column: dict(rows) for column, rows in outcome.unmapped.items()},
                "would_be_held": outcome.is_held if outcome.findings is not None else None,
                "findings": [vars(finding) for finding in outcome.findings or ()],
                "files": [as_dict(report) for report in outcome.reports],
            },
        }


@dataclass(frozen=True)
class Options:
    """What the user asked for. ``fresh``: propose, whatever profile fits; ``rows``: lines of the dry run."""

    source: str | None = None
    feed: str | None = None
    fresh: bool = False
    write: bool = True
    force: bool = False
    rows: int = DRY_RUN_ROWS
    audit: bool = True
