"""dbt in process: what must be rebuilt, building it, and keeping what the models' tests found."""

from dial2deal.transform.dbt import NodeResult, manifest
from dial2deal.transform.run import TransformResult, run

__all__ = ["NodeResult", "TransformResult", "manifest", "run"]
