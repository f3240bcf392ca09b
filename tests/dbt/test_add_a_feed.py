"""docs/dev/how_to_add_a_feed.md is followed to the letter on a copy of the project."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dial2deal.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "dev" / "how_to_add_a_feed.md"
FILE = """到店编号,到店时间,手机号,接待工号,停留时长
V1,2026-03-02 10:00:00,13800130001,1001,12分5秒
V2,2026-03-03 11:30:00,,1002,60
"""
BUILD = """
import json, sys
from pathlib import Path
from dial2deal import audit, loading, policy, transform, warehouse
from dial2deal.settings import PROJECT_ROOT, Settings

settings = Settings(home=Path(sys.argv[1])).ensure()
assert PROJECT_ROOT == Path.cwd()
rules = policy.load(settings)
with warehouse.session(settings) as con:
    policy.sync(con, rules)
    (loaded,) = loading.load_landing(con, settings, rules)
judged = audit.judge(settings, rules, "b1")
built = transform.run(settings, rules, "b1", only=["stg_visits"])
with warehouse.session(settings) as con:
    rows = con.execute(
        "select source_system, visit_date::varchar, visit_id, customer_phone_masked, agent_id, stay_seconds "
        "from staging.stg_visits order by visit_id").fetchall()
print(json.dumps([loaded.status, sorted({o.check_name for o in judged}), built.red_reasons, rows]))
"""


def run(project: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The project with the files of the page's steps, then `make generate`."""
    root = tmp_path_factory.mktemp("project")
    for name in ("dial2deal", "dbt_project", "docs", "expectations", "feeds", "policy", "profiles"):
        shutil.copytree(PROJECT_ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "images"))
    step = re.compile(r"`((?:feeds|expectations)/\S+\.\w+)`[^`]*(?:`[^`]*`[^`]*)?```\w+\n(.*?)```", re.DOTALL)
    steps = step.findall(PAGE.read_text(encoding="utf-8"))
    assert [name for name, _ in steps] == ["feeds/visits.yml", "expectations/suites/visits.json"]
    for name, block in steps:
        (root / name).write_text(block, encoding="utf-8")
    return root


def test_a_file_of_the_new_feed_is_read_judged_and_staged(project, tmp_path, parsed):
    written = run(project, "-m", "dial2deal.feeds.generate").split()
    assert written == [
        "macros/feeds.sql",
        "models/raw.yml",
        "models/staging/feeds.yml",
        "models/staging/stg_visits.sql",
    ]
    shutil.copytree(parsed, tmp_path / "dbt", dirs_exist_ok=True)
    folder = tmp_path / "landing" / "generic" / "visits"
    folder.mkdir(parents=True)
    (folder / "march.csv").write_text(FILE, encoding="utf-8")
    status, checks, red, rows = json.loads(run(project, "-c", BUILD, str(tmp_path)).splitlines()[-1])
    assert (status, red) == ("loaded", [])
    assert "arrived_at_readable" in checks
    assert rows == [
        ["generic", "2026-03-02", "V1", "138****0001", "1001", 725],
        ["generic", "2026-03-03", "V2", None, "1002", 60],
    ]


def test_the_reference_lists_it(project):
    code = "import sys; sys.path.insert(0, 'docs'); import generate_reference as g; print(g.feeds_page())"
    page = run(project, "-c", code)
    assert "## visits · 到店记录" in page
    assert "| `arrived_at` | 到店时间 | timestamp | ● |" in page
