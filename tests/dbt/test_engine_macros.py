"""The macros that hide the engines: DuckDB's results, and a Spark version of each that Spark's grammar accepts."""

from __future__ import annotations

import re

import duckdb
import sqlglot

from dial2deal import warehouse
from dial2deal.settings import PROJECT_ROOT
from dial2deal.transform import dbt, versions

ENGINE = PROJECT_ROOT / "dbt_project" / "macros" / "engine"
# macro call -> what DuckDB answers
CALLS = {
    "regexp_test(\"'ab12'\", '[0-9]')": True,
    "regexp_test(\"'ab'\", '[0-9]')": False,
    "regexp_replace_all(\"'a1b2'\", '[0-9]', '')": "ab",
    "dbt.safe_cast(\"'x'\", 'integer')": None,
    "seconds_between(\"timestamp '2026-01-01 23:59:30'\", \"timestamp '2026-01-02 00:00:15'\")": 45,
    "days_between(\"timestamp '2026-01-01 00:00:00'\", \"timestamp '2026-01-02 12:00:00'\")": 1.5,
    "date_text(add_days(\"date '2026-01-30'\", '2'))": "2026-02-01",
    "date_text(add_days(\"date '2026-01-30'\", '-30'), 'month')": "2025-12",
    "date_text(add_hours(\"timestamp '2026-01-30 23:00:00'\", '1'))": "2026-01-31",
    "date_text(add_days_to_time(\"timestamp '2026-01-30 23:00:00'\", '2'))": "2026-02-01",
    "date_text(local_time(\"timestamp '2026-01-04 20:00:00'\"))": "2026-01-05",
    "iso_weekday(\"date '2026-01-04'\")": 7,
    "iso_weekday(\"date '2026-01-05'\")": 1,
    "date_of_text(\"'2026-13-01'\")": None,
    "date_text(date_of_text(\"'2026-12-01'\"))": "2026-12-01",
    "sha256_hex(\"'abc'\")": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "hex_number(\"'0ff'\")": 255,
    "hex_number(\"'fffffffffffffff'\")": 2**60 - 1,
    "string_agg(\"'x'\", ',', '1')": "x",
    "parse_seconds(\"'5分23秒'\")": 323,
    "date_text(parse_ts(\"'2025/1/5 8:03'\"))": "2025-01-05",
    "date_text(parse_day(\"'2026年1月'\"))": "2026-01-01",
    "parse_money(\"'1.2万'\")": 12000,
    "parse_num(\"'1,234'\")": 1234.0,
    "parse_bool(\"'是'\")": True,
    "parse_clean_number(\"'138 0013 8000'\")": "13800138000",
    "parse_e164(\"'13800138000'\")": "+8613800138000",
    "parse_number_status(\"'138****1234'\")": "masked",
    "parse_mask(\"'13800138000'\")": "138****8000",
    "parse_number_prefix(\"'+862223456789'\")": "022",
}


def _dispatched() -> set[str]:
    text = "".join(path.read_text(encoding="utf-8") for path in ENGINE.glob("*.sql"))
    return set(re.findall(r"adapter\.dispatch\('(\w+)'", text))


def test_duckdb_answers_as_expected(new_company):
    made = new_company()
    text = "\n".join(f"select {{{{ {call} }}}} ;" for call in CALLS)
    compiled = dbt.invoke(made.settings, ["compile", "--inline", text]).results[0].node.compiled_code
    statements = [part for part in re.split(r" ;\s*", compiled) if part.strip()]
    with warehouse.session(made.settings) as con:
        assert {call: con.execute(sql).fetchone()[0] for call, sql in zip(CALLS, statements, strict=True)} == CALLS


def test_the_spark_versions_are_spark_sql(new_company):
    """Each macro's Spark version, called by its name, parses as Spark SQL; nested calls would be DuckDB's."""
    single = [call for call in CALLS if call.count("(") == 1 and call.split("(")[0] in _dispatched()]
    calls = [f"spark__{call}" if not call.startswith("date_text") else call for call in single]
    calls += [
        "spark__date_text(\"current_date\", 'month')",
        "spark__add_days('current_date', '2')",
        "spark__add_hours('current_timestamp', '2')",
        "spark__date_of_text(\"'2026-01-01'\")",
        "spark__safe_cast('a', 'int')",
    ]
    text = "\n".join(f"select {{{{ {call} }}}} ;" for call in calls)
    compiled = dbt.invoke(new_company().settings, ["compile", "--inline", text]).results[0].node.compiled_code
    for sql in re.split(r" ;\s*", compiled):
        if sql.strip():
            sqlglot.parse_one(sql, read="spark")
            assert "parse." not in sql


def test_every_engine_macro_has_both_versions():
    text = "".join(path.read_text(encoding="utf-8") for path in ENGINE.glob("*.sql"))
    defined = set(re.findall(r"macro\s+(\w+)\(", text))
    dispatched = _dispatched()
    missing = [
        f"{engine}__{name}"
        for name in dispatched
        for engine in ("duckdb", "spark")
        if f"{engine}__{name}" not in defined
    ]
    assert dispatched
    assert missing == []


def test_the_parse_macros_are_the_loaders_own():
    """One definition: every parse macro that dbt calls is one of the loader's."""
    con = duckdb.connect()
    con.execute(warehouse.parse_macros())
    known = {
        name
        for (name,) in con.execute(
            "select function_name from duckdb_functions() where schema_name = 'parse'"
        ).fetchall()
    }
    used = set(re.findall(r"parse\.(\w+)\(", (ENGINE / "staging.sql").read_text(encoding="utf-8")))
    assert used
    assert used <= known


def test_a_model_is_built_anew_when_what_the_strategies_read_changes():
    """Each word of meta that they name is part of a model's version, and nothing else of meta is."""
    text = (ENGINE / "incremental.sql").read_text(encoding="utf-8")
    named = set(re.findall(r"""\bmeta(?:'\))?(?: or \{\}\))?\.(\w+)""", text))
    assert named == set(versions._REPLACED)
