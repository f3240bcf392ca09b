"""News of the extension plan reach legs of other days: a new agent or own number may decide their direction."""

from __future__ import annotations

import duckdb

from dial2deal.sql import only_row

# The numbers by which stg_call_legs was built, and those that accepted files name now.
_BUILT = """
    select agent_id as number from staging.stg_agents
    union select own_number from staging.stg_own_numbers
"""
_NOW = """
    select trim(r.agent_id) as number from raw.agents r join ops.export_files f on r._file_id = f.file_id
    where f.status = 'accepted'
    union select parse.clean_number(r.own_number) from raw.own_numbers r
    join ops.export_files f on r._file_id = f.file_id where f.status = 'accepted'
"""
_ADD_DATES = f"""
    insert into ops.build_dates
    with built as ({_BUILT}), now as ({_NOW}),
    changed as ((select number from built except select number from now)
                union (select number from now except select number from built))
    select distinct 'call_legs', leg_date from staging.stg_call_legs
    where caller in (select number from changed) or called in (select number from changed)
    except select feed, event_date from ops.build_dates
"""


def add_dates(con: duckdb.DuckDBPyConnection) -> None:
    """Add to ops.build_dates the dates of legs that name a number which came into the plan or left it."""
    if not con.execute("select 1 from ops.build_dates where feed in ('agents', 'own_numbers') limit 1").fetchone():
        return
    (tables,) = only_row(
        con.execute(
            "select count(*) from duckdb_columns() where database_name = current_database() and schema_name = 'staging' "
            "and ((table_name = 'stg_agents' and column_name = 'agent_id') or (table_name = 'stg_call_legs' "
            "and column_name = 'caller') or (table_name = 'stg_own_numbers' and column_name = 'own_number'))"
        )
    )
    if tables == 3:
        con.execute(_ADD_DATES)
