"""The house keeps its own rules, and each rule is seen to catch a planted offence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.structure import engine_lints, lints, word_lints

ROOT = Path(__file__).resolve().parents[2]

_GOOD_YML = """
models:
  - name: {name}
    description: One row per call.
    columns:
      - {{name: call_key, description: Key of the call., data_tests: [unique]}}
"""


def plant(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


_METRIC_YML = """
semantic_models:
  - name: calls
    dimensions:
      - name: direction
        type: categorical
        label: 方向
        config: {meta: {label_en: Direction, values: {inbound: {zh: 呼入, en: Inbound}}}}
metrics:
  - name: connected
    label: 接通量
    description: Answered calls.
    type: simple
    type_params: {measure: {name: connected, fill_nulls_with: 0}}
    config:
      meta: {label_en: Connected, requirements: [R101], feeds: [calls], unit: calls, kind: count, good: up,
        null_when: never}
  - name: leads
    label: 线索
    description: Leads created.
    type: simple
    type_params: {measure: {name: leads, fill_nulls_with: 0}}
    config:
      meta: {label_en: Leads, requirements: [R094], feeds: [leads], unit: leads, kind: count, good: up,
        null_when: never}
  - name: connected_rate
    label: 接通率
    description: Connected calls ÷ leads.
    type: ratio
    type_params: {numerator: connected, denominator: leads}
    config:
      meta: {label_en: Connected rate, requirements: [R101], feeds: [calls, leads], unit: share, kind: share,
        good: up, null_when: no_denominator}
