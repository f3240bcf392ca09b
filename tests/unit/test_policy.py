"""Policy files: defaults are valid, overrides replace, mistakes are named, validity dates choose the rule."""

from __future__ import annotations

import datetime as dt

import pytest

from dial2deal import policy, warehouse
from dial2deal.policy import PolicyError
from dial2deal.policy.models import BusinessResult, InternalNumber, TechResult, TierRule, ValueMap
from dial2deal.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home").ensure()


def write(settings: Settings, name: str, text: str) -> None:
    folder = settings.home / "policy"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def tier_of(rows: list[TierRule], profile: str, seconds: int) -> str:
    hits = [
        row.tier
        for row in rows
        if row.profile == profile
        and (seconds > row.lower_seconds or (row.lower_inclusive and seconds == row.lower_seconds))
        and (
            row.upper_seconds is None
            or seconds < row.upper_seconds
            or (row.upper_inclusive and seconds == row.upper_seconds)
        )
    ]
    assert len(hits) == 1, f"{seconds} s belongs to {hits}"
    return hits[0]


@pytest.mark.parametrize(
    ("seconds", "tier"),
    [
        (0, "D"),
        (29, "D"),
        (30, "C"),
        (59, "C"),
        (60, "B"),
        (300, "B"),
        (301, "A-"),
        (420, "A-"),
        (421, "A"),
        (600, "A"),
        (601, "A+"),
        (86400, "A+"),
    ],
)
def test_tier_boundaries_of_the_default_profile(settings, seconds, tier):
    assert tier_of(policy.load(settings).rows(TierRule), "default", seconds) == tier


@pytest.mark.parametrize(
    ("profile", "seconds", "tier"), [("b2b", 600, "B"), ("b2b", 601, "A-"), ("fmcg", 180, "B"), ("fmcg", 181, "A-")]
)
def test_industry_profiles_move_the_limit_of_a(settings, profile, seconds, tier):
    assert tier_of(policy.load(settings).rows(TierRule), profile, seconds) == tier


def test_every_second_of_a_day_has_exactly_one_tier_in_every_profile(settings):
    rows = policy.load(settings).rows(TierRule)
    for profile in {row.profile for row in rows}:
        for seconds in range(2000):
            tier_of(rows, profile, seconds)


def test_a_users_setting_replaces_the_default_and_changes_the_version(settings):
    before = policy.load(settings)
    write(settings, "settings.yml", "settings:\n  - {key: pool.days, value: 14}\n")
    after = policy.load(settings)
    assert (before.number("pool.days"), after.number("pool.days")) == (30, 14)
    assert after.number("min_n") == before.number("min_n")
    assert before.version != after.version


def test_scope_of_a_business_line_comes_before_the_global_value(settings):
    write(
        settings,
        "settings.yml",
        "settings:\n  - {key: pool.days, value: 30}\n  - {key: pool.days, scope: 企业服务, value: 60}\n",
    )
    loaded = policy.load(settings)
    assert loaded.number("pool.days", scope="企业服务") == 60
    assert loaded.number("pool.days", scope="课程培训") == 30


def test_the_validity_date_chooses_the_rule(settings):
    write(
        settings,
        "settings.yml",
        "settings:\n"
        "  - {key: pool.days, value: 30, valid_to: 2026-03-31}\n"
        "  - {key: pool.days, value: 45, valid_from: 2026-04-01}\n",
    )
    loaded = policy.load(settings)
    assert loaded.number("pool.days", on=dt.date(2026, 3, 31)) == 30
    assert loaded.number("pool.days", on=dt.date(2026, 4, 1)) == 45
    assert loaded.number("pool.days") == 45


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (
            "settings.yml",
            "settings:\n  - {key: pool.days, value: 1, valid_to: 2026-04-01}\n"
            "  - {key: pool.days, value: 2, valid_from: 2026-04-01}\n",
            "two rows valid on 2026-04-01",
        ),
        ("settings.yml", "settings: [", "not valid YAML"),
        ("settings.yml", "settings:\n  - {key: pool.days, value: 3, vaild_from: 2026-01-01}\n", "vaild_from"),
        ("tiers.yml", "profiles:\n  - {profile: default, tiers: {A: {above: 300}}}\n", "must start 'from: 0'"),
        ("business_lines.csv", "business_line,tier_profile\n企业服务,nope\n", "'nope'"),
        ("channel_aliases.csv", "alias,channel\n百度,无此渠道\n", "无此渠道"),
        ("channels.csv", "channel,is_paid\n电视,maybe\n", "channels.csv line 2: is_paid = 'maybe'"),
        ("cost_kinds.csv", "cost_kind,colour\nmedia,red\n", "colour"),
    ],
)
def test_mistakes_are_named(settings, file, text, expected):
    write(settings, file, text)
    with pytest.raises(PolicyError, match=None) as error:
        policy.load(settings)
    assert expected in str(error.value)


