"""Profiles that are like others and expressions made of terms, read from files."""

from __future__ import annotations

import duckdb
import pytest

from dial2deal.feeds.catalogue import feeds
from dial2deal.feeds.problems import ProfileError
from dial2deal.feeds.profiles import Profiles

BASE = """
description: base
time_zone: UTC
delimiter: ","
header: none
dialects: {"3": [id, at, secs]}
terms:
  outside: length({number}) > 6
  way: "case when {outside} then 'outbound' else 'inbound' end"
columns:
  call_id: id
  direction: {expression: "{way}"}
  customer_number: {const: ''}
  started_at: at
  talk_seconds: secs
values:
  direction: {in: inbound}
"""


@pytest.fixture
def folders(tmp_path):
    def write(folder, source, text, feed="calls"):
        path = tmp_path / folder / source / f"{feed}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return Profiles((tmp_path / "project", tmp_path / "own"))

    write("project", "base", BASE)
    return write


def test_terms_are_put_into_expressions_and_use_those_before_them(folders):
    file = folders("project", "x", "").get("base", "calls").file
    assert file.columns["direction"].expression == [
        "(case when (length({number}) > 6) then 'outbound' else 'inbound' end)"
    ]


def test_like_takes_all_and_changes_what_is_named(folders):
    profiles = folders(
        "project",
        "other",
        """
like: base
description: other
time_zone:
terms: {outside: "length({number}) > 4"}
columns: {agent_id: agent}
values: {direction: {out: outbound}}
""",
    )
    file = profiles.get("other", "calls").file
    assert (file.description, file.time_zone, file.delimiter) == ("other", None, ",")
    assert file.dialects == {3: ["id", "at", "secs"]}
    assert file.columns["direction"].expression == [
        "(case when (length({number}) > 4) then 'outbound' else 'inbound' end)"
    ]
    assert file.columns["agent_id"].headers == ["agent"]
    assert file.columns["call_id"].headers == ["id"]
    assert file.values == {"direction": {"in": "inbound", "out": "outbound"}}


def test_an_own_profile_may_be_like_the_one_it_replaces(folders):
    profiles = folders("own", "base", "like: base\ntime_zone: Asia/Tokyo\n")
    assert profiles.get("base", "calls").file.time_zone == "Asia/Tokyo"
    assert profiles.get("base", "calls").file.columns["call_id"].headers == ["id"]


def test_version_changes_with_the_profile_it_is_like(folders):
    before = folders("project", "other", "like: base\n").get("other", "calls").version
    after = folders("project", "base", BASE.replace("> 6", "> 7")).get("other", "calls").version
    assert before != after


@pytest.mark.parametrize("text", ["like: nobody\n", "like: other\n", "like: [base]\n"])
def test_a_wrong_like_is_said(folders, text):
    profiles = folders("project", "other", text)
    with pytest.raises(ProfileError, match=r"profiles/other/calls.yml: like: .* names no other source"):
        profiles.get("other", "calls")


def test_a_circle_is_said(folders):
    folders("project", "one", "like: two\n")
    profiles = folders("project", "two", "like: one\n")
    with pytest.raises(ProfileError, match="names no other source"):
        profiles.get("one", "calls")


def test_a_count_in_a_pattern_is_no_reference(folders):
    pattern = "regexp_matches({number}, '^[0-9]{2,6}$|^1{3}$|^0{2,}$')"
    profile = folders("project", "x", f'columns: {{direction: {{expression: "{pattern}"}}}}').get("x", "calls")
    match = profile.match(["number"])
    sql = profile.expressions_sql(match, ["number"]).columns['"=direction"']
    assert sql == f"nullif(({pattern.replace('{number}', 'c0')})::varchar, '')"


def test_terms_are_computed_once_and_say_what_the_whole_text_says(folders):
    profile = folders(
        "project",
        "x",
        """
terms:
  size: length({number})
  long: "{size} > 6"
  way: "case when {long} then 'outbound' else 'in' || {size} end"
  unused: "{long} and {way} = 'x'"
columns:
  direction: {expression: "{way}"}
  notes: {expression: "{way} || {size} || {remark?}"}
  agent_name: {expression: "case when {long} then {remark} end"}
""",
    ).get("x", "calls")
    cells = ["number", "remark"]
    found = profile.expressions_sql(profile.match(cells), cells)
    assert [list(layer) for layer in found.terms] == [['"~size"'], ['"~long"'], ['"~way"']]
    rows = "(values ('1234', 'a'), ('12345678', null), ('1234567', 'b')) as t(c0, c1)"
    with duckdb.connect() as con:
        columns = '"=direction", "=notes", "=agent_name"'
        read = con.execute(f"select {columns} from {found.over(rows)} order by c0").fetchall()
        whole = [
            f"nullif(({sql})::varchar, '')"
            for column in ("direction", "notes", "agent_name")
            for sql in [
                profile.rule(column)
                .expression[0]
                .replace("{number}", "c0")
                .replace("{remark?}", "c1")
                .replace("{remark}", "c1")
            ]
        ]
        assert read == con.execute(f"select {', '.join(whole)} from {rows} order by c0").fetchall()


def test_a_source_lists_the_feeds_that_need_no_file(folders):
    profiles = folders("project", "crm", "description: A CRM.\nsynonyms: [orders]\nlike: {base: [calls]}\n", "_source")
    assert profiles.names() == [("base", "calls"), ("crm", "calls"), ("crm", "orders")]
    orders = profiles.get("crm", "orders")
    assert (orders.path, orders.accepted["order_id"]) == (
        "profiles/crm/orders.yml",
        list(orders.feed.columns["order_id"].headers),
    )
    assert profiles.get("crm", "calls").version == profiles.get("base", "calls").version
    own = folders("own", "crm", "like: crm\ncolumns: {product: Ware}\n", "orders")
    assert own.get("crm", "orders").accepted["product"][0] == "Ware"
    assert own.get("crm", "orders").accepted["order_id"] == orders.accepted["order_id"]


def test_a_source_that_lists_every_feed_reads_a_new_one(folders):
    profiles = folders("project", "any", "description: Any.\nsynonyms: every\nlike: {base: [calls]}\n", "_source")
    assert {feed for source, feed in profiles.names() if source == "any"} == set(feeds())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("description: A CRM.\nsynonyms: [visits]\n", "profiles/crm/_source.yml: there is no feed 'visits'"),
        ("synonyms: [orders]\n", "profiles/crm/_source.yml: description: Field required"),
        ("description: [", "profiles/crm/_source.yml cannot be read"),
    ],
)
def test_a_wrong_list_of_feeds_is_named_where_one_of_them_is_looked_for(folders, text, told):
    profiles = folders("project", "crm", text, "_source")
    assert profiles.get("base", "calls") is not None
    with pytest.raises(ProfileError, match=told):
        profiles.get("crm", "orders")
