"""Metrics by name × dimensions × time over the published snapshot, and plain read-only SQL on it.

Importing this package is cheap; MetricFlow is imported when the first metric is asked for.
"""

from dial2deal.metrics.filters import parse_filter
from dial2deal.metrics.service import Metrics
from dial2deal.metrics.snapshot import MetricError, SnapshotMissingError, sql

__all__ = ["MetricError", "Metrics", "SnapshotMissingError", "parse_filter", "sql"]
