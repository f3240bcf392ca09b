"""Understanding an export nobody described yet: recognise it, or propose a profile for it."""

from dial2deal.mapping.result import Mapping
from dial2deal.mapping.run import map_path

__all__ = ["Mapping", "map_path"]
