"""Gate and publication: what readers see changes only here, all at once, and only when the gate is green."""

from dial2deal.publish.run import PublishResult, publish
from dial2deal.publish.verdict import GateVerdict, IncompleteFile, gate, kept

__all__ = ["GateVerdict", "IncompleteFile", "PublishResult", "gate", "kept", "publish"]
