"""The status picked in a call list comes back through landing and stands in the next list."""

from __future__ import annotations

import datetime as dt
import shutil

import openpyxl

from dial2deal import policy, published, reports
from dial2deal.settings import Settings
from orchestration import run

PICKED = {
    "已预约": "appointed",
    "跟进中": "calling",
    "已回访": "followed_up",
    "已成交": None,
    "放弃": None,
    "无法联系": None,
}
HEADER, FIRST = 4, 5


def rendered(settings: Settings, day: dt.date) -> list:
    """Paths of the daily report of ``day``."""
    return reports.render(settings, policy.load(settings), "daily", day.isoformat()).paths


def listed(path) -> list[dict]:
    """Rows of a workbook's lists by heading, sheet after sheet."""
    found = []
    for sheet in openpyxl.load_workbook(path):
        names = [cell.value for cell in sheet[HEADER]]
        if "名单编号" in names:
            found += [
                dict(zip(names, row, strict=True))
                for row in sheet.iter_rows(min_row=FIRST, values_only=True)
                if row[0] is not None
            ]
    return found


def test_a_returned_list_is_read_and_shows_in_the_next_one(built, tmp_path):
    settings = Settings(home=tmp_path / "home")
    shutil.copytree(built[0].home, settings.home, symlinks=True)
    last = published.build_info(settings)["as_of_date"]
    day_before = last - dt.timedelta(days=1)
    paths = rendered(settings, day_before)
    teams = [path for path in paths if path.name.startswith("call_list_")]
    whole = listed(next(path for path in paths if path.name == "report.xlsx"))
    # What agents cannot call today stands in the list for all alone.
    assert {row["名单编号"].split("-")[1] for path in teams for row in listed(path)} <= {
        row["名单编号"].split("-")[1] for row in whole if row["跟进状态"] == "待跟进"
    }
    largest = max(teams, key=lambda path: len(listed(path)))
    book, marked = openpyxl.load_workbook(largest), {}
    for sheet in book:
        names = [cell.value for cell in sheet[HEADER]]
        for row in sheet.iter_rows(min_row=FIRST):
            if len(marked) < len(PICKED) and row[0].value is not None:
                word = list(PICKED)[len(marked)]
                row[names.index("跟进状态")].value = word
                marked[row[names.index("名单编号")].value.split("-")[1]] = word
    assert len(marked) == len(PICKED)
    folder = settings.landing / "call_list" / "follow_ups"
    folder.mkdir(parents=True)
    book.save(folder / largest.name)
    # The list for all comes back as well, with nothing picked: that takes nothing back.
    shutil.copyfile(next(path for path in paths if path.name == "report.xlsx"), folder / "report.xlsx")

    outcome = run.build(settings, reports=False)
    assert outcome.ok, outcome.build.problems
    after = {
        row["名单编号"].split("-")[1]: row["跟进状态"]
        for row in listed(next(path for path in rendered(settings, last) if path.name == "report.xlsx"))
    }
    for caller, word in marked.items():
        assert after.get(caller) == (word if PICKED[word] else None), word
    assert (
        listed(next(path for path in rendered(settings, day_before) if path.name == "report.xlsx"))[0]["跟进状态"]
        not in PICKED
    )  # what came back a day later is unknown to the list of its own day
