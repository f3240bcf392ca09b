"""Understanding an export nobody described yet: recognise it, or propose a profile for it."""

from dial2deal.mapping.run import Mapping, map_path

__all__ = ["Mapping", "map_path"]
