"""Reading vendors' files: profiles, repairs, quarantine, manifest, loading."""

from dial2deal.exports.load import load_landing
from dial2deal.exports.outcome import FileResult

__all__ = ["FileResult", "load_landing"]
