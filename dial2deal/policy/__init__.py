"""Business rules as data: thresholds, tiers, funnels, channels and vocabularies with validity dates."""

from dial2deal.policy.load import Policy, load
from dial2deal.policy.rows import PolicyError
from dial2deal.policy.sync import sync

__all__ = ["Policy", "PolicyError", "load", "sync"]
