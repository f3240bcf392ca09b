"""The failing rows themselves, by our own SQL over GX's queries: GX reports 20 to 200 of them, people need all."""

from __future__ import annotations

from typing import Any

import duckdb

from dial2deal.audit.candidates import CATALOG, FILES, id_list
from dial2deal.audit.evaluate import Evaluation
from dial2deal.audit.suites import Suite
from dial2deal.audit.verdicts import CheckOutcome, counts_every_row
from dial2deal.feeds.catalogue import feeds

# Per check and file. A shifted column breaks every row; beyond this the pattern, not the row, is the message.
ROWS_KEPT = 5_000
_SAMPLES = 5


def unexpected_counts(con: duckdb.DuckDBPyConnection, evaluations: list[Evaluation]) -> dict[tuple[str, str], int]:
    """(check name, file id) -> unexpected rows, for the evaluations that found any."""
    parts = [
        f"select '{e.check.check_name}', _file_id, count(*) from ({e.query}) group by _file_id"
        for e in evaluations
        if e.query
    ]
    if not parts:
        return {}
    return {(name, file_id): count for name, file_id, count in con.execute(" union all ".join(parts)).fetchall()}


def checked_counts(
    con: duckdb.DuckDBPyConnection, feed: str, evaluations: list[Evaluation]
) -> dict[tuple[str, str], int]:
    """(check name, file id) -> rows the check applies to, by GX's rule for missing values."""
    counts: dict[tuple[str, str], int] = {}
    for level, table in (("row", feed), ("file", FILES)):
        specs = [e.check for e in evaluations if e.check.on == level and e.error is None]
        if not specs:
            continue
        counters = ", ".join("count(*)" if counts_every_row(spec) else f'count("{spec.column}")' for spec in specs)
        for file_id, *numbers in con.execute(
            f'select _file_id, {counters} from {CATALOG}."{table}" group by _file_id'
        ).fetchall():
            counts |= {(spec.check_name, file_id): number for spec, number in zip(specs, numbers, strict=True)}
    return counts


def collect(
    con: duckdb.DuckDBPyConnection, suite: Suite, evaluations: list[Evaluation], failed: list[CheckOutcome]
) -> None:
    """Put the failing rows of ``failed`` into temp.failing_rows, and the first ones into their samples.

    Raw values are shown as delivered; phone numbers are masked wherever they stand.
    """
    con.execute(
        "create temp table if not exists failing_rows (feed varchar, check_name varchar, severity varchar, "
        "file_id varchar, line bigint, column_name varchar, value varchar, row_json varchar)"
    )
    if not failed:
        return
    queries = {e.check.check_name: e.query for e in evaluations if e.query}
    _collect_rows(con, suite, queries, [o for o in failed if o.spec.on == "row"])
    _collect_files(con, queries, [o for o in failed if o.spec.on == "file"])
    _add_samples(con, failed)


def _collect_rows(
    con: duckdb.DuckDBPyConnection, suite: Suite, queries: dict[str, str], failed: list[CheckOutcome]
) -> None:
    if not failed:
        return
    by_check: dict[str, list[CheckOutcome]] = {}
    for outcome in failed:
        by_check.setdefault(outcome.check_name, []).append(outcome)
    con.execute(
        "create or replace temp table failing (check_name varchar, severity varchar, column_name varchar, "
        "_file_id varchar, _line bigint)"
    )
    for name, outcomes in by_check.items():
        spec = outcomes[0].spec
        con.execute(
            f"""
            insert into failing
            select ?, ?, ?, _file_id, _line from ({queries[name]})
            where _file_id in ({id_list([o.file_id for o in outcomes])})
            qualify row_number() over (partition by _file_id order by _line) <= {ROWS_KEPT}""",
            [name, spec.severity, spec.shows],
        )
    shown = sorted({outcome.spec.shows for outcome in failed})
    values = " ".join(f"when '{column}' then {_masked(suite.feed, column)}" for column in shown)
    context = ", ".join(f"{column} := {_masked(suite.feed, column)}" for column in suite.context)
    con.execute(f"""
        insert into failing_rows
        select '{suite.feed}', failing.check_name, failing.severity, failing._file_id, failing._line,
               failing.column_name, case failing.column_name {values} end, to_json(struct_pack({context}))
        from failing
        inner join raw."{suite.feed}" r on r._file_id = failing._file_id and r._line = failing._line
        where r._file_id in ({id_list(sorted({o.file_id for o in failed}))})""")
    con.execute("drop table failing")


def _collect_files(con: duckdb.DuckDBPyConnection, queries: dict[str, str], failed: list[CheckOutcome]) -> None:
    for outcome in failed:
        column = f'"{outcome.spec.column}"'
        shown = f"round(100 * {column}, 1) || ' %'" if outcome.spec.column.endswith("_share") else f"{column}::varchar"
        con.execute(
            f"""
            insert into failing_rows
            select ?, ?, ?, _file_id, null, ?, {shown}, null
            from ({queries[outcome.check_name]}) where _file_id = ?""",
            [outcome.feed, outcome.check_name, outcome.severity, outcome.spec.shows, outcome.file_id],
        )


def _add_samples(con: duckdb.DuckDBPyConnection, failed: list[CheckOutcome]) -> None:
    samples: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for name, file_id, line, column, value in con.execute(f"""
            select check_name, file_id, line, column_name, value from failing_rows
            qualify row_number() over (partition by check_name, file_id order by line nulls first) <= {_SAMPLES}
            order by check_name, file_id, line nulls first""").fetchall():
        samples.setdefault((name, file_id), []).append({"line": line, "column": column, "value": value})
    for outcome in failed:
        outcome.samples = samples.get((outcome.check_name, outcome.file_id), [])


def _masked(feed: str, column: str) -> str:
    text = f'parse.mask_text(r."{column}")'
    if feeds()[feed].columns[column].kind == "phone":
        return f'coalesce(parse.mask(r."{column}"), {text})'
    return text
