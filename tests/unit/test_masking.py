"""Phone numbers in free text: masked in the warehouse and outside of it, whatever country they are from."""

from __future__ import annotations

import re

import duckdb
import pytest

from dial2deal import privacy, warehouse


@pytest.fixture(scope="module")
def con():
    connection = duckdb.connect()
    connection.execute(warehouse.parse_macros())
    yield connection
    connection.close()


def masked(con, text: str) -> str:
    return con.execute("select parse.mask_text(?)", [text]).fetchone()[0]


@pytest.mark.parametrize(
    "number",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+86 138 0013 8000",
        "0755-66668888",
        "02266668888",
        "98450 00001",
        "9845000001",
        "098450 00003",
        "(022)28952819",
        "080-25001234",
        "+91 98450 00004",
        "919845000006",
        "1 313 555 0100",
        "2485550100",
        "(248) 555-0101",
        "248-555-0101",
        "+1 415 555 0102",
        "12125550104",
        "+44 20 7946 0018",
        "07700900123",
    ],
)
@pytest.mark.parametrize("around", ["{}", "call {} now", "A1,{},2026-03-02 10:00:00", '"{}"', "wrong number: {};"])
def test_a_number_is_masked_wherever_it_is_printed(con, number, around):
    for shown in (masked(con, around.format(number)), privacy.mask_text(around.format(number))):
        assert re.sub("[^0-9]", "", number) not in re.sub("[^0-9]", "", shown), shown
        assert "****" in shown


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02 10:00:00",
        "2026-01-05 2026-01-06",
        "1772400000.1",
        "1234.50",
        "C000123",
        "5:23",
        "PJSIP/203-000010c9",
        "20260302100000",
    ],
)
def test_what_is_no_number_is_not_masked(con, text):
    assert masked(con, text) == text
