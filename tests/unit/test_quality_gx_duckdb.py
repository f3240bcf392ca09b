"""The Great Expectations adapter: every added metric against plain SQL, laziness, and the file lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

_INDEX = {
    "result_format": "BOOLEAN_ONLY",
    "unexpected_index_column_names": ["_line"],
    "return_unexpected_index_query": True,
}
_TEXTS = ["inbound", "outbound", "50%", "50x", "2026-01-05", "2026-13-05", '{"a": 1}', "{a", None, "in_x"]
# type suffix -> kwargs, then which of _TEXTS (by line) GX must call unexpected; written down by hand.
_CASES = [
    ("match_regex", {"regex": "bound"}, {2, 3, 4, 5, 6, 7, 9}),
    ("not_match_regex", {"regex": "^in"}, {0, 9}),
    ("match_regex_list", {"regex_list": ["^in", "^out"]}, {2, 3, 4, 5, 6, 7}),
    ("match_regex_list", {"regex_list": ["^in", "bound$"], "match_on": "all"}, {1, 2, 3, 4, 5, 6, 7, 9}),
    ("not_match_regex_list", {"regex_list": ["^in", "^50"]}, {0, 2, 3, 9}),
    ("match_like_pattern", {"like_pattern": "in%"}, {1, 2, 3, 4, 5, 6, 7}),
    ("not_match_like_pattern", {"like_pattern": "50_"}, {2, 3}),
    ("match_strftime_format", {"strftime_format": "%Y-%m-%d"}, {0, 1, 2, 3, 5, 6, 7, 9}),
    ("be_json_parseable", {}, {0, 1, 3, 4, 5, 7, 9, 2}),
]


@pytest.fixture(scope="module")
def datasource(tmp_path_factory):
    import great_expectations as gx

    from dial2deal.audit import gx_duckdb

    path = tmp_path_factory.mktemp("gx") / "candidate.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table texts (_line bigint, t varchar)")
        con.executemany("insert into texts values (?, ?)", list(enumerate(_TEXTS)))
        con.execute("create table many as select i as _line, i as n from range(3000000) s(i)")
    source = gx.get_context(mode="ephemeral").data_sources.add_duckdb("w", connection_string=f"duckdb:///{path}")
    yield source
    gx_duckdb.release_file(source)
    duckdb.connect(str(path)).close()


def _batch(datasource, table):
    if table not in datasource.get_asset_names():
        datasource.add_table_asset(table, table_name=table).add_batch_definition_whole_table("all")
    return datasource.get_asset(table).get_batch_definition("all").get_batch()


def _validate(batch, kind, kwargs, result_format):
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    expectation = ExpectationConfiguration(type=kind, kwargs=kwargs).to_domain_obj()
    return batch.validate(expectation, result_format=result_format)


@pytest.mark.parametrize(("suffix", "kwargs", "expected"), _CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_metric_marks_exactly_the_rows_that_break_the_rule(datasource, suffix, kwargs, expected):
    result = _validate(
        _batch(datasource, "texts"), f"expect_column_values_to_{suffix}", {"column": "t", **kwargs}, _INDEX
    )
    assert not result.exception_info["raised_exception"], result.exception_info
    with datasource.get_engine().connect() as con:
        rows = con.exec_driver_sql(result.result["unexpected_index_query"].rstrip(";")).fetchall()
    assert {row[0] for row in rows} == expected
    assert not result.success


def test_passing_values_pass(datasource):
    result = _validate(
        _batch(datasource, "texts"), "expect_column_values_to_match_regex", {"column": "t", "regex": "."}, _INDEX
    )
    assert result.success


def test_only_the_rows_gx_reads_are_fetched(datasource):
    """A query with three million unexpected rows must not be fetched whole: the memory of the process tells."""
    import psutil

    process = psutil.Process()
    before = process.memory_info().rss
    result = _validate(
        _batch(datasource, "many"),
        "unexpected_rows_expectation",
        {"unexpected_rows_query": "select * from {batch} where n >= 0"},
        "COMPLETE",
    )
    assert result.result["observed_value"] == 3_000_000
    assert len(result.result["details"]["unexpected_rows"]) <= 200
    assert process.memory_info().rss - before < 250 << 20


def test_released_file_can_be_opened_by_another_process(tmp_path):
    import great_expectations as gx

    from dial2deal.audit import gx_duckdb

    path = tmp_path / "candidate.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table t as select 1 as n, 1 as _line")
    source = gx.get_context(mode="ephemeral").data_sources.add_duckdb("w", connection_string=f"duckdb:///{path}")
    source.add_table_asset("t", table_name="t").add_batch_definition_whole_table("all")
    _validate(_batch(source, "t"), "expect_column_values_to_not_be_null", {"column": "n"}, "BASIC")
    assert not _other_process_can_write(path), "the lock is expected while GX has the file"
    gx_duckdb.release_file(source)
    assert _other_process_can_write(path)


def test_importing_quality_imports_no_great_expectations():
    code = "import sys, dial2deal.audit; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_analytics_are_switched_off_before_gx_is_imported():
    code = (
        "import sys, os; import dial2deal.audit.gx_duckdb; "
        "sys.exit(os.environ['GX_ANALYTICS_ENABLED'] != 'false' or 'posthog' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _other_process_can_write(path: Path) -> bool:
    code = f"import duckdb; duckdb.connect({str(path)!r}).close()"
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0
