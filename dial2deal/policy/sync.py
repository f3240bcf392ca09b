"""Write the policy into the warehouse, where dbt reads it as tables of the schema ``policy``."""

from __future__ import annotations

import importlib.metadata
import struct
from collections.abc import Iterator

import duckdb

from dial2deal import warehouse
from dial2deal.policy.load import Policy
from dial2deal.policy.tables import TABLES

_PHONE_HEADER = struct.Struct("<4si")
_PHONE_RECORD = struct.Struct("<iiB")


def sync(con: duckdb.DuckDBPyConnection, policy: Policy) -> bool:
    """Bring the warehouse's policy tables up to date; True when a rule changed since the last sync.

    A change marks every date dirty, because any number may depend on any rule.
    """
    _sync_packages(con)
    if warehouse.get_state(con, "policy_version") == policy.version:
        return False
    with warehouse.transaction(con):
        for name, table in TABLES.items():
            columns = ", ".join(f"{column} {kind}" for column, kind in table.columns.items())
            con.execute(f"create or replace table policy.{name} ({columns})")
            rows = [tuple(row[column] for column in table.columns) for row in policy.rows(name)]
            if rows:
                marks = ", ".join("?" for _ in table.columns)
                con.executemany(f"insert into policy.{name} values ({marks})", rows)
        con.execute("insert into policy.holidays select s.* from policy.statutory_holidays s "
                    "anti join policy.holidays own on own.calendar_date = s.calendar_date")
        _mark_everything_dirty(con)
        warehouse.set_state(con, "policy_version", policy.version)
    return True


def _mark_everything_dirty(con: duckdb.DuckDBPyConnection) -> None:
    feeds = [row[0] for row in con.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw' and database_name = current_database()"
    ).fetchall()]
    for feed in feeds:
        dates = [row[0] for row in con.execute(f'select distinct _event_date from raw."{feed}"').fetchall()]
        warehouse.mark_dirty(con, feed, dates, "policy changed")


def _sync_packages(con: duckdb.DuckDBPyConnection) -> None:
    """Number regions and statutory holidays come from packages: rewritten only when their version changes."""
    version = f"phone {importlib.metadata.version('phone')}, chinesecalendar " + importlib.metadata.version(
        "chinesecalendar")
    if warehouse.get_state(con, "reference_data_version") == version:
        return
    with warehouse.transaction(con):
        con.execute("create or replace table policy.number_regions (prefix varchar, province varchar, city varchar)")
        prefixes, provinces, cities = zip(*_number_regions(), strict=True)
        con.execute("insert into policy.number_regions select unnest(?::varchar[]), unnest(?::varchar[]), "
                    "unnest(?::varchar[])", [list(prefixes), list(provinces), list(cities)])
        con.execute("create or replace table policy.statutory_holidays "
                    "(calendar_date date, is_workday boolean, name_zh varchar)")
        con.executemany("insert into policy.statutory_holidays values (?, ?, ?)", list(_statutory_days()))
        warehouse.set_state(con, "reference_data_version", version)
        warehouse.set_state(con, "policy_version", None)


def _number_regions() -> Iterator[tuple[str, str, str]]:
    """(prefix, province, city) for 7-digit mobile prefixes and for area codes that mean one place."""
    from phone import Phone

    data = Phone()
    contents: dict[int, tuple[str, str, str]] = {}
    area_codes: dict[str, set[tuple[str, str]]] = {}
    for index in range(data.phone_record_count):
        prefix, offset, _ = _PHONE_RECORD.unpack_from(
            data.buf, data.first_phone_record_offset + index * _PHONE_RECORD.size)
        if offset not in contents:
            province, city, _, area_code = data.buf[offset:data.buf.index(b"\0", offset)].decode().split("|")
            contents[offset] = (province, city, area_code)
            area_codes.setdefault(area_code, set()).add((province, city))
        province, city, _ = contents[offset]
        yield str(prefix), province, city
    for code, places in sorted(area_codes.items()):
        if code and len(places) == 1:
            yield (code, *next(iter(places)))
        elif code and len({province for province, _ in places}) == 1:
            yield code, next(iter(places))[0], None


def _statutory_days() -> Iterator[tuple]:
    import chinese_calendar

    for day, name in sorted(chinese_calendar.holidays.items()):
        yield day, False, chinese_calendar.Holiday(name).chinese
    for day, name in sorted(chinese_calendar.workdays.items()):
        if day.weekday() >= 5:
            yield day, True, f"{chinese_calendar.Holiday(name).chinese}调休"
