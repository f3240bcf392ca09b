"""The demo, built once for all tests that compare marts with what was planted."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import duckdb
import pytest

from dial2deal import exports, policy, publish, quality, transform, warehouse
from dial2deal.demo import write_exports
from dial2deal.settings import PROJECT_ROOT, Settings
from dial2deal.transform import parsed
from tests.demo_reader import DemoReader

# These look at one installation that takes a minute to build; see tests/built_home.py.
_ONE_INSTALLATION = ("tests/orchestration/", "tests/browser/test_dagster_ui.py")
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
    """One demo from landing to the published snapshot, with what each step returned."""

    settings: Settings
    truth: dict
    reader: DemoReader
    files: list
    checks: list
    transformed: transform.TransformResult
    verdict: publish.GateVerdict
    published: publish.PublishResult

    def query(self, sql: str, *parameters) -> list[tuple]:
        """Rows from the published snapshot, ``marts`` first on the search path."""
        with duckdb.connect() as con:
            con.execute(f"attach '{self.settings.snapshot}' as warehouse (read_only)")
            con.execute("use warehouse.marts")
            return con.execute(sql, list(parameters)).fetchall()


def pytest_xdist_make_scheduler(config, log):
    """A file's tests run in one process, so that what a module builds is built once."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            shared = nodeid.startswith(_ONE_INSTALLATION) and not nodeid.startswith(_OWN_INSTALLATION)
            return "installation" if shared else nodeid.split("::", 1)[0]

    return ByFile(config, log)


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> DemoBuild:
    """The demo built by the product; tests only read it."""
    settings = Settings(home=tmp_path_factory.mktemp("demo_build"))
    truth = write_exports(settings, days=DEMO_DAYS, calls_per_day=DEMO_CALLS_PER_DAY)
    rules = policy.load(settings)
    with warehouse.session(settings) as con:
        policy.sync(con, rules)
        files = exports.load_landing(con, settings, rules)
    checks = quality.audit(settings, rules, "demo")
    transformed = transform.run(settings, rules, "demo")
    verdict = publish.gate(settings, rules, "demo", transformed)
    assert verdict.green, (transformed.red_reasons, verdict.reasons)
    published = publish.publish(settings, rules, "demo", verdict)
    return DemoBuild(settings, truth, DemoReader(settings.home), files, checks, transformed, verdict, published)
