import datetime as dt
from decimal import Decimal

import pytest
import yaml

from dial2deal.presentation.formats import Formats
from dial2deal.presentation.words import MissingWordError, Words
from dial2deal.reports.composition import composition
from dial2deal.reports.periods import GRANULARITIES
from dial2deal.settings import PROJECT_ROOT


def semantic_entries():
    return {
        metric["name"]: metric
        for path in sorted((PROJECT_ROOT / "dbt_project" / "models" / "semantic").rglob("*.yml"))
        for metric in yaml.safe_load(path.read_text(encoding="utf-8")).get("metrics", [])
    }


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_everything_of_a_composition_has_a_word(granularity):
    words, semantic, shown = Words("zh"), semantic_entries(), composition(granularity)
    assert words(f"title.{granularity}")
    assert all(words(f"section.{block.id}") for block in shown.blocks)
    assert all(words(f"trend.{chart.id}") for chart in shown.charts)
    named = {name for names in shown.cards for name in names}
    named |= {name for chart in shown.charts for name in (chart.bars, *chart.line)}
    assert named <= set(semantic)
    for kind in ("previous", "year_ago", *(("week_ago",) if granularity == "daily" else ())):
        assert words(f"compare.{granularity}.{kind}")


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_money_per_something_of_the_cards_has_a_word_for_it(granularity):
    """The note below a card reads "¥1,200 ÷ 3 orders": the denominator's word stands in the catalogue."""
    semantic = semantic_entries()
    for metric in (semantic[name] for names in composition(granularity).cards for name in names):
        if metric["type"] == "ratio" and metric["config"]["meta"]["unit"] == "CNY":
            assert Words("zh")(f"unit.{metric['type_params']['denominator']}")


def test_an_unknown_key_and_language_are_errors():
    with pytest.raises(MissingWordError, match=r"nothing\.here"):
        Words("en")("nothing.here")
    with pytest.raises(ValueError, match="zh, en"):
        Words("fr")


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "share", "—"),
        (0.4825, "share", "48.3%"),
        (0, "share", "0.0%"),
        (1, "share", "100.0%"),
        (1234567, "count", "1,234,567"),
        (Decimal("128400.50"), "money", "¥128,401"),
        (-5, "money", "-¥5"),
        (2.345, "multiple", "2.3×"),
        (-0.9, "ratio", "-90%"),
        (23.58, "ratio", "2,358%"),
        (59.6, "seconds", "1分00秒"),
        (42, "seconds", "42秒"),
        (146, "seconds", "2分26秒"),
    ],
)
def test_numbers_as_text(value, kind, text):
    assert Formats(Words("zh")).number(value, kind) == text


@pytest.mark.parametrize(
    ("value", "base", "kind", "text"),
    [
        (110, 100, "count", "+10.0%"),
        (90, 100, "count", "-10.0%"),
        (100, 100, "count", "±0%"),
        (5, 0, "count", "—"),
        (5, None, "count", "—"),
        (None, 5, "count", "—"),
        (0.5, 0.45, "share", "+5.0个百分点"),
        (0.45, 0.45004, "share", "±0个百分点"),
        (2.6, 2.6, "ratio", "±0个百分点"),
        (3.1, 2.9, "multiple", "+0.2×"),
        (0, 4, "count", "-100.0%"),
        (0, 0, "count", "±0%"),
    ],
)
def test_changes_as_text(value, base, kind, text):
    assert Formats(Words("zh")).change(value, base, kind) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "—"), (0, "0.0%"), (0.0004, "0.04%"), (0.001, "0.1%"), (0.4825, "48.3%"), (1, "100.0%")]
)
def test_a_small_share_shows_two_decimals(value, text):
    assert Formats(Words("zh")).fine_share(value) == text


@pytest.mark.parametrize(("locale", "text"), [("zh", "9月2日（周三）"), ("en", "2 Sep (Wed)")])
def test_dates_as_text_are_of_the_reports_language_whatever_the_machines(locale, text):
    formats = Formats(Words(locale))
    assert formats.date(dt.date(2026, 9, 2)) == text
    assert formats.month(dt.date(2026, 9, 2)) == {"zh": "九月", "en": "September"}[locale]
    assert formats.range(dt.date(2026, 9, 2), dt.date(2026, 9, 3)).startswith(text.split(" (")[0].split("（")[0])
