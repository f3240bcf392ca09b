"""Masked previews and column lineage."""

from __future__ import annotations

import shutil

import duckdb
import pytest

from dial2deal.privacy import mask_text
from dial2deal.settings import Settings
from dial2deal.transform import lineage, parsed
from dial2deal.transform.preview import masked_preview, shapes

SCHEMA = {
    ("staging", "stg_calls"): (
        ("call_id", "VARCHAR"),
        ("agent_id", "VARCHAR"),
        ("started_at", "TIMESTAMP"),
        ("talk_seconds", "INTEGER"),
    ),
    ("staging", "stg_agents"): (("agent_id", "VARCHAR"), ("team", "VARCHAR")),
    ("policy", "settings"): (("key", "VARCHAR"), ("value_number", "DOUBLE")),
}
QUERIES = {
    "joined": """with calls as (select * from "warehouse"."staging"."stg_calls"),
        ranked as (select calls.*, agents.team, row_number() over (partition by call_id order by started_at) as version
                   from calls left join "warehouse"."staging"."stg_agents" as agents using (agent_id))
        select call_id, team, talk_seconds * 2 as doubled, version, 1 as one from ranked where version = 1""",
    "union": """select call_id as id, talk_seconds as n from "warehouse"."staging"."stg_calls"
        union all select agent_id, null from "warehouse"."staging"."stg_agents" """,
    "subquery": """select talk_seconds / (select max(value_number) from "warehouse"."policy"."settings" where key = 'x')
        as share from "warehouse"."staging"."stg_calls" """,
    "aggregate": """select team, sum(case when talk_seconds > 0 then 1 else 0 end) as connected
        from "warehouse"."staging"."stg_calls" join "warehouse"."staging"."stg_agents" using (agent_id)
        group by team""",
}
EXPECTED = {
    "joined": {
        "call_id": ["staging.stg_calls.call_id"],
        "team": ["staging.stg_agents.team"],
        "doubled": ["staging.stg_calls.talk_seconds"],
        "one": [],
        "version": ["staging.stg_calls.call_id", "staging.stg_calls.started_at"],
    },
    "union": {
        "id": ["staging.stg_agents.agent_id", "staging.stg_calls.call_id"],
        "n": ["staging.stg_calls.talk_seconds"],
    },
    "subquery": {"share": ["policy.settings.value_number", "staging.stg_calls.talk_seconds"]},
    "aggregate": {"team": ["staging.stg_agents.team"], "connected": ["staging.stg_calls.talk_seconds"]},
}


@pytest.fixture
def project(tmp_path, monkeypatch) -> tuple[Settings, dict]:
    """Settings with compiled models of these queries, and the manifest that names them; nothing is shared."""
    monkeypatch.delenv(parsed.SHARED, raising=False)
    settings = Settings(home=tmp_path).ensure()
    nodes = {}
    for name, sql in QUERIES.items():
        path = settings.dbt_target / "compiled" / "p" / "models" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql, encoding="utf-8")
        nodes[f"model.p.{name}"] = {"package_name": "p", "original_file_path": f"models/{name}.sql"}
    return settings, {"nodes": nodes}


def found(project, relations=SCHEMA) -> dict:
    settings, manifest = project
    result = lineage.column_lineage(settings, manifest, relations, list(manifest["nodes"]))
    return {
        unique_id.split(".")[-1]: {column: [".".join(dep) for dep in deps] for column, deps in columns.items()}
        for unique_id, columns in result.items()
    }


def test_columns_are_traced_through_ctes_joins_unions_and_subqueries(project):
    assert found(project) == EXPECTED


def test_only_changed_models_are_analysed_again(project, monkeypatch):
    settings, _ = project
    first = found(project)
    analysed = []
    real = lineage._analyse
    monkeypatch.setattr(lineage, "_analyse", lambda sql, known: analysed.append(sql) or real(sql, known))
    assert found(project) == first
    assert analysed == []
    path = settings.dbt_target / "compiled" / "p" / "models" / "union.sql"
    path.write_text(QUERIES["union"].replace("talk_seconds as n", "call_id as n"), encoding="utf-8")
    assert found(project)["union"]["n"] == ["staging.stg_calls.call_id"]
    assert len(analysed) == 1
    wider = {**SCHEMA, ("staging", "stg_agents"): (*SCHEMA["staging", "stg_agents"], ("site", "VARCHAR"))}
    found(project, wider)
    assert len(analysed) == 4, "the three queries that read the changed table"


def test_installations_that_share_parsed_projects_share_lineage(project, tmp_path, monkeypatch):
    settings, manifest = project
    monkeypatch.setenv(parsed.SHARED, str(tmp_path / "shared"))
    first = found(project)
    other = Settings(home=tmp_path / "other").ensure()
    shutil.copytree(settings.dbt_target / "compiled", other.dbt_target / "compiled")
    monkeypatch.setattr(lineage, "_analyse", lambda sql, known: pytest.fail("analysed again"))
    assert found((other, manifest)) == first


def test_sql_that_cannot_be_read_has_no_lineage(project):
    settings, _ = project
    (settings.dbt_target / "compiled" / "p" / "models" / "union.sql").write_text("select from where", encoding="utf-8")
    assert "union" not in found(project)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("13812345678", "138****5678"),
        ("+8613812345678", "+86138****5678"),
        ("8613812345678 rang", "86138****5678 rang"),
        ("022-23456789", "022****6789"),
        ("通话记录_20260619_090515.csv", "通话记录_20260619_090515.csv"),
        ("20260619090515", "20260619090515"),
        ("4001234567", "400****4567"),
        ("2026-01-05 10:00:00", "2026-01-05 10:00:00"),
        ("key ab12345678cd", "key ab12345678cd"),
        ("138****5678", "138****5678"),
        ("12 rows", "12 rows"),
    ],
)
def test_numbers_are_masked_and_dates_are_not(text, masked):
    assert mask_text(text) == masked


def test_preview_hides_numbers_names_and_notes():
    con = duckdb.connect()
    con.execute(
        "create schema s; create table s.t as select '138 1234 5678' as customer_number, '张三' as agent_name, "
        "'call me at 13912345678' as notes, 'fct_calls' as source_file, 42 as n, null as empty"
    )
    text = masked_preview(con, ("s", "t"))
    assert "5678" in text
    assert "1234 5678" not in text
    assert "13912345678" not in text
    assert "张三" not in text
    assert "call me" not in text
    assert "| 42 |" in text
    assert "fct_calls" in text


def test_shapes_count_tables_but_not_views():
    con = duckdb.connect()
    con.execute("create schema s; create table s.t as select range as n from range(12); create view s.v as from s.t")
    found_shapes = shapes(con, [("s", "t"), ("s", "v"), ("s", "missing")])
    assert found_shapes.keys() == {("s", "t"), ("s", "v")}
    assert (found_shapes["s", "t"].rows, found_shapes["s", "v"].rows) == (12, None)
    assert found_shapes["s", "v"].columns == (("n", "BIGINT"),)
    assert found_shapes["s", "t"].preview.count("\n") == 6
