"""Text into raw: files loaded with their books, corrections, totals and quarantine."""

from dial2deal.loading.file_report import FileReport, file_reports
from dial2deal.loading.forget import ForgetError, forget
from dial2deal.loading.load import load_landing
from dial2deal.loading.outcome import FileResult

__all__ = ["FileReport", "FileResult", "ForgetError", "file_reports", "forget", "load_landing"]
