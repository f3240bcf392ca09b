"""Reading vendors' files: profiles, repairs, quarantine, manifest, loading."""

from dial2deal.exports.load import FileResult, load_landing

__all__ = ["FileResult", "load_landing"]
