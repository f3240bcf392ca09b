"""Numbers in any spelling, anywhere: masked alike by Python and SQL, and in nothing that leaves the warehouse."""

from __future__ import annotations

import random
import re
import unicodedata

import duckdb
import pytest

from dial2deal import warehouse
from dial2deal.privacy import macros, mask_id, mask_text
from dial2deal.transform.preview import masked_preview
from tests.integration.hand_made import installation, publish_now, write_manifest
from tests.unit.exports_support import CALLS_HEADER, Landing, call

_HAN = "〇一二三四五六七八九"
_FORMAL = "零壹贰叁肆伍陆柒捌玖"
_GAPS = ("", " ", "-", "  ", " - ", ".", ",", "/", "_", "·", "–", "—", "\n", "\u00a0", "\u3000", ":", "~")
_KEY = "f" * 64


def _digits(text: str) -> str:
    """ASCII digits of a text in any script."""
    for script in (_HAN, _FORMAL):
        text = text.translate({ord(char): str(value) for value, char in enumerate(script)})
    return "".join(char for char in unicodedata.normalize("NFKC", text.replace("幺", "1")) if char in "0123456789*")


def _spellings(rng: random.Random, number: str) -> list[str]:
    """One number as people and machines write it."""
    groups = [number[:3], number[3:7], number[7:]]
    written = [gap.join(groups) for gap in _GAPS]
    written += [
        f"({groups[0]}){groups[1]}-{groups[2]}",
        f"+86{number}",
        f"+86 {' '.join(groups)}",
        f"0086{number}",
        f"86-{number}",
        f"0{number}",
        " ".join(number),
        "-".join(number),
        f"C{number}",
        f"{number}@sip.example",
        f"{number[:5]} {number[5:]}",
        f"{number[:7]}-{number[7:]}",
        f"周一{number}",
        f"tel:{number};ext=3",
    ]
    written += [
        number.translate({ord(str(value)): char for value, char in enumerate(script)})
        for script in (_HAN, _FORMAL, "０１２３４５６７８９")
    ]
    return [
        rng.choice(("", "客户", "a ", "x-", "备注:")) + text + rng.choice(("", " 来电", ".wav", "/8001", "，"))
        for text in written
    ]


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as connection:
        connection.execute(macros())
        yield connection


def test_every_spelling_is_masked_by_python_and_sql_alike(con):
    rng = random.Random(20260105)
    texts = []
    for _ in range(40):
        number = f"1{rng.randint(3, 9)}{rng.randint(0, 10**9 - 1):09d}"
        for text in _spellings(rng, number):
            for masked in (mask_text(text), mask_id(text, _KEY)):
                assert "****" in masked, text
                assert number not in _digits(masked.split("~")[0]), (text, masked)
            texts.append(text)
    texts += ["".join(rng.choices("139 0-/.零一九０９+()a~2025", k=rng.randint(0, 40))) for _ in range(4000)]
    con.execute("create or replace temp table texts as select unnest(?::varchar[]) as t", [texts])
    found = con.execute("select t, parse.mask_text(t), parse.mask_id(t, ?) from texts", [_KEY]).fetchall()
    assert [row for row in found if row[1:] != (mask_text(row[0]), mask_id(row[0], _KEY))] == []


@pytest.mark.parametrize(
    "text",
    [
        "1018736.87",
        "¥1,234,567.89",
        "1234567",
        "9876543 元",
        "2026-01-05 13:45:12.123456",
        "A1,2026-01-05 08:03:00,323",
        "20260105134512",
        "550e8400-e29b-41d4-a716-446655440000",
        "1734567890123456789",
        "4001234567",
        "95588",
        "",
        "第一百三十九号文件",
        "calls_20260619_090515.csv",
        "0123456789abcdef0139990000010bcd",
        "ORD-2026-000123456",
    ],
)
def test_money_counts_times_and_long_ids_stay(con, text):
    assert mask_id(text, _KEY) == text
    assert con.execute("select parse.mask_id(?, ?)", [text, _KEY]).fetchone() == (text,)


def test_ids_that_are_numbers_stay_apart_and_join():
    ids = [f"13900{n:06d}" for n in range(3000)]  # ten thousand numbers share what a mask leaves of each
    masked = {mask_id(text, _KEY) for text in ids}
    assert len(masked) == len(ids)
    assert all(re.fullmatch(r"139\*\*\*\*[0-9]{4}~[0-9a-f]{8}", text) for text in masked)
    assert mask_id(ids[0], _KEY) == mask_id(ids[0], _KEY) != mask_id(ids[0], "e" * 64)
    assert "~" not in mask_id(ids[0], "")  # without a key a tag could be tried out


