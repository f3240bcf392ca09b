"""What became of a delivered file, in the words of the ledger."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass

from dial2deal.landing.deliveries import Delivery
from dial2deal.privacy import mask_text
from dial2deal.readers.table import Table


@dataclass(frozen=True)
class Counts:
    """Valid rows of one file in its raw table; ``first`` and ``last`` include the date of undated rows."""

    rows: int = 0
    keys: int = 0
    first: dt.date | None = None
    last: dt.date | None = None
    first_dated: dt.date | None = None


@dataclass(frozen=True)
class Stored:
    """What became of one file's records, those of another width aside."""

    counts: Counts
    quarantined: int
    duplicate: int
    superseded: int


@dataclass(frozen=True)
class FileResult:
    """What became of one file. ``skipped`` files were known already and keep their earlier counts.

    ``status`` is that of the ledger, or waiting for a file that is not to be loaded yet.
    """

    file_id: str
    source: str
    feed: str
    path: str
    status: str
    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_superseded: int = 0
    rows_total_line: int = 0
    first_event_date: dt.date | None = None
    last_event_date: dt.date | None = None
    message: str | None = None
    skipped: bool = False


def loaded(
    delivery: Delivery, identity: str, table: Table, records: int, stored: Stored, ragged: tuple[int, int] = (0, 0)
) -> FileResult:
    """Result of a file that was loaded; of ``records`` what is neither valid nor quarantined is no data.

    ``ragged``: records of another width, quarantined and totals lines.
    """
    counts, quarantined = stored.counts, stored.quarantined
    return FileResult(
        file_id=identity,
        source=delivery.source,
        feed=delivery.feed,
        path=delivery.relative,
        status="loaded",
        rows_read=counts.rows + quarantined + ragged[0],
        rows_accepted=counts.rows - stored.duplicate - stored.superseded,
        rows_quarantined=quarantined + ragged[0],
        rows_duplicate=stored.duplicate,
        rows_superseded=stored.superseded,
        rows_total_line=records - counts.rows - quarantined + ragged[1],
        first_event_date=counts.first_dated,
        last_event_date=counts.last if counts.first_dated else None,
        message=mask_text("; ".join(table.notes)) or None,
    )


def waiting(delivery: Delivery, why: str) -> FileResult:
    """Result of a file that is not loaded yet; the ledger knows nothing of it."""
    return FileResult(
        file_id="", source=delivery.source, feed=delivery.feed, path=delivery.relative, status="waiting", message=why
    )


def reading(table: Table, columns: Iterable[str]) -> dict[str, str | None]:
    """How the file was read: encoding, delimiter, canonical and unknown columns, repairs, notes."""
    unknown = [mask_text(header) for header in table.match.unknown]
    return {
        "encoding": table.encoding,
        "delimiter": table.delimiter if table.encoding != "excel" else None,
        "unknown_columns": json.dumps(unknown, ensure_ascii=False) if unknown else None,
        "repairs": json.dumps(table.repairs, ensure_ascii=False) if table.repairs else None,
        "column_readings": table.sense.as_json() if table.sense else None,
        "filled_columns": json.dumps(list(columns)),
        "read_notes": mask_text("; ".join(table.notes)) or None,
    }