"""
_METRICS_PATH = "dbt_project/models/semantic/calls/volume.yml"

CLEAN = {
    _METRICS_PATH: _METRIC_YML,
    "dial2deal/a.py": "import duckdb\n",
    "dbt_project/models/staging/stg_x.sql": "select * from {{ source('raw', 'calls') }}",
    "dbt_project/models/staging/stg_x.yml": _GOOD_YML.format(name="stg_x"),
    "dbt_project/models/marts/calls/m.sql": "select {{ string_agg('a') }} as a from {{ ref('c') }} where b > 0",
    "dbt_project/models/marts/calls/m.yml": _GOOD_YML.format(name="m"),
    "dbt_project/models/core/c.sql": "select * from {{ ref('stg_x') }}",
    "dbt_project/models/core/c.yml": _GOOD_YML.format(name="c"),
    "dial2deal/presentation/words/a.yml": "a.b: {zh: '甲 {n}', en: 'A {n}'}\n",
    "dial2deal/w.py": "words('a.b', n=1)\n",
    "dbt_project/macros/engine/staging.sql": "{% macro parse_day(t) %} parse.day({{ t }}) {% endmacro %}",
    "dbt_project/macros/engine/e.sql": "{% macro x() %} regexp_matches(a, 'b') {% endmacro %}",
}

_M_YML = _GOOD_YML.format(name="m")
_CORE_SQL = "dbt_project/models/core/c.sql"
_M_PATH = "dbt_project/models/marts/calls/m.yml"

OFFENCES = [
    (lints.layer_direction, {"dbt_project/models/staging/stg_y.sql": "select * from {{ ref('c') }}"}),
    (lints.layer_direction, {"dbt_project/models/marts/calls/m2.sql": "select * from {{ ref('stg_x') }}"}),
    (lints.layer_direction, {"dbt_project/models/marts/calls/m2.sql": "select * from {{ source('raw', 'calls') }}"}),
    (
        lints.tests_read_what_was_replaced,
        {_M_PATH: _M_YML + "# {where: call_date in (select event_date from ops.build_dates)}\n"},
    ),
    (lints.models_documented, {"dbt_project/models/marts/calls/m2.sql": "select 1 as a"}),
    (lints.models_documented, {_M_PATH: _M_YML.replace("One row", "Rows")}),
    (lints.models_documented, {_M_PATH: _M_YML.replace("[unique]", "[]")}),
    (lints.models_documented, {_M_PATH: _M_YML.replace("Key of the call.", "''")}),
    (lints.metrics_documented, {_METRICS_PATH: _METRIC_YML.replace("label: 接通量", "label: ''")}),
    (lints.metrics_documented, {_METRICS_PATH: _METRIC_YML.replace("label_en: Connected, ", "")}),
    (lints.metrics_documented, {_METRICS_PATH: _METRIC_YML.replace("feeds: [calls], ", "", 1)}),
    (lints.metrics_documented, {_METRICS_PATH: _METRIC_YML.replace("good: up", "good: high", 1)}),
    (lints.metrics_documented, {_METRICS_PATH: _METRIC_YML.replace("R101", "none", 1)}),
    (lints.metrics_documented, {_METRICS_PATH: _METRIC_YML.replace("null_when: never", "null_when: no_rows", 1)}),
    (lints.metrics_documented, {_METRICS_PATH: _METRIC_YML.replace("kind: share", "kind: share, numerator: dials")}),
    (lints.metrics_documented, {_METRICS_PATH: _METRIC_YML.replace("feeds: [calls, leads]", "feeds: [calls]")}),
    (lints.metrics_documented, {_METRICS_PATH: _METRIC_YML.replace("label_en: Direction, ", "")}),
    (lints.metrics_documented, {_METRICS_PATH: _METRIC_YML.replace("en: Inbound", "en: ''")}),
    (lints.metrics_documented, {_METRICS_PATH: _METRIC_YML + "# " + "x" * 119}),
    (lints.metrics_documented, {_METRICS_PATH: _METRIC_YML + "#\n" * 300}),
    (lints.models_by_topic, {"dbt_project/models/semantic/calls.yml": _METRIC_YML}),
    (lints.models_by_topic, {"dbt_project/models/marts/m.sql": "select 1 as a"}),
    (
        lints.intervals_of_metrics,
        {"dbt_project/models/marts/calls/m.sql": "select {{ wilson_low('a', 'b', 'z') }} as low"},
    ),
    (lints.engine_specific_sql, {_CORE_SQL: "select strftime(a, '%Y') as y from {{ ref('stg_x') }}"}),
    (lints.engine_specific_sql, {"dbt_project/macros/m.sql": "select a ->> 'b' as y"}),
    (lints.engine_specific_sql, {"dial2deal/reports/queries/q.sql": "select count_if(a) from fct_calls"}),
    (lints.magic_thresholds, {"dial2deal/reports/queries/q.sql": "select a from fct_calls where talk_seconds > 300"}),
    (lints.magic_thresholds, {_CORE_SQL: "select talk_seconds > 300 as high from {{ ref('stg_x') }}"}),
    (lints.magic_thresholds, {_CORE_SQL: "select 1 as a where t between 30 and 60"}),
    (lints.file_sizes, {"dial2deal/long.py": "x = 1\n" * 501}),
    (lints.modules_left_out, {"tests/test_a.py": "import pytest\npytestmark = [pytest.mark.slow]\n"}),
    (
        engine_lints.portable_contracts,
        {_M_PATH: _M_YML.replace("description: Key", "data_type: varchar, description: Key")},
    ),
    (engine_lints.later_layers_need_no_parser, {_CORE_SQL: "select {{ parse_day('a') }} as a from {{ ref('stg_x') }}"}),
    (
        engine_lints.later_layers_need_no_parser,
        {
            _CORE_SQL: "select {{ outer('a') }} as a from {{ ref('stg_x') }}",
            "dbt_project/macros/o.sql": "{% macro outer(t) %}{{ parse_day(t) }}{% endmacro %}",
        },
    ),
    (word_lints.words_used, {"dial2deal/w.py": "words('a.c')\nx = 'a.b'\n"}),
    (word_lints.words_used, {"dial2deal/w.py": "words(f'b.{x}')\n"}),
    (word_lints.words_complete, {"dial2deal/presentation/words/b.yml": "a.b: {zh: 乙, en: B}\n"}),
    (word_lints.words_complete, {"dial2deal/presentation/words/b.yml": "a.c: {zh: 乙}\n"}),
    (word_lints.words_complete, {"dial2deal/presentation/words/b.yml": "a.c: {zh: '{n}', en: B}\n"}),
    (lints.foreign_hosts, {"requirements.lock": "--index-url https://example.invalid/simple\n"}),
    (lints.foreign_hosts, {"dial2deal/b.py": "HOME = '/home/someone/data'\n"}),
]


@pytest.mark.parametrize(
    "lint", sorted({lint for lint, _ in OFFENCES}, key=lambda lint: lint.__name__), ids=lambda lint: lint.__name__
)
def test_the_project_keeps_the_rule(lint):
    assert lint(ROOT) == []


@pytest.mark.parametrize(
    ("lint", "offence"), OFFENCES, ids=[f"{lint.__name__}-{index}" for index, (lint, _) in enumerate(OFFENCES)]
)
def test_a_planted_offence_is_caught(tmp_path, lint, offence):
    assert lint(plant(tmp_path, CLEAN)) == []
    assert lint(plant(tmp_path, offence)) != []


def test_a_full_phone_number_in_a_log_is_caught(tmp_path):
    clean = plant(tmp_path, {"logs/a.log": "caller 138****1234 of file calls_20260105.csv, id 20260105080300"})
    assert lints.phone_numbers(clean) == []
    assert lints.phone_numbers(plant(tmp_path, {"logs/b.log": "caller 13800001234"})) == ["logs/b.log: 138********"]
    assert lints.phone_numbers(tmp_path, skip=("b.log",)) == []
