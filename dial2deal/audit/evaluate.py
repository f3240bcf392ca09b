"""Ask Great Expectations which rows break which rule; one run per feed, however many files it brought.

GX runs each expectation without tolerance and returns the query that selects the unexpected rows with their file
and line. The tolerance (``mostly``) is applied per file by the audit, so a small bad file cannot hide among
large good ones, and 1,000 files cost as many GX runs as one.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dial2deal.audit.candidates import CATALOG, first_line
from dial2deal.audit.suites import CheckSpec

_RESULT_FORMAT = {
    "result_format": "BOOLEAN_ONLY",
    "unexpected_index_column_names": ["_file_id", "_line"],
    "return_unexpected_index_query": True,
}


@dataclass(frozen=True)
class Evaluation:
    """GX's answer for one check over all candidate rows of a feed.

    ``query`` selects the unexpected rows (None: there are none); ``error``: why it could not be evaluated.
    """

    check: CheckSpec
    query: str | None
    error: str | None


def evaluate(
    scratch: Path, tables: dict[str, list[CheckSpec]], parameters: dict[str, Any]
) -> dict[str, list[Evaluation]]:
    """Evaluate the checks of each scratch table; the file is closed and unlocked afterwards.

    Importing Great Expectations happens here, the first time there is something to audit.
    """
    from dial2deal.audit.gx_duckdb import release_file

    datasource = _datasource(scratch)
    try:
        return {table: _run(datasource, table, specs, parameters) for table, specs in tables.items()}
    finally:
        release_file(datasource)


def _datasource(scratch: Path):
    from dial2deal.audit.gx_duckdb import DataContextConfig, InMemoryStoreBackendDefaults, gx, sa

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    # GX's default would create a folder for its documentation pages in the system's temporary directory.
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    context = gx.get_context(mode="ephemeral", project_config=DataContextConfig(store_backend_defaults=stores))
    context.variables.progress_bars = {"globally": False}
    url = sa.URL.create("duckdb", database=str(scratch)).render_as_string(hide_password=False)
    return context.data_sources.add_duckdb("audit", connection_string=url.replace("$", r"\$"))


def _run(datasource, table: str, specs: list[CheckSpec], parameters: dict[str, Any]) -> list[Evaluation]:
    from dial2deal.audit.gx_duckdb import gx

    try:
        asset = datasource.add_table_asset(table, table_name=table, schema_name=CATALOG)
        batch = asset.add_batch_definition_whole_table("all").get_batch()
    except Exception as error:
        # Whatever GX or the engine raises here, the data has not been judged.
        return [Evaluation(spec, None, first_line(error)) for spec in specs]
    evaluations = []
    suite = gx.ExpectationSuite(name=table)
    for spec in specs:
        try:
            suite.add_expectation(_expectation(spec))
        except Exception as error:
            evaluations.append(Evaluation(spec, None, first_line(error)))
    results = batch.validate(suite, result_format=_RESULT_FORMAT, expectation_parameters=parameters)
    by_name = {result.expectation_config.meta["check"]: result for result in results.results}
    done = {evaluation.check.check_name for evaluation in evaluations}
    evaluations += [_evaluation(spec, by_name[spec.check_name]) for spec in specs if spec.check_name not in done]
    return sorted(evaluations, key=lambda evaluation: evaluation.check.check_name)


def _expectation(spec: CheckSpec):
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    return ExpectationConfiguration(
        type=spec.expectation, kwargs=spec.kwargs, severity=spec.severity, meta={"check": spec.check_name}
    ).to_domain_obj()


def _evaluation(spec: CheckSpec, result) -> Evaluation:
    if result.success:
        return Evaluation(spec, None, None)
    query = (result.result or {}).get("unexpected_index_query")
    if query:
        return Evaluation(spec, query.strip().rstrip(";"), None)
    return Evaluation(spec, None, _exception_message(result.exception_info))


def _exception_message(info: dict[str, Any] | None) -> str:
    for value in [info, *(info or {}).values()]:
        if isinstance(value, dict) and value.get("exception_message"):
            return first_line(RuntimeError(value["exception_message"]))
    return "Great Expectations returned neither a result nor a reason"
