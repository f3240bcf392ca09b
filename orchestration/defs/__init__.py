"""Definitions by topic; ``orchestration.definitions`` puts them together.

No postponed annotations here: Dagster reads the annotation of ``context`` as an object.
"""
