"""Metrics by name × dimensions × time over the published snapshot, and plain read-only SQL on it.

Importing this package is cheap; MetricFlow is imported when the first metric is asked for.
"""

from dial2deal.metrics.filters import parse_filter
from dial2deal.metrics.plain_sql import sql
from dial2deal.metrics.problems import MetricError
from dial2deal.metrics.service import Metrics

__all__ = ["MetricError", "Metrics", "parse_filter", "sql"]
