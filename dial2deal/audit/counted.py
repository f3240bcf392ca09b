"""Files of statistics delivered as single events: a column counts where a row should be one call or cost."""

from __future__ import annotations

import json
from collections.abc import Iterable

import duckdb

from dial2deal.feeds.counts import counting_headers
from dial2deal.sql import only_row


def mistaken_files(con: duckdb.DuckDBPyConnection, files: Iterable[tuple[str, str]]) -> list[str]:
    """File ids among (file id, feed) of ``files`` whose rows are counts, judged by columns that no profile asked for.

    Calls: a count above one on the average, and no row with a customer. Costs: any count of impressions or clicks.
    """
    found = []
    for file_id, feed in files:
        row = con.execute("select unknown_columns from ops.export_files where file_id = ?", [file_id]).fetchone()
        counting = counting_headers(feed, json.loads(row[0] or "[]") if row else [])
        headers = sorted({header for headers in counting.values() for header in headers})
        if headers and (feed == "channel_costs" or _are_counts(con, feed, file_id, headers)):
            found.append(file_id)
    return found


def _are_counts(con: duckdb.DuckDBPyConnection, feed: str, file_id: str, headers: list[str]) -> bool:
    counts = ", ".join("parse.num(json_extract_string(_extra, ?))" for _ in headers)
    paths = ['$."' + header.replace('"', '\\"') + '"' for header in headers]
    average, customers = only_row(
        con.execute(
            f"select avg(greatest({counts})), count(*) filter (where not parse.blank(customer_number)) "
            f'from raw."{feed}" where _file_id = ?',
            [*paths, file_id],
        )
    )
    return customers == 0 and average is not None and average > 1
