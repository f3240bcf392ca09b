"""docs/dev/how_to_add_a_block.md is followed to the letter: one line of a composition and one word."""

from __future__ import annotations

import datetime as dt
import re

import openpyxl
import pytest
import yaml

from dial2deal.metrics import Metrics
from dial2deal.presentation import words
from dial2deal.reports import context
from dial2deal.reports.composition import Composition, composition
from dial2deal.settings import PROJECT_ROOT
from tests.integration.report_files import installation

PAGE = PROJECT_ROOT / "docs" / "dev" / "how_to_add_a_block.md"
WEEK = "2026-W26"


@pytest.fixture
def followed(demo, tmp_path, monkeypatch):
    """The weekly report with the page's line at the end of its blocks and the page's word in the catalogue."""
    line, word = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    path = PROJECT_ROOT / "dial2deal" / "reports" / "composition" / "weekly.yml"
    changed = Composition.model_validate(yaml.safe_load(path.read_text(encoding="utf-8").rstrip("\n") + "\n" + line))
    assert changed.blocks[:-1] == composition("weekly").blocks
    monkeypatch.setattr(context, "composition", lambda _: changed)
    for key, texts in yaml.safe_load(word).items():
        monkeypatch.setitem(words.catalogue(), key, texts)
    rendered = installation(tmp_path / "home", demo.settings.published, "settings: [{key: reports.pdf, value: none}]\n")
    return rendered, rendered.content("weekly", WEEK)


def test_page_workbook_and_json_show_the_new_block(demo, followed):
    rendered, content = followed
    rows = content["sections"]["regions"]["rows"]
    asked = Metrics(rendered.settings).query(
        ["high_intent_calls", "high_intent_rate"],
        ["region_province"],
        start=dt.date(2026, 6, 22),
        end=dt.date(2026, 6, 28),
    )
    expected = sorted((row["high_intent_calls"] or 0 for row in asked), reverse=True)[:10]
    assert [row["high_intent_calls"] for row in rows] == expected
    for rate in (row["high_intent_rate"] for row in rows):
        assert (rate["value"] is None) == (rate["den"] == 0)
        assert rate["den"] == 0 or rate["low"] <= rate["value"] <= rate["high"]
    assert content["section_order"][-1] == "regions"
    page = (rendered.folder("weekly", WEEK) / "report.html").read_text(encoding="utf-8")
    section = page[page.index('id="regions"') :]
    assert section.index("<h2>地区</h2>") < section.index("高意向占比") < section.index(rows[0]["region_province"])
    sheet = openpyxl.load_workbook(rendered.folder("weekly", WEEK) / "report.xlsx")["地区"]
    header = [cell.value for cell in sheet[4]]
    assert header == ["省份", "高意向通话", "高意向占比", "分子", "分母", "区间下限", "区间上限", "较上期"]
    assert [row[1] for row in sheet.iter_rows(min_row=5, values_only=True)] == expected


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{kind: tabel, id: x}", "tabel"),
        ("{kind: table, id: x, metric: calls}", "metric"),
        ("{kind: work_list, id: x}", "shown"),
    ],
)
def test_a_wrong_line_is_refused_by_its_field(line, told):
    with pytest.raises(ValueError, match=told):
        Composition.model_validate({"trend_periods": 1, "cards": [], "blocks": [yaml.safe_load(line)]})
