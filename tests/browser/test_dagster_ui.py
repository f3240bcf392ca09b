"""The Dagster UI at a populated installation, in headless Chromium."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from dial2deal import published
from dial2deal.settings import PROJECT_ROOT, Settings
from orchestration.instance import environment, instance
from tests import next_day
from tests.built_home import built_home
from tests.system_packages import chromium_path

pytestmark = [pytest.mark.browser, pytest.mark.skipif(chromium_path() is None, reason="chromium is not installed")]
_START_SECONDS = 180
_BUILD_SECONDS = 400


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Settings:
    """A copy of the built installation, whose daemon and files these tests may use."""
    settings, outcome = built_home()
    assert outcome.build.ok
    target = tmp_path_factory.mktemp("ui") / "home"
    shutil.copytree(settings.home, target, symlinks=True)
    return Settings(home=target)


@pytest.fixture(scope="module")
def site(home) -> Iterator[str]:
    """Address of ``dial2deal dev``, UI and daemon, at the installation; SIGTERM must end all its processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "dial2deal.cli", "dev", "--port", str(port)],
        cwd=PROJECT_ROOT,
        env={**os.environ, **environment(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{address}/server_info", timeout=5).read()
                break
            except (urllib.error.URLError, TimeoutError):
                assert server.poll() is None, "the web server ended"
                assert time.monotonic() < deadline, "the web server did not start"
                time.sleep(0.5)
        yield address
    finally:
        processes = [server.pid, *descendants(server.pid)]
        server.terminate()
        server.wait(timeout=60)
    assert len(processes) >= 4, "UI, daemon and their code servers"
    time.sleep(1)
    assert [pid for pid in processes if Path(f"/proc/{pid}").exists()] == []


def descendants(pid: int) -> list[int]:
    """Processes below ``pid``, by what /proc says."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(stat.parent.name), *descendants(int(stat.parent.name))]
    return found


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser, tmp_path):
    opened = browser.new_page(viewport={"width": 1600, "height": 1000})
    opened.set_default_timeout(90_000)
    yield opened
    opened.close()


def picture(page, tmp_path: Path, name: str) -> bytes:
    """A screenshot, kept where DIAL2DEAL_SCREENSHOTS says so that a person can look at it."""
    folder = Path(os.environ.get("DIAL2DEAL_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return page.screenshot(path=str(folder / f"{name}.png"))


def test_asset_graph_shows_all_layers(site, page, tmp_path):
    page.goto(f"{site}/asset-groups")
    for layer in ("raw", "staging", "quality", "intermediate", "core", "marts", "publish", "reports"):
        page.get_by_text(layer, exact=True).first.wait_for()
    assert page.get_by_text("Join the").count() == 0
    assert len(picture(page, tmp_path, "asset-graph")) > 40_000


def test_group_of_marts_opens_in_the_graph(site, page, tmp_path):
    page.goto(f"{site}/asset-groups")
    page.get_by_text("reports", exact=True).last.wait_for()
    page.wait_for_timeout(2000)  # the graph is laid out once more after its first picture
    page.get_by_text("marts", exact=True).last.click()
    page.get_by_text("channel_roi", exact=True).first.wait_for()
    picture(page, tmp_path, "marts")


def test_model_page_shows_rows_columns_and_owner(site, page, tmp_path):
    page.goto(f"{site}/assets/marts/fct_calls")
    page.get_by_text("One row per", exact=False).first.wait_for()
    page.get_by_text("talk_seconds", exact=True).first.wait_for()
    page.get_by_text("← staging.stg_calls.call_date", exact=False).first.wait_for()
    picture(page, tmp_path, "model")


def test_held_file_is_named_in_the_check(site, page, tmp_path):
    page.goto(f"{site}/assets/raw/calls?view=checks&checkDetail=every_file_used")
    page.get_by_text("file(s) not used", exact=False).first.wait_for()
    picture(page, tmp_path, "held")


def test_report_partitions_link_to_the_files(site, page, tmp_path):
    _, outcome = built_home()
    period = max(report.period for report in outcome.made if report.granularity == "daily")
    page.goto(f"{site}/assets/reports/daily?view=partitions&partition={period}")
    link = page.locator("a[href*='/files/reports/daily/'][href$='report.html']").first
    link.wait_for()
    picture(page, tmp_path, "report-partition")
    with page.context.expect_page() as opened:
        link.click()
    report = opened.value
    report.wait_for_load_state()
    assert report.url == f"{site}/files/reports/daily/{period}/report.html"
    assert "日报" in report.title() + report.inner_text("body")
    report.close()


def test_schedules_and_sensors_run(site, page, tmp_path):
    page.goto(f"{site}/automation")
    for name in ("daily_0600", "weekly_monday_0700", "monthly_first_0730", "landing_files", "failed_runs"):
        page.get_by_text(name, exact=True).first.wait_for()
    page.get_by_text("At 07:00 AM GMT+8, only on Monday", exact=False).first.wait_for()
    picture(page, tmp_path, "automation")


def test_command_line_run_is_listed_under_its_job(site, page, tmp_path):
    page.goto(f"{site}/locations/dial2deal/jobs/build/runs")
    page.get_by_text("command line", exact=False).first.wait_for()
    picture(page, tmp_path, "runs")


def test_a_run_launched_in_the_ui_builds_a_new_day(home, site, page, tmp_path):
    """A file of every feed. And the daemon starts none of its own for files that were built before it began."""
    with instance(home) as opened:
        assert {run.tags.get("dial2deal/launched_by") for run in opened.get_runs()} == {"command line"}
    paths = [next_day.deliver(home, feed) for feed in next_day.FEEDS]
    page.goto(f"{site}/locations/dial2deal/jobs/build/playground")
    page.get_by_role("button", name=re.compile("launch run", re.IGNORECASE)).first.click()
    deadline = time.monotonic() + _BUILD_SECONDS
    while True:
        with instance(home) as opened:
            runs = [run for run in opened.get_runs() if "dial2deal/launched_by" not in run.tags]
        if runs and runs[-1].is_finished:
            break
        assert time.monotonic() < deadline, [run.status for run in runs]
        time.sleep(2)
    picture(page, tmp_path, "launched-run")
    assert runs[-1].is_success
    assert next_day.unused(home, paths) == []
    with published.connect(home) as con:
        assert con.execute("select call_date from marts.fct_calls where source_call_id = 'ND1'").fetchone() == (
            next_day.DAY,
        )