def test_previews_mask_texts_and_never_numbers():
    with duckdb.connect() as con:
        con.execute(
            "create table t as select 1018736.87::decimal(18,2) as revenue_cny, 13999000001 as calls, "
            "'139-9900-0001' as product, '１３９９９０００００２' as campaign, '1234567.89' as remainder"
        )
        text = masked_preview(con, ("main", "t"))
    assert "1018736.87" in text
    assert "13999000001" in text
    assert "1234567.89" in text
    assert "9900-0001" not in text
    assert "１３９９９０００００２" not in text


def test_nothing_published_holds_a_number_and_ids_still_join(tmp_path):
    settings = installation(tmp_path / "home", day_count=2, calls_per_day=30)
    planted = sorted(set(_spellings(random.Random(7), "13999000278")))
    with warehouse.session(settings) as con:
        con.execute(
            "create table marts.planted (id varchar, related_order_id varchar, recording_ref varchar, "
            "product varchar, agents varchar[], spend_cny decimal(18, 2), digits bigint)"
        )
        con.execute("create table marts.others (source_customer_id varchar)")
        for text in planted:
            con.execute(
                "insert into marts.planted values ($t, $t, 'rec/out-' || $t || '-8001.wav', $t, [$t, 'A1'], "
                "1018736.87, 13999000278)",
                {"t": text},
            )
            con.execute("insert into marts.others values (?)", [text])
        con.execute(
            "insert into ops.quarantine values ('f', 2, null, 'bad: 139  9900  0278', '13999000278,x', null, now())"
        )
        con.execute(
            "insert into ops.check_results (build_id, kind, details) values ('b', 'dbt_test', "
            """'{"samples": [{"line": 139, "value": "13999000278"}]}')"""
        )
        con.execute(
            "create table marts.lines as select unnest(['02258880001', '4000000101', '13999000278']) as own_number"
        )
        con.execute("update ops.build_dates set event_date = date '2026-01-05'")
    write_manifest(
        settings, planted={"materialized": "table"}, others={"materialized": "table"}, lines={"materialized": "table"}
    )
    publish_now(settings)
    with duckdb.connect(str(settings.snapshot), read_only=True) as con:
        tables = con.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name <> 'policy'"
        ).fetchall()
        shown = "\n".join(
            str(con.execute(f"select columns(c -> c <> 'digits') from {schema}.{table}").fetchall())
            for schema, table in tables
        )
        assert con.execute(
            "select count(*) = count(distinct id), min(spend_cny)::varchar, min(digits) from marts.planted"
        ).fetchone() == (True, "1018736.87", 13999000278)
        assert con.execute(
            "select count(*) from marts.planted anti join marts.others o on o.source_customer_id = related_order_id"
        ).fetchone() == (0,)
        assert [row[0][:11] for row in con.execute("from marts.lines").fetchall()] == [
            "02258880001",
            "4000000101",
            "139****0278",
        ]
        assert con.execute("select json_valid(details) from ops.check_results").fetchone() == (True,)
        parquet = con.execute(f"from read_parquet('{settings.published}/parquet/planted/*.parquet')").fetchall()
    for text in (shown, "\n".join(str(row[:5]) for row in parquet)):
        assert "****" in text
        assert "13999000278" not in _digits(re.sub("~[0-9a-f]{8}", "~", text)).replace("****", "*")


def test_names_headers_and_set_aside_lines_hold_no_number(tmp_path):
    landing, rng = Landing(tmp_path), random.Random(11)
    number = "13999000481"
    for index, text in enumerate(_spellings(rng, number)[::2]):
        if "\n" in text or "/" in text or '"' in text:
            continue
        cell = text.replace(",", ";")
        header = f"{CALLS_HEADER},{cell}" if index % 2 else CALLS_HEADER
        landing.calls(
            f"bad{text}/x{text}.csv",
            header=header,
            lines=[call(index), f"D{index},{cell},昨天", call(index + 500, at="昨天", notes=cell)],
        )
        landing.put(f"generic_400/calls/{text}.xlsx", b"PK\x03\x04 no workbook")
    landing.put(f"crm{number}/leads/x.csv", "a\n1\n")
    landing.load()
    shown = "\n".join(
        str(landing.query(f"select * from ops.{table}"))
        for table in ("export_files", "landing_paths", "quarantine", "file_totals", "check_results")
    )
    assert "****" in shown
    assert number not in _digits(shown)
    paths = [row[0] for row in landing.query("select path from ops.landing_paths")]
    assert len(paths) == len(set(paths))
    assert all(result.skipped or result.status == "failed" for result in landing.load())
