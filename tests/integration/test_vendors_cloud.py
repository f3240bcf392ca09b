"""Exports of cloud contact centres and CRMs in their true shape, row by row against rows written by hand.

tests/fixtures/vendor_rows/<source>/<feed>[.<variant>].yml holds the rows expected of the fixture of the same name:
every filled canonical column as ``text => meaning``, or just ``text`` where both are the same.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from dial2deal.feeds.catalogue import feeds
from tests.integration.vendor_files import VENDORS
from tests.unit.exports_support import Landing

ROWS = VENDORS.parent / "vendor_rows"
PROFILES = Path(__file__).parents[2] / "profiles"
EXPECTED = sorted(ROWS.glob("*/*.yml"))
_MEANING = {
    "timestamp": "parse.ts({0})", "date": "parse.day({0})", "seconds": "parse.seconds({0})",
    "money": "parse.money({0})", "number": "{0}", "boolean": "parse.bool({0})",
    "phone": "coalesce(parse.e164({0}), parse.number_status({0}))",
    "map": "coalesce((select any_value(canonical_value) from ops.value_maps v where v.source = r._source and "
           "v.feed = '{1}' and v.column_name = '{0}' and v.raw_value = lower(trim(r.{0}))), 'unmapped')",
}


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "home")


def filled_rows(landing: Landing, feed: str) -> list[dict[str, str]]:
    """The rows of raw.<feed> in the order of the file, filled columns as in the expectations."""
    rows = []
    columns = list(feeds()[feed].columns.values())
    selected = [f"r.{c.name}, ({_MEANING.get(c.kind, '{0}').format(c.name, feed)})::varchar" for c in columns]
    for cells in landing.query(f"select {', '.join(selected)} from raw.{feed} r order by _line"):
        row = {}
        for column, text, meaning in zip(columns, cells[::2], cells[1::2], strict=True):
            if text is not None:
                row[column.name] = text if meaning == text else f"{text} => {meaning if meaning is not None else '-'}"
        rows.append(row)
    return rows


@pytest.mark.parametrize("expected_file", EXPECTED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_rows_of_a_vendors_file(landing, expected_file):
    source, name = expected_file.parent.name, expected_file.stem
    (fixture,) = [path for path in (VENDORS / source).glob(f"{name}.*") if path.name.removesuffix(path.suffix) == name]
    expected = yaml.load(expected_file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    feed = name.split(".")[0]
    folder = expected.get("folder", feed)
    if "profile" in expected:
        landing.profile(f"{source}/{folder}.yml", (PROFILES / source / expected["profile"]).read_text(encoding="utf-8"))
    landing.put(f"{source}/{folder}/{fixture.name}", fixture.read_bytes())
    result = landing.one()
    assert (result.status, result.message) == ("loaded", expected.get("message"))
    assert filled_rows(landing, feed) == expected["rows"]
    counts = {key: int(expected.get(key, 0)) for key in ("accepted", "quarantined", "not_data")}
    assert counts == {"accepted": result.rows_accepted, "quarantined": result.rows_quarantined,
                      "not_data": result.rows_total_line}
    if "unknown_columns" in expected:
        ((unknown,),) = landing.query("select unknown_columns from ops.export_files")
        assert json.loads(unknown or "[]") == expected["unknown_columns"]


def test_amounts_of_another_currency_are_converted_by_a_profile_of_ones_own(landing):
    """The example of docs/reference/vendors_cloud.md."""
    page = (PROFILES.parent / "docs/reference/vendors_cloud.md").read_text(encoding="utf-8")
    (example,) = [part for part in page.split("```")[1::2] if "salesforce/orders.yml" in part]
    landing.profile("salesforce/orders.yml", example.removeprefix("yaml"))
    landing.put("salesforce/orders/a.csv", (VENDORS / "salesforce/orders.csv").read_bytes())
    landing.one()
    amounts = {row["order_id"]: (row.get("amount_cny"), row["currency"]) for row in filled_rows(landing, "orders")}
    assert amounts["0065g00000DDDDD"] == ("12800.5 => 12800.50", "CNY => cny")
    assert amounts["0065g00000DDDDF"] == ("6390.000 => 6390.00", "CNY => cny")


def test_only_one_of_wukongs_amounts_is_revenue(landing):
    """Receipts and opportunities are refused where contracts are read."""
    for name in ("receivables", "business"):
        landing.put(f"wukong_crm/orders/{name}.csv", (VENDORS / f"wukong_crm/orders.{name}.csv").read_bytes())
    results = landing.load()
    assert [result.status for result in results] == ["failed", "failed"]
    assert all("order" in result.message for result in results)


def test_an_answer_page_its_items_and_one_item_per_line_are_one_export(landing):
    page = json.loads((VENDORS / "aliyun_ccc/calls.json").read_text(encoding="utf-8"))
    items = page["Data"]["List"]
    landing.put("aliyun_ccc/calls/page.json", json.dumps(page, ensure_ascii=False))
    landing.put("aliyun_ccc/calls/items.json", json.dumps(items, indent=1))
    landing.put("aliyun_ccc/calls/lines.jsonl", "\n".join(map(json.dumps, items)))
    assert [(r.status, r.rows_read, r.rows_duplicate) for r in landing.load()] == [
        ("loaded", 4, 0), ("loaded", 4, 4), ("loaded", 4, 4)]
