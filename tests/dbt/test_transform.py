"""What a transform does and does not do: nothing without news, only touched dates, red with evidence."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys

import pytest

from dial2deal import transform, warehouse
from dial2deal.feeds.catalogue import feeds
from dial2deal.settings import PROJECT_ROOT, Settings
from dial2deal.transform import versions
from tests.dbt.test_new_feeds import TYPES


def call(call_id: str, started_at: str, number: str, talk: int = 0, **more: str) -> dict[str, str]:
    return {
        "call_id": call_id,
        "direction": "呼出",
        "customer_number": number,
        "started_at": started_at,
        "talk_seconds": str(talk),
        "is_connected": "是" if talk else "否",
        **more,
    }


def lead(lead_id: str, created_at: str, number: str, channel: str, **more: str) -> dict[str, str]:
    return {"lead_id": lead_id, "created_at": created_at, "customer_number": number, "channel": channel, **more}


def build(company, **options) -> transform.TransformResult:
    result = transform.run(company.settings, company.policy, "test", **options)
    assert result.green, result.red_reasons
    company.published()
    return result


def day(number: int) -> dt.date:
    return dt.date(2026, 3, number)


@pytest.fixture(scope="module")
def company(new_company):
    """Ten days of calls to three customers, a lead of the first and one order of the second."""
    made = new_company()
    made.deliver(
        "hotline",
        "calls",
        [
            call(f"{n}-{digit}", f"2026-03-{n:02d} 10:00:0{digit}", f"1380000000{digit}", 40)
            for n in range(1, 11)
            for digit in (1, 2, 3)
        ],
        "2026-03-11 06:00:00",
    )
    made.deliver("crm", "leads", [lead("L1", "2026-03-03 08:00:00", "13800000001", "百度")], "2026-03-11 06:00:00")
    made.deliver(
        "crm",
        "orders",
        [
            {
                "order_id": "O1",
                "ordered_at": "2026-03-09 12:00:00",
                "amount_cny": "100",
                "customer_number": "13800000002",
            }
        ],
        "2026-03-11 06:00:00",
    )
    build(made)
    return made


def test_without_news_nothing_happens_and_dbt_stays_unloaded(company):
    code = (
        "import sys; from dial2deal import policy, transform; from dial2deal.settings import Settings\n"
        "s = Settings.from_env(sys.argv[1]); r = transform.run(s, policy.load(s), 'b')\n"
        "print(r.changed, r.green, [m for m in sys.modules if m.split('.')[0] == 'dbt'])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(company.settings.home)],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT_ROOT,
    )
    assert out.stdout.strip() == "False True []"


def test_what_was_never_delivered_has_the_types_that_its_columns_would_have(company):
    with warehouse.session(company.settings) as con:
        tables = con.execute("select table_name from duckdb_tables() where schema_name = 'staging'").fetchall()
        for feed in (name for name in sorted(set(list(feeds())[8:]) - {"call_legs"}) if (f"stg_{name}",) in tables):
            found = dict(con.execute(f"select column_name, column_type from (describe staging.stg_{feed})").fetchall())
            wanted = {
                column.name: TYPES[column.kind]
                for column in feeds()[feed].columns.values()
                if column.name not in ("source_updated_at", "customer_number")
            }
            if "customer_number" in feeds()[feed].columns:
                wanted |= dict.fromkeys(("number_status", "customer_phone_masked", "customer_key"), "VARCHAR")
            assert {name: found.get(name) for name in wanted} == wanted, feed


def test_a_new_day_rebuilds_itself_alone(company):
    company.deliver("hotline", "calls", [call("11-1", "2026-03-11 10:00:00", "13800000003", 40)], "2026-03-12 06:00:00")
    assert build(company).dates_rebuilt["fct_calls"] == [day(11)]


def test_a_late_lead_rebuilds_the_days_on_which_its_customer_was_called(company):
    company.deliver("crm", "leads", [lead("L2", "2026-03-08 20:00:00", "13800000002", "转介绍")], "2026-03-12 07:00:00")
    rebuilt = build(company).dates_rebuilt
    assert "calls" not in rebuilt
    assert rebuilt["fct_calls"] == [day(9), day(10)]
    assert rebuilt["fct_orders"] == [day(9)]
    assert company.query(
        "select call_date, channel from marts.fct_calls where customer_phone_masked = '138****0002' "
        "and channel <> 'unattributed' order by 1"
    ) == [(day(9), "转介绍"), (day(10), "转介绍")]
    assert company.query("select channel, attribution from marts.fct_orders") == [("转介绍", "last_touch")]


def test_a_changed_first_order_changes_the_later_calls_of_its_customer_only(company):
    before = company.query("select call_date from marts.fct_calls where is_existing_customer order by 1")
    assert before == [(day(10),)]
    company.deliver(
        "crm",
        "orders",
        [
            {
                "order_id": "O1",
                "ordered_at": "2026-03-06 12:00:00",
                "amount_cny": "100",
                "customer_number": "13800000002",
            }
        ],
        "2026-03-12 08:00:00",
    )
    assert build(company).dates_rebuilt["fct_calls"] == [day(7), day(8), day(9), day(10)]
    assert company.query("select call_date from marts.fct_calls where is_existing_customer order by 1") == [
        (day(7),),
        (day(8),),
        (day(9),),
        (day(10),),
    ]


def test_a_lead_status_alone_touches_no_call(company):
    company.deliver(
        "crm", "leads", [lead("L1", "2026-03-03 08:00:00", "13800000001", "百度", status="输单")], "2026-03-12 09:00:00"
    )
    rebuilt = build(company).dates_rebuilt
    assert "fct_calls" not in rebuilt
    assert rebuilt["fct_leads"] == [day(3)]
    assert company.query("select status from marts.fct_leads where source_lead_id = 'L1'") == [("lost",)]


def test_an_emptied_day_loses_its_rows(company):
    company.deliver("hotline", "calls", [call("moves", "2026-03-20 10:00:00", "13800000009")], "2026-03-21 06:00:00")
    build(company)
    company.deliver("hotline", "calls", [call("moves", "2026-03-22 10:00:00", "13800000009")], "2026-03-23 06:00:00")
    assert build(company).dates_rebuilt["fct_calls"] == [day(20), day(22)]
    for table in ("staging.stg_calls", "quality.dq_calls", "marts.fct_calls", "core.call_day_members"):
        assert company.query(f"select count(*) from {table} where call_date = date '2026-03-20'") == [(0,)], table


def test_a_date_range_is_rebuilt_on_request(company):
    result = build(company, date_range=(day(2), day(3)))
    assert result.dates_rebuilt["fct_calls"] == [day(2), day(3)]
    assert result.dates_rebuilt["fct_leads"] == [day(3)]


def ran(result: transform.TransformResult, kind: str = "model") -> set[str]:
    return {node.name for node in result.nodes if node.resource_type == kind}


def write_policy(company, name: str, text: str) -> None:
    from dial2deal import policy, warehouse

    (company.settings.home / "policy" / name).write_text(text, encoding="utf-8")
    company.policy = policy.load(company.settings)
    with warehouse.session(company.settings) as con:
        assert policy.sync(con, company.policy)


LINES = (
    "business_line,tier_profile,sector,label_zh,label_en,valid_from,valid_to\n*,{profile},general,{label},{label},,\n"
)


def test_a_changed_rule_rebuilds_what_follows_from_it_and_a_label_that_no_model_reads_nothing(new_company):
    made = new_company()
    made.deliver("hotline", "calls", [call("1", "2026-03-01 10:00:00", "13800000001", 250)], "2026-03-11 06:00:00")
    everything = build(made)
    write_policy(made, "business_lines.csv", LINES.format(profile="fmcg", label="默认"))
    rebuilt = build(made)
    assert made.query("select tier_profile, duration_tier from marts.fct_calls") == [("fmcg", "A-")]
    assert ran(rebuilt) == descendants(made, "fct_calls") | descendants(made, "dim_business_lines")
    assert not [name for name in ran(rebuilt) if name.startswith(("stg_", "dq_", "int_", "recon_"))]
    assert len(rebuilt.nodes) < len(everything.nodes) / 2
    assert {"calls", "leads"}.isdisjoint(rebuilt.dates_rebuilt)

    write_policy(made, "settings.yml", "settings:\n  - {key: reports.first_load.days, value: 3}\n")
    assert not build(made).changed, "a setting that no model reads"
    write_policy(made, "business_lines.csv", LINES.format(profile="fmcg", label="所有"))
    assert ran(build(made)) <= {"dim_business_lines"} | descendants(made, "dim_business_lines")


def descendants(company, name: str) -> set[str]:
    manifest = transform.manifest(company.settings)
    found = versions.descendants(manifest, [f"model.dial2deal.{name}"])
    return {manifest["nodes"][key]["name"] for key in found}


def test_of_one_feed_alone_only_what_reads_it_runs(company):
    company.deliver(
        "crm",
        "channel_costs",
        [{"cost_date": "2026-03-05", "channel": "百度", "amount_cny": "5"}],
        "2026-03-13 06:00:00",
    )
    result = build(company)
    assert {"stg_channel_costs", "fct_costs", "channel_roi"} <= ran(result)
    assert not {"stg_calls", "fct_calls", "agent_performance", "funnel_by_stage", "stg_leads"} & ran(result)
    assert len(result.nodes) < 60


@pytest.fixture
def own_project(tmp_path):
    """A copy of the project that a test may damage."""
    root = tmp_path / "project"
    for folder in ("dbt_project", "policy"):
        shutil.copytree(PROJECT_ROOT / folder, root / folder)
    (root / "dial2deal/parsing").mkdir(parents=True)
    shutil.copy(PROJECT_ROOT / "dial2deal/parsing/parse.sql", root / "dial2deal/parsing")
    return root


def test_failures_make_the_build_red_and_leave_masked_evidence(new_company, own_project):
    models = own_project / "dbt_project" / "models"
    (own_project / "dbt_project/tests/singular/no_calls_to_this_number.sql").write_text(
        "select call_key, phone_e164, 'called 13800000001' as note from {{ ref('stg_calls') }}", encoding="utf-8"
    )
    (own_project / "dbt_project/tests/singular/only_a_warning.sql").write_text(
        "{{ config(severity='warn') }} select call_key from {{ ref('stg_calls') }}", encoding="utf-8"
    )
    (models / "staging" / "stg_lines.sql").write_text(
        "{{ config(materialized='table') }} select cast('13800000001x' as bigint) as line_record_key "
        "from {{ source('ops', 'secrets') }}",
        encoding="utf-8",
    )
    made = new_company()
    made.settings = Settings(home=made.settings.home, project_root=own_project)
    made.deliver("hotline", "calls", [call("1", "2026-03-01 10:00:00", "13800000001", 250)], "2026-03-11 06:00:00")
    before = sorted(own_project.rglob("*"))
    heard = []
    result = transform.run(made.settings, made.policy, "red", on_node=heard.append)

    assert sorted(own_project.rglob("*")) == before, "dbt wrote into the project"
    assert result.changed
    assert not result.green
    assert {node.unique_id for node in heard} == {node.unique_id for node in result.nodes}
    assert len(result.red_reasons) == 2
    model, test = sorted(result.red_reasons)
    assert model.startswith("model stg_lines failed: ")
    assert test.startswith("test no_calls_to_this_number found 1 row(s) in stg_calls")
    by_name = {node.name: node for node in result.nodes}
    assert by_name["only_a_warning"].status == "warn"
    assert by_name["fct_calls"].status == "skipped"  # what a failed test guards is not built on it
    assert by_name["stg_calls"].rows == 1
    assert made.query(
        "select check_name, severity, outcome, rows_failed from ops.check_results "
        "where check_name in ('no_calls_to_this_number', 'only_a_warning') order by 1"
    ) == [("no_calls_to_this_number", "critical", "failed", 1), ("only_a_warning", "warning", "failed", 1)]
    (row,) = made.query("select row_json from ops.check_failures where check_name = 'no_calls_to_this_number'")
    assert "138****0001" in row[0]
    history = made.query("from ops.check_results") + made.query("from ops.check_failures")
    assert "13800000001" not in repr(result) + repr(heard) + repr(history)

    # Nothing is forgotten: the next build with the project repaired rebuilds what the red one left behind.
    made.settings = Settings(home=made.settings.home)
    result = build(made)
    assert result.dates_rebuilt["fct_calls"] == [day(1)]
    assert made.query("select count(*) from marts.fct_calls") == [(1,)]


def test_a_description_rebuilds_nothing_and_a_changed_model_what_reads_it(new_company, own_project):
    made = new_company()
    made.settings = Settings(home=made.settings.home, project_root=own_project)
    made.deliver("hotline", "calls", [call("1", "2026-03-01 10:00:00", "13800000001", 250)], "2026-03-11 06:00:00")
    build(made)
    models = own_project / "dbt_project" / "models"
    described = next(path for path in models.rglob("*.yml") if "name: call_efficiency" in path.read_text("utf-8"))
    text = described.read_text(encoding="utf-8")
    described.write_text(text.replace("One row per", "One row for each", 1), encoding="utf-8")
    assert described.read_text(encoding="utf-8") != text
    entries = models / "semantic" / "calls" / "volume.yml"
    text = entries.read_text(encoding="utf-8")
    entries.write_text(text.replace("label: 外呼接通率", "label: 接通率"), encoding="utf-8")
    assert not build(made).changed, "not even with the label of a metric that marts carry"
    rate = "numerator: connected_dials, denominator: dials"
    entries.write_text(text.replace(rate, "numerator: connected_dials, denominator: calls"), encoding="utf-8")
    carriers = descendants(made, "call_efficiency") | descendants(made, "agent_performance")
    assert ran(build(made)) == carriers, "those that carry the rate"
    efficiency = models / "marts" / "calls" / "call_efficiency.sql"
    efficiency.write_text(efficiency.read_text(encoding="utf-8") + "\norder by 1", encoding="utf-8")
    changed = build(made)
    assert ran(changed) == descendants(made, "call_efficiency")
    assert ran(changed, "test"), "tests of what was rebuilt run"
    (own_project / "dbt_project/tests/singular/new_test.sql").write_text(
        "select call_key from {{ ref('fct_calls') }} where call_date is null", encoding="utf-8"
    )
    added = build(made)
    assert (ran(added), ran(added, "test")) == (set(), {"new_test"})
    assert not build(made).changed


def test_rows_that_staging_loses_are_found(new_company, own_project):
    staging = own_project / "dbt_project" / "macros" / "staging.sql"
    text = staging.read_text(encoding="utf-8")
    assert "superseded._line is null" in text
    staging.write_text(
        text.replace("superseded._line is null", "superseded._line is null and r._line <> 3"), encoding="utf-8"
    )
    made = new_company()
    made.settings = Settings(home=made.settings.home, project_root=own_project)
    made.deliver(
        "hotline",
        "calls",
        [call(str(n), "2026-03-01 10:00:00", "13800000001") for n in range(4)],
        "2026-03-11 06:00:00",
    )
    result = transform.run(made.settings, made.policy, "lossy")
    assert not result.green
    assert [reason for reason in result.red_reasons if "rows_lost" in reason]


def test_the_manifest_is_parsed_again_only_when_the_project_changed(new_company, own_project):
    made = new_company()
    settings = Settings(home=made.settings.home, project_root=own_project)
    first = transform.manifest(settings)
    written = (settings.dbt_target / "manifest.json").stat().st_mtime_ns
    assert transform.manifest(settings) == first
    assert (settings.dbt_target / "manifest.json").stat().st_mtime_ns == written
    (own_project / "dbt_project/tests/singular/new_test.sql").write_text("select 1 as a where false", encoding="utf-8")
    assert "test.dial2deal.new_test" in transform.manifest(settings)["nodes"]
