"""Reports in headless Chromium: readable at both widths, silent, alone, and working without scripts."""

from __future__ import annotations

import pytest

from tests.integration.report_files import installation
from tests.system_packages import chromium_path

pytestmark = [pytest.mark.browser, pytest.mark.skipif(chromium_path() is None, reason="apt-get install chromium")]
PERIODS = [("daily", "2026-06-30"), ("weekly", "2026-W26"), ("monthly", "2026-06")]
WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(demo, tmp_path_factory):
    home = installation(
        tmp_path_factory.mktemp("report_pages") / "home",
        demo.settings.published,
        "settings:\n  - {key: reports.pdf, value: none}\n",
    )
    for granularity, period in PERIODS:
        assert home.render(granularity, period).skipped_reason is None
    return {granularity: home.folder(granularity, period) / "report.html" for granularity, period in PERIODS}


@pytest.fixture
def opened(chromium, pages):
    """Opens a report and fails on any request but the page itself and on any console message."""
    contexts = []

    def open_page(granularity, width, **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.messages, page.requests = [], []
        page.on("console", lambda message: page.messages.append(message.text))
        page.on("pageerror", lambda error: page.messages.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(pages[granularity].as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("granularity", [granularity for granularity, _ in PERIODS])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_its_screen_and_loads_nothing(opened, pages, granularity, width):
    page = opened(granularity, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.messages == []
    assert [url for url in page.requests if not url.startswith("data:")] == [pages[granularity].as_uri()]
    # Text cut off by its card or heading would be wider than it.
    assert (
        page.evaluate(
            "[...document.querySelectorAll('.card, h1, h2, .headline li, .what')]"
            ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.trim())"
        )
        == []
    )
    shown = page.locator(".chart:visible")
    assert shown.count() >= 3
    assert page.locator(".chart.wide:visible").count() == (0 if width < 860 else page.locator(".chart.wide").count())
    for svg in page.locator(".chart:visible svg").all():
        assert svg.bounding_box()["width"] > 150


@pytest.mark.parametrize("width", WIDTHS)
def test_chart_text_is_large_enough_to_read(opened, width):
    page = opened("weekly", width)
    heights = page.evaluate(
        "[...document.querySelectorAll('.chart text')].filter(e => e.getClientRects().length)"
        ".map(e => e.getBoundingClientRect().height)"
    )
    assert len(heights) > 20
    assert min(heights) >= 9


def test_funnel_bars_are_as_wide_as_their_leads(opened):
    page = opened("weekly", 1280)
    rows = page.evaluate("""[...document.querySelectorAll('.funnel li')].map(li => [
        parseInt(li.querySelector('.numbers b').textContent.replace(/,/g, '')),
        li.querySelector('.track i').getBoundingClientRect().width])""")
    assert len(rows) == 6
    most, widest = rows[0]
    for leads, width in rows:
        assert width == pytest.approx(max(2, widest * leads / most), abs=1)


def test_tables_sort_by_a_click_and_by_the_keyboard(opened):
    page = opened("weekly", 1280)
    heading = page.locator("#channels th").nth(1)
    numbers = "[...document.querySelectorAll('#channels tbody tr')].map(r => parseInt(r.cells[1].dataset.sort))"
    heading.click()
    down = page.evaluate(numbers)
    assert down == sorted(down, reverse=True)
    assert heading.get_attribute("aria-sort") == "descending"
    heading.press("Enter")
    assert page.evaluate(numbers) == sorted(down)
    dates = page.locator("#high_intent th").nth(2)
    dates.click()
    moments = page.evaluate("[...document.querySelectorAll('#high_intent tbody tr')].map(r => r.cells[2].dataset.sort)")
    assert moments == sorted(moments, reverse=True)
    assert len(set(moments)) > 1


def test_long_tables_open_and_need_no_script(opened):
    page = opened("weekly", 1280)
    rows = page.locator("#agents tbody tr")
    assert page.locator("#agents tbody tr:visible").count() == 10
    page.locator("#agents + .all, #agents .all").click()
    assert page.locator("#agents tbody tr:visible").count() == rows.count() > 12
    silent = opened("weekly", 1280, java_script_enabled=False)
    assert silent.locator("#agents tbody tr:visible").count() == rows.count()
    assert silent.locator("#agents .all").count() == 0


def test_dark_screens_get_dark_paper(opened):
    page = opened("monthly", 1280, color_scheme="dark")
    red, green, blue = page.evaluate(
        "getComputedStyle(document.querySelector('.block')).backgroundColor.match(/\\d+/g).map(Number)"
    )
    assert max(red, green, blue) < 60
    assert page.messages == []
