import re
import string
from decimal import Decimal

import pytest
import yaml

from dial2deal.reports.context import layout
from dial2deal.reports.labels import LOCALES, MissingLabelError, Words, catalogue
from dial2deal.settings import PROJECT_ROOT

REPORTS = PROJECT_ROOT / "dial2deal" / "reports"
# Keys put together at run time: prefix -> where the endings come from.
FAMILIES = (
    "weekday.",
    "compare.",
    "section.",
    "severity.",
    "trend.",
    "status.",
    "title.",
    "feed.",
    "footer.status.",
    "footer.",
    "compare.reason.",
    "head.",
    "channels.",
    "unit.",
    "direction.",
    "heatmap.way.",
)


def used_keys():
    """Keys written out in the sources, of Python and of the templates."""
    found = set()
    for path in (*REPORTS.glob("*.py"), *REPORTS.glob("templates/*.j2")):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"""\b(?:words|self|t)\(\s*["']([a-z_]+\.[a-z_.0-9]*[a-z0-9])["']""", text))
        if path.name in ("excel.py", "call_list.py"):
            found |= set(re.findall(r"""\("([a-z_]+\.[a-z_]+)", "[a-z]+", \d+[,)]""", text))  # columns of a sheet
    return found


def test_every_text_exists_in_every_language():
    for key, texts in catalogue().items():
        assert set(texts) == set(LOCALES), key
        assert all(isinstance(text, str) and text for text in texts.values()), key


def test_the_languages_fill_in_the_same_values():
    def names(text):
        return {name.split(".")[0] for _, name, _, _ in string.Formatter().parse(text) if name}

    optional = {"month_name", "month", "year"}  # one language writes the month as a number, the other as a name
    for key, texts in catalogue().items():
        assert names(texts["zh"]) - optional == names(texts["en"]) - optional, key


def test_no_label_is_missing():
    keys = used_keys()
    assert len(keys) > 100
    assert sorted(keys - set(catalogue())) == []


def test_no_label_is_left_over():
    keys = used_keys()
    sources = (*REPORTS.glob("*.py"), *REPORTS.glob("templates/*.j2"))
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    unused = [
        key
        for key in catalogue()
        if key not in keys and f'"{key}"' not in text and f"'{key}'" not in text and not key.startswith(FAMILIES)
    ]
    assert unused == []


def semantic_entries():
    return {
        metric["name"]: metric
        for path in sorted((PROJECT_ROOT / "dbt_project" / "models" / "semantic").rglob("*.yml"))
        for metric in yaml.safe_load(path.read_text(encoding="utf-8")).get("metrics", [])
    }


def test_everything_in_the_layout_has_a_label():
    words, semantic = Words("zh"), semantic_entries()
    for granularity, report in layout()["reports"].items():
        assert words(f"title.{granularity}")
        assert all(words(f"section.{name}") for name in report["sections"])
        assert all(words(f"trend.{chart['id']}") for chart in report["charts"])
        named = {name for names in report["cards"] for name in names} | {
            name for chart in report["charts"] for name in (chart["bars"], *chart["line"])
        }
        assert named <= set(semantic)
        for kind in ("previous", "year_ago", *(("week_ago",) if granularity == "daily" else ())):
            assert words(f"compare.{granularity}.{kind}")


def test_money_per_something_of_the_cards_has_a_word_for_it():
    """The note below a card reads "¥1,200 ÷ 3 orders": the denominator's word stands in labels.yml."""
    semantic = semantic_entries()
    for report in layout()["reports"].values():
        for metric in (semantic[name] for names in report["cards"] for name in names):
            if metric["type"] == "ratio" and metric["config"]["meta"]["unit"] == "CNY":
                assert Words("zh")(f"unit.{metric['type_params']['denominator']}")


def test_an_unknown_key_and_language_are_errors():
    with pytest.raises(MissingLabelError, match=r"nothing\.here"):
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
    assert Words("zh").number(value, kind) == text


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
    assert Words("zh").change(value, base, kind) == text
