"""The demo, built once for all tests that compare marts with what was planted."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import duckdb
import pytest

from dial2deal.demo import write_exports
from dial2deal.settings import PROJECT_ROOT, Settings
from dial2deal.transform import parsed
from tests.demo_reader import DemoReader
from tests.helpers import few_reports

# These look at one installation that takes a minute to build; see tests/built_home.py.
_ONE_INSTALLATION = ("tests/orchestration/", "tests/browser/test_dagster_ui.py")
# These look at the demo.
_DEMO = (
    "tests/browser/test_reports.py",
    *(
        f"tests/integration/test_{name}.py"
        for name in ("call_lists", "planted_definitions", "planted_truth", "privacy", "recomputed", "reports")
    ),
)
# These build their own.
_OWN_INSTALLATION = ("tests/orchestration/test_many_days.py", "tests/orchestration/test_thirty_days.py")
# Where byte code is not kept, every process of the tests compiles the libraries anew: 15 CPU seconds each.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# New installations, child processes' too, start from the project as parsed before: 20 CPU seconds each.
os.environ.setdefault(parsed.SHARED, str(PROJECT_ROOT / ".pytest_cache" / "parsed"))
DEMO_DAYS, DEMO_CALLS_PER_DAY = 120, 200


@dataclass
class DemoBuild:
    """The demo as a user builds it, from landing to the published snapshot and the latest reports."""

    settings: Settings
    truth: dict
    reader: DemoReader

    def query(self, sql: str, *parameters) -> list[tuple]:
        """Rows from the published snapshot, ``marts`` first on the search path."""
        with duckdb.connect() as con:
            con.execute(f"attach '{self.settings.snapshot}' as warehouse (read_only)")
            con.execute("use warehouse.marts")
            return con.execute(sql, list(parameters)).fetchall()


def pytest_collection_modifyitems(items):
    """The longest test begins first: begun last, it would run alone while the other worker is idle."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/orchestration/test_thirty_days.py"))


def pytest_xdist_make_scheduler(config, log):
    """A file's tests run in one process, so that what a module builds is built once."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            shared = nodeid.startswith(_ONE_INSTALLATION) and not nodeid.startswith(_OWN_INSTALLATION)
            if nodeid.startswith(_DEMO):
                return "demo"
            return "installation" if shared else nodeid.split("::", 1)[0]

    return ByFile(config, log)


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> DemoBuild:
    """The demo built by `dial2deal build`'s own job; tests only read it. Of each kind of report it has the latest."""
    from orchestration import run

    settings = Settings(home=tmp_path_factory.mktemp("demo_build")).ensure()
    truth = write_exports(settings, days=DEMO_DAYS, calls_per_day=DEMO_CALLS_PER_DAY)
    few_reports(settings, "{key: region.focus, value: 天津}")
    outcome = run.build(settings)
    assert outcome.ok, [ran.problems for ran in (outcome.build, *outcome.reports)]
    return DemoBuild(settings, truth, DemoReader(settings.home))
