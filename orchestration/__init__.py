"""Dagster side of dial2deal: thin definitions that call the functions of the ``dial2deal`` package."""
