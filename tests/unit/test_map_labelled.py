"""`dial2deal map` on the labelled set of benchmarks/mapping, whose docstring says what of it is independent."""

from __future__ import annotations

import pytest

from benchmarks.mapping import FOUND, HALVES, answers, cases, figures

_FEED_RIGHT, _COLUMN_RIGHT, _WRONG_BUT_SURE = 0.90, 0.85, 0.02


def test_the_set_is_large_and_in_several_languages():
    labelled = [case for half in HALVES for case in cases(half)]
    assert len(labelled) >= 60
    assert len({feed for case in labelled for feed in case.feeds}) >= 12
    assert sum(case.feeds == ["none"] for case in labelled) >= 10


@pytest.mark.parametrize("half", [*HALVES, FOUND])
def test_feeds_and_columns_are_told(half):
    found = answers(half)
    told = figures(found)
    wrong = [(a.case.file, a.feed, a.sure) for a in found if not a.is_right]
    assert told.feed_right >= _FEED_RIGHT, wrong
    assert told.feed_wrong_but_sure <= _WRONG_BUT_SURE, wrong
    assert told.column_right >= _COLUMN_RIGHT
    assert told.column_wrong_but_sure <= _WRONG_BUT_SURE