def test_a_setting_that_is_no_number_says_so(settings):
    with pytest.raises(PolicyError) as error:
        policy.load(settings).number("time_zone")
    assert "time_zone" in str(error.value)


def test_sync_writes_tables_once_and_again_after_a_change(settings):
    loaded = policy.load(settings)
    with warehouse.session(settings) as con:
        assert policy.sync(con, loaded)
        assert not policy.sync(con, loaded)
        assert con.execute("select city from policy.number_regions where prefix = '022'").fetchone() == ("天津",)
        assert con.execute(
            "select is_workday, name_zh from policy.holidays where calendar_date = date '2026-10-01'"
        ).fetchone() == (False, "国庆节")
    write(settings, "settings.yml", "settings:\n  - {key: pool.days, value: 14}\n")
    with warehouse.session(settings) as con:
        assert policy.sync(con, policy.load(settings))
        assert con.execute("select value_number from policy.settings where key = 'pool.days'").fetchall() == [(14,)]


def test_own_holidays_come_before_the_statutory_calendar(settings):
    write(settings, "holidays.csv", "calendar_date,is_workday,name_zh\n2026-10-01,true,值班\n2027-01-01,false,元旦\n")
    with warehouse.session(settings) as con:
        policy.sync(con, policy.load(settings))
        rows = con.execute(
            "select calendar_date, is_workday from policy.holidays where calendar_date in "
            "(date '2026-10-01', date '2027-01-01') order by 1"
        ).fetchall()
    assert rows == [(dt.date(2026, 10, 1), True), (dt.date(2027, 1, 1), False)]


def test_every_canonical_result_is_its_own_synonym(settings):
    rules = policy.load(settings)
    known = {(row.column_name, row.raw_value) for row in rules.rows(ValueMap)}
    for table, column in ((TechResult, "tech_result"), (BusinessResult, "business_result")):
        for row in rules.rows(table):
            assert (column, getattr(row, column)) in known


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("key: on_held_file, value: blok", "'blok' is not one of publish_and_flag, block"),
        ("key: min_n, value: abc", "must be a number"),
        ("key: min_n, value: -5", "from 0"),
        ("key: min_n, value: .nan", "from 0"),
        ("key: min_n, value: .inf", "from 0"),
        ("key: min_n, value: [1, 2]", "must be one number"),
        ("key: min_n, value: true", "must be one number"),
        ("key: min_n, value: " + "9" * 400, "must be a number"),
        ("key: min_n, value: " + "9" * 5000, "not valid YAML"),
        ("key: min_nn, value: 30", "did you mean min_n?"),
        ("key: connect.alert.warn, value: 60", "from 0 to 1"),
        ("key: time_zone, value: Mars/Olympus", "no time zone"),
        ("key: reports.locale, value: fr", "zh, en"),
        ("key: reports.day_complete_after, value: 25:99", "no time of day"),
        ("key: reports.pdf, value: 'daily, yearly'", "'yearly' is not one of"),
        ("key: pool.days, value: 14, valid_from: 2026-02-01, valid_to: 2026-01-01", "before it begins"),
        ("key: pool.days", "expected structure"),
        ("key: pool.days, value:", "must be one number"),
    ],
)
def test_a_senseless_setting_is_refused_and_named(settings, row, told):
    write(settings, "settings.yml", f"settings:\n  - {{{row}}}\n")
    with pytest.raises(PolicyError, match="settings") as caught:
        policy.load(settings)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("setings.yml", "settings: []\n", "did you mean settings.yml?"),
        ("chanels.csv", "a\n", "channels.csv"),
        ("settings.yml", "setings: []\n", "unknown entry"),
        ("settings.yml", "[" * 5000, "not valid YAML"),
        ("channels.csv", "channel\n\0\n", "channels.csv"),
    ],
)
def test_a_stray_or_broken_file_is_named(settings, name, text, told):
    write(settings, name, text)
    with pytest.raises(PolicyError) as caught:
        policy.load(settings)
    assert told in str(caught.value)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-16"])
def test_files_are_read_as_editors_on_chinese_windows_save_them(settings, encoding):
    write(settings, "settings.yml", "")
    (settings.home / "policy/settings.yml").write_bytes(
        "settings:\r\n  - {key: region.focus, value: 成都}\r\n".encode(encoding)
    )
    (settings.home / "policy/internal_numbers.csv").write_bytes("number,note\n8001,接待\n".encode(encoding))
    rules = policy.load(settings)
    assert rules.text("region.focus") == "成都"
    assert InternalNumber(number="8001", note="接待") in rules.rows(InternalNumber)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "settings:\n"])
def test_a_file_without_rows_changes_nothing(settings, text):
    before = policy.load(settings).version
    write(settings, "settings.yml", text)
    assert policy.load(settings).version == before
