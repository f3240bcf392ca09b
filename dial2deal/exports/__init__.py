"""Reading vendors' files: profiles, repairs, quarantine, manifest, loading."""

from dial2deal.exports.forget import ForgetError, forget
from dial2deal.exports.load import load_landing
from dial2deal.exports.outcome import FileResult
from dial2deal.exports.report import FileReport, file_reports

__all__ = ["FileReport", "FileResult", "ForgetError", "file_reports", "forget", "load_landing"]
