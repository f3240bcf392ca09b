"""Write the policy into the warehouse, where dbt reads it as tables of the schema ``policy``."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from typing import Any

import duckdb

from dial2deal import warehouse
from dial2deal.policy.load import Policy
from dial2deal.policy.models import TABLES


def sync(con: duckdb.DuckDBPyConnection, policy: Policy, *, regions: bool = True) -> bool:
    """Bring the warehouse's policy tables up to date; True when a rule changed since the last sync.

    What follows from a rule is known from what the models read (transform/versions.py). Without ``regions`` of numbers
    a warehouse serves to load and audit only, half a second sooner.
    """
    _sync_packages(con, regions)
    if warehouse.get_state(con, "policy_version") == policy.version:
        return False
    with warehouse.transaction(con):
        for name, model in TABLES.items():
            columns = model.columns()
            typed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            con.execute(f"create or replace table policy.{name} ({typed})")
            rows = [row.values_of(tuple(columns)) for row in policy.rows(model)]
            if rows:
                marks = ", ".join("?" for _ in columns)
                con.executemany(f"insert into policy.{name} values ({marks})", rows)
        con.execute(
            "insert into policy.holidays select s.* from policy.statutory_holidays s "
            "anti join policy.holidays own on own.calendar_date = s.calendar_date"
        )
        warehouse.set_state(con, "policy_version", policy.version)
    return True


def _sync_packages(con: duckdb.DuckDBPyConnection, regions: bool) -> None:
    """Number regions and statutory holidays come from packages: rewritten only when their version changes."""
    version = f"phone {importlib.metadata.version('phone')}, chinesecalendar " + importlib.metadata.version(
        "chinesecalendar"
    )
    if warehouse.get_state(con, "reference_data_version") == version:
        return
    with warehouse.transaction(con):
        if regions:
            _write_number_regions(con)
        con.execute(
            "create or replace table policy.statutory_holidays "
            "(calendar_date date, is_workday boolean, name_zh varchar)"
        )
        con.executemany("insert into policy.statutory_holidays values (?, ?, ?)", list(_statutory_days()))
        warehouse.set_state(con, "reference_data_version", version)
        warehouse.set_state(con, "policy_version", None)


def _write_number_regions(con: duckdb.DuckDBPyConnection) -> None:
    """policy.number_regions: 7-digit mobile prefixes, and area codes as far as they mean one place."""
    import numpy
    from phone import Phone

    data = Phone()
    records = numpy.frombuffer(
        data.buf,
        dtype=[("prefix", "<i4"), ("place", "<i4"), ("carrier", "u1")],
        count=data.phone_record_count,
        offset=data.first_phone_record_offset,
    )
    # Half a million prefixes: scanned as arrays, because row-wise inserts took 4 s on every new installation.
    prefixes = {"prefix": records["prefix"].copy(), "place": records["place"].copy()}
    places = [
        (int(offset), *data.buf[offset : data.buf.index(b"\0", offset)].decode().split("|"))
        for offset in numpy.unique(records["place"])
    ]
    con.execute(
        "create or replace temp table places (place integer, province varchar, city varchar, "
        "zip_code varchar, area_code varchar)"
    )
    con.executemany("insert into places values (?, ?, ?, ?, ?)", places)
    con.register("phone_prefixes", prefixes)
    con.execute("""
        create or replace table policy.number_regions as
        select prefix::varchar as prefix, province, city
        from phone_prefixes inner join places using (place)
        union all
        select area_code, any_value(province), case when count(distinct city) = 1 then any_value(city) end
        from places where area_code <> ''
        group by area_code having count(distinct province) = 1
        order by prefix
    """)
    con.unregister("phone_prefixes")
    con.execute("drop table places")


def _statutory_days() -> Iterator[tuple[Any, ...]]:
    import chinese_calendar

    for day, name in sorted(chinese_calendar.holidays.items()):
        yield day, False, chinese_calendar.Holiday(name).chinese
    for day, name in sorted(chinese_calendar.workdays.items()):
        if day.weekday() >= 5:
            yield day, True, f"{chinese_calendar.Holiday(name).chinese}调休"
