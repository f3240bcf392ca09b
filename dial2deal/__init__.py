"""dial2deal: call records and CRM exports in, decisions out. Pure Python; orchestration lives elsewhere."""

__version__ = "0.2.0"
