"""DuckDB as a Great Expectations data source, built on the hook GX itself uses for SQLite.

Importing this module imports Great Expectations (5-9 s); do so only when there are files to audit.
Registering the class below gives every context ``context.data_sources.add_duckdb(name, connection_string=…)``.
"""

from __future__ import annotations

import os

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read by GX at import; nothing may leave the machine

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import great_expectations as gx
import sqlalchemy as sa
from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)
from great_expectations.expectations.registry import get_metric_kwargs

__all__ = [
    "DataContextConfig",
    "DuckDBDatasource",
    "DuckDBExecutionEngine",
    "InMemoryStoreBackendDefaults",
    "gx",
    "release_file",
    "sa",
]


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """One connection for the life of the engine, as GX does for SQLite.

    GX leaves ``get_connection()`` before it fetches; a DuckDB result does not outlive its connection.
    Rows stay lazy, so a query that returns millions of rows costs only the ones GX reads.
    """

    _duckdb_connection: sa.Connection | None = None

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """The engine's one connection, opened on first use."""
        if self._duckdb_connection is None or self._duckdb_connection.closed:
            self._duckdb_connection = self.engine.connect()
        yield self._duckdb_connection

    def close(self) -> None:
        """Close the connection. The file lock is free after the data source's engine is disposed as well."""
        connection, self._duckdb_connection = self._duckdb_connection, None
        if connection is not None:
            connection.close()
        super().close()


class DuckDBDatasource(SQLDatasource):
    """``context.data_sources.add_duckdb``; tables and queries as for any SQL data source."""

    type: Literal["duckdb"] = "duckdb"

    @property
    def execution_engine_type(self) -> type[SqlAlchemyExecutionEngine]:
        """Engine class whose MRO GX walks to find a metric's implementation."""
        return DuckDBExecutionEngine


def release_file(datasource: DuckDBDatasource) -> None:
    """Give the database file back: closing the engine or disposing of the pool alone keeps its lock."""
    datasource.get_execution_engine().close()
    datasource.get_engine().dispose()


Condition = Callable[..., sa.ColumnElement[bool]]


def _matches(column: sa.ColumnElement, pattern: str) -> sa.ColumnElement[bool]:
    # DuckDB's ~ is a full match; GX means a search.
    return sa.func.regexp_matches(column, pattern)


def _combine(match_on: str | None) -> Callable[..., sa.ColumnElement[bool]]:
    return sa.and_ if match_on == "all" else sa.or_


def _match_regex(column, regex):
    return _matches(column, regex)


def _not_match_regex(column, regex):
    return sa.not_(_matches(column, regex))


def _match_regex_list(column, regex_list, match_on=None):
    return _combine(match_on)(*[_matches(column, regex) for regex in regex_list])


def _not_match_regex_list(column, regex_list):
    return sa.and_(*[sa.not_(_matches(column, regex)) for regex in regex_list])


def _match_like(column, like_pattern, escape=None):
    return column.like(like_pattern, escape=escape)


def _not_match_like(column, like_pattern, escape=None):
    return sa.not_(column.like(like_pattern, escape=escape))


def _match_strftime(column, strftime_format):
    return sa.func.try_strptime(sa.cast(column, sa.String), strftime_format).is_not(None)


def _json_parseable(column):
    return sa.func.json_valid(column)


_CONDITIONS: dict[str, Condition] = {
    "column_values.match_regex": _match_regex,
    "column_values.not_match_regex": _not_match_regex,
    "column_values.match_regex_list": _match_regex_list,
    "column_values.not_match_regex_list": _not_match_regex_list,
    "column_values.match_like_pattern": _match_like,
    "column_values.not_match_like_pattern": _not_match_like,
    "column_values.match_strftime_format": _match_strftime,
    "column_values.json_parseable": _json_parseable,
}


def _register(metric: str, condition: Condition) -> None:
    """Add DuckDB's implementation of a column-map metric under GX's own parameter names."""
    keys = tuple(get_metric_kwargs(f"{metric}.condition")["metric_value_keys"])

    def implementation(cls: type, column: sa.ColumnElement, **kwargs: Any) -> sa.ColumnElement[bool]:
        return condition(column, *(kwargs.get(key) for key in keys))

    # Defining the class registers it: GX's metaclass does the rest.
    type(
        "DuckDB" + metric.partition(".")[2].title().replace("_", ""),
        (ColumnMapMetricProvider,),
        {
            "condition_metric_name": metric,
            "condition_value_keys": keys,
            "_duckdb": column_condition_partial(engine=DuckDBExecutionEngine)(implementation),
        },
    )


for _metric, _condition in _CONDITIONS.items():
    _register(_metric, _condition)
