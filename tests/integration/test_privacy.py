"""Full phone numbers exist in landing and in the private warehouse, and nowhere else."""

from __future__ import annotations

from dial2deal.publish import phones
from tests.structure import lints

# Compressed files are read through DuckDB: their bytes say nothing.
_COMPRESSED = (".duckdb", ".parquet", ".xlsx")


def test_no_full_number_in_any_file_outside_landing_and_warehouse(demo):
    readable = [
        line
        for line in lints.phone_numbers(demo.settings.home, skip=("landing", "secret.key"))
        if not line.split(": ")[0].endswith(_COMPRESSED)
    ]
    assert readable == []
    assert lints.phone_numbers(demo.settings.landing), "landing itself must hold numbers"


def test_no_full_number_in_the_snapshot_and_its_parquet(demo):
    columns = demo.query(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where table_catalog = 'warehouse' and data_type = 'VARCHAR'"
    )
    assert len(columns) > 100
    for schema, table, column in columns:
        found = demo.query(f"""select count(*) from {schema}."{table}"
            where regexp_matches("{column}", '(^|[^0-9A-Za-z_.])([+]?86)?1[3-9][0-9]{{9}}([^0-9A-Za-z]|$)')""")
        assert found == [(0,)], f"{schema}.{table}.{column}"


def test_the_call_list_can_look_numbers_up_by_customer(demo):
    pool = dict(
        demo.query(
            "select customer_key, customer_phone_masked from high_intent_leads "
            "where customer_phone_masked is not null order by customer_key limit 50"
        )
    )
    numbers = phones.lookup(demo.settings)(pool)
    assert len(numbers) > 20
    for key, number in numbers.items():
        local = number.removeprefix("+86")
        is_mobile = len(local) == 11 and local.startswith("1") and not local.startswith("10")  # 10 is Beijing
        assert pool[key][-4:] == local[-4:]
        assert pool[key][:3] == local[:3] or not is_mobile
