"""The audit of delivered files, its history, and the quality report. Great Expectations is imported only to audit."""

from pathlib import Path

from dial2deal.audit.release import ReleaseError, find_held, release
from dial2deal.audit.run import judge, reopen
from dial2deal.audit.suites import CheckSpec, SuiteError, checks
from dial2deal.audit.verdicts import CheckOutcome
from dial2deal.settings import Settings

__all__ = [
    "CheckOutcome",
    "CheckSpec",
    "ReleaseError",
    "SuiteError",
    "checks",
    "find_held",
    "judge",
    "release",
    "reopen",
    "write_quality_report",
]


def write_quality_report(settings: Settings, build_id: str) -> list[Path]:
    """Write quality/report.html and quality/exceptions.xlsx as of ``build_id`` and the workbooks of single files.

    Returns the paths of the first two; those of single files are rewritten only where something changed.
    """
    from dial2deal.audit.pages import file_books, report

    file_books.write(settings)
    return report.write(settings, build_id)
