"""dbt in process: what must be rebuilt, building it, and keeping what the models' tests found."""

from dial2deal.transform.build import TransformResult, by_hand, kept, run
from dial2deal.transform.dbt import NodeResult, manifest
from dial2deal.transform.results import TestOutcome, latest_tests

__all__ = ["NodeResult", "TestOutcome", "TransformResult", "by_hand", "kept", "latest_tests", "manifest", "run"]
